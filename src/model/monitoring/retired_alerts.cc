#include <algorithm>

#include "model/monitoring/alert_series_internal.h"

namespace millpond::model {
namespace {

// The latest period that is judged where the alert belongs, and whether its series is part of it.
struct Latest {
  Moment period;  // none: nothing is judged
  bool has_series = false;

  void Add(const Moment& begin, bool of_series) {
    if (begin.at > period.at) *this = {begin, false};
    if (begin == period) has_series = has_series || of_series;
  }
};

Latest LatestDrift(const AlertInputs& inputs, const AlertRow& alert) {
  Latest latest;
  for (const auto& row : inputs.drift) {
    const bool judged = row.rows >= inputs.monitor.minimum_rows && row.period_end.at <= inputs.now;
    if (row.population != alert.population || !judged) continue;
    const bool feature = alert.cause == "feature_changed";
    const bool prediction = alert.cause == "prediction_changed";
    const bool kind = row.kind == "prediction" ? !feature : !prediction;
    latest.Add(row.period_start, kind && (feature ? row.name : row.model) == alert.object);
  }
  return latest;
}

Latest LatestQuality(const AlertInputs& inputs, const AlertRow& alert) {
  Latest latest;
  for (const auto& row : inputs.quality) {
    const bool judged = row.status == "known" && row.period_end.at <= inputs.now &&
                        row.labelled_rows >= inputs.monitor.minimum_rows;
    if (row.population != alert.population || !judged) continue;
    latest.Add(row.period_start, row.model == alert.object);
  }
  return latest;
}

// Among the periods of its own flow: each flow runs when it runs.
Latest LatestExpectation(const AlertInputs& inputs, const AlertRow& alert) {
  Latest latest;
  for (const auto& row : inputs.expectations) {
    const bool judged = row.period_end.at <= inputs.now && row.rows > 0;
    if (!judged || !alert.object.starts_with(row.flow + ".")) continue;
    latest.Add(row.period_start, row.flow + "." + row.expectation == alert.object);
  }
  return latest;
}

Latest LatestOf(const AlertInputs& inputs, const AlertRow& alert) {
  if (alert.cause == "expectation_failing") return LatestExpectation(inputs, alert);
  const bool quality = alert.cause == "quality_dropped" || alert.cause == "calibration_off";
  return quality ? LatestQuality(inputs, alert) : LatestDrift(inputs, alert);
}

}  // namespace

void AddRetired(const AlertInputs& inputs, std::vector<AlertRow>& fresh) {
  std::vector<AlertRow> all = inputs.recorded;
  all.insert(all.end(), fresh.begin(), fresh.end());
  for (AlertRow alert : FiringAlerts(all)) {
    if (alert.monitor != inputs.monitor.name) continue;
    const Latest latest = LatestOf(inputs, alert);
    const Moment today{PeriodOf(PeriodKind::kDay, inputs.now).begin};
    if (latest.has_series || today.at <= alert.period_start.at) continue;
    alert.at.at = inputs.now;
    alert.transition = ToString(AlertTransition::kCleared);
    alert.period_start = today;  // after all that was judged
    alert.measured = alert.threshold = kNoNumber;
    alert.message = fmt::format(
        "{} of {} is over: it is no longer watched: {} of it", alert.cause, alert.object,
        latest.period.is_none() ? "no period has a row"
                                : NameOf(inputs.monitor.period, latest.period.at) + " has no row");
    alert.alert_id = IdOf(alert);
    fresh.push_back(std::move(alert));
  }
}

}  // namespace millpond::model
