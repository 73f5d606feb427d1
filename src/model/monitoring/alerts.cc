#include "model/monitoring/alerts.h"

#include <algorithm>
#include <cmath>

#include "base/sha256.h"
#include "model/monitoring/alert_series_internal.h"
#include "model/monitoring/quality.h"

namespace millpond::model {
namespace {

bool SameSeries(const AlertRow& a, const AlertRow& b) {
  return a.monitor == b.monitor && a.population == b.population && a.cause == b.cause &&
         a.object == b.object;
}

// The last transition of the alert's series that is recorded; null: none.
const AlertRow* LastRecorded(const std::vector<AlertRow>& recorded, const AlertRow& alert) {
  const AlertRow* last = nullptr;
  for (const auto& row : recorded) {
    if (!SameSeries(row, alert)) continue;
    if (!last || row.period_start.at >= last->period_start.at) last = &row;
  }
  return last;
}

std::string PeriodName(const AlertInputs& inputs, const Moment& begin) {
  return NameOf(inputs.monitor.period, begin.at);
}

std::string QualityCommand(const QualityRow& row, bool drop) {
  // A ranking that lost: what moved? A probability that is off: since when, and how far?
  if (drop) {
    return SqlCommand(fmt::format(
        "SELECT name, psi, psi_within, psi_step FROM main.monitoring.drift WHERE monitor = '{}' "
        "AND population = '{}' ORDER BY period_start DESC, psi DESC LIMIT 10",
        row.monitor, row.population));
  }
  return SqlCommand(fmt::format(
      "SELECT period_start, model_version, prevalence, mean_probability, calibration_gap, "
      "calibration_error FROM main.monitoring.quality WHERE monitor = '{}' AND population = '{}' "
      "ORDER BY period_start",
      row.monitor, row.population));
}

AlertSeries QualitySeries(const AlertInputs& inputs, const std::vector<const QualityRow*>& rows,
                          bool drop) {
  const QualityRow& latest = *rows.back();
  AlertSeries series{latest.population,
                     latest.model,
                     drop ? "quality_dropped" : "calibration_off",
                     latest.model,
                     drop ? inputs.monitor.average_precision_drop : inputs.monitor.calibration_gap,
                     QualityCommand(latest, drop)};
  for (const QualityRow* row : rows) {
    series.periods.push_back(row->period_start.at);
    series.values.push_back(drop ? SureDrop(*row, series.thresholds.low)
                                 : SureGap(*row, series.thresholds.low));
    series.messages.push_back(
        drop
            ? fmt::format("model {} ranks worse than its evaluation promised: average precision "
                          "{:.3f} in {}, {:.3f} to {:.3f} was promised",
                          row->model, row->average_precision, PeriodName(inputs, row->period_start),
                          row->evaluation_low, row->evaluation_high)
            : fmt::format("the probabilities of model {} are too {}: {:.3f} observed and {:.3f} "
                          "predicted in {}",
                          row->model, row->calibration_gap > 0 ? "low" : "high", row->prevalence,
                          row->prevalence - row->calibration_gap,
                          PeriodName(inputs, row->period_start)));
  }
  return series;
}

void AddQualityAlerts(const AlertInputs& inputs, std::vector<AlertRow>& fresh) {
  std::map<std::string, std::vector<const QualityRow*>> populations;
  for (const auto& row : inputs.quality) {
    const bool known = row.status == "known" && row.period_end.at <= inputs.now;
    if (known && row.labelled_rows >= inputs.monitor.minimum_rows) {
      populations[row.population].push_back(&row);
    }
  }
  for (auto& [population, rows] : populations) {
    std::ranges::sort(rows, {}, [](const QualityRow* row) { return row->period_start.at; });
    for (bool drop : {true, false}) {
      AddTransitions(inputs, QualitySeries(inputs, rows, drop), fresh);
    }
  }
}

void AddExpectationAlerts(const AlertInputs& inputs, std::vector<AlertRow>& fresh) {
  std::map<std::string, std::vector<const ExpectationRow*>> series;
  for (const auto& row : inputs.expectations) {
    if (row.period_end.at > inputs.now || row.rows == 0) continue;
    series[row.flow + "." + row.expectation].push_back(&row);
  }
  for (auto& [object, rows] : series) {
    std::ranges::sort(rows, {}, [](const ExpectationRow* row) { return row->period_start.at; });
    const ExpectationRow& latest = *rows.back();
    const std::string command =
        latest.action == "quarantine"
            ? SqlCommand(fmt::format("SELECT * FROM {}_quarantine LIMIT 20", latest.flow))
            : SqlCommand(fmt::format("DESCRIBE HISTORY {}", latest.flow));
    AlertSeries line{"",     "", "expectation_failing", object, inputs.monitor.expectation_jump,
                     command};
    for (const ExpectationRow* row : rows) {
      line.periods.push_back(row->period_start.at);
      line.values.push_back(row->jump);
      line.messages.push_back(fmt::format(
          "expectation {} of {}: {:.2f} % of the rows fail in {} ({} of {}), {:.2f} % are usual",
          row->expectation, row->flow, 100 * row->share, PeriodName(inputs, row->period_start),
          row->failed, row->rows, 100 * row->usual_share));
    }
    AddTransitions(inputs, line, fresh);
  }
}

}  // namespace

std::string IdOf(const AlertRow& alert) {
  return Sha256::Hex(fmt::format("{}\n{}\n{}\n{}\n{}\n{}", alert.monitor, alert.population,
                                 alert.cause, alert.object, alert.period_start.at,
                                 alert.transition))
      .substr(0, 32);
}

std::string SqlCommand(const std::string& text) {
  return "millpond sql \"" + text + "\"";
}

void AddTransitions(const AlertInputs& inputs, const AlertSeries& series,
                    std::vector<AlertRow>& fresh) {
  AlertRow alert;
  alert.at.at = inputs.now;
  alert.monitor = inputs.monitor.name;
  alert.model = series.model;
  alert.population = series.population;
  alert.cause = series.cause;
  alert.object = series.object;
  alert.command = series.command;
  const AlertRow* last = LastRecorded(inputs.recorded, alert);
  size_t begin = 0;
  while (last && begin < series.periods.size() && series.periods[begin] <= last->period_start.at) {
    ++begin;
  }
  const bool firing = last && last->transition == ToString(AlertTransition::kFired);
  const auto transitions = TransitionsOf(std::span(series.values).subspan(begin), series.thresholds,
                                         inputs.monitor.hysteresis, firing);
  for (const auto& transition : transitions) {
    const size_t at = begin + transition.period;
    const bool fired = transition.transition == AlertTransition::kFired;
    alert.transition = ToString(transition.transition);
    alert.period_start.at = series.periods[at];
    alert.measured = series.values[at];
    alert.threshold = fired ? series.thresholds.high : series.thresholds.low;
    alert.message = fired ? series.messages[at]
                          : fmt::format("{} of {} is over: {:.3f} in {}, under {}", series.cause,
                                        series.object, alert.measured,
                                        PeriodName(inputs, alert.period_start), alert.threshold);
    alert.alert_id = IdOf(alert);
    fresh.push_back(alert);
  }
}

std::vector<AlertRow> NewAlerts(const AlertInputs& inputs) {
  std::vector<AlertRow> fresh;
  AddDriftAlerts(inputs, fresh);
  AddQualityAlerts(inputs, fresh);
  AddExpectationAlerts(inputs, fresh);
  AddRetired(inputs, fresh);
  std::ranges::stable_sort(fresh, {}, [](const AlertRow& row) { return row.period_start.at; });
  return fresh;
}

std::vector<AlertRow> FiringAlerts(const std::vector<AlertRow>& recorded) {
  std::map<std::tuple<std::string, std::string, std::string, std::string>, const AlertRow*> last;
  for (const auto& row : recorded) {
    const AlertRow*& latest = last[{row.monitor, row.population, row.cause, row.object}];
    if (!latest || row.period_start.at >= latest->period_start.at) latest = &row;
  }
  std::vector<AlertRow> firing;
  for (const auto& [key, row] : last) {
    if (row->transition == ToString(AlertTransition::kFired)) firing.push_back(*row);
  }
  return firing;
}

}  // namespace millpond::model
