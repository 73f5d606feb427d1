#include <algorithm>
#include <cmath>

#include "model/monitoring/alert_series_internal.h"
#include "model/monitoring/drift.h"

namespace millpond::model {
namespace {

// A period's rows of one population, by column.
using DriftPeriods = std::map<Micros, std::map<std::string, const DriftRow*>>;

std::map<std::string, DriftPeriods> JudgedDrift(const AlertInputs& inputs) {
  std::map<std::string, DriftPeriods> found;
  for (const auto& row : inputs.drift) {
    if (row.rows < inputs.monitor.minimum_rows || row.period_end.at > inputs.now) continue;
    found[row.population][row.period_start.at][row.name] = &row;
  }
  return found;
}

struct JudgedColumn {
  std::vector<const DriftRow*> rows;
  std::vector<DriftCause> causes;
};

std::map<std::string, JudgedColumn> CausesByColumn(const AlertInputs& inputs,
                                                   const DriftPeriods& periods) {
  std::map<std::string, JudgedColumn> columns;
  for (const auto& [begin, rows] : periods) {
    for (const auto& [name, row] : rows) columns[name].rows.push_back(row);
  }
  for (auto& [name, column] : columns) {
    std::vector<DriftEvidence> evidence;
    for (const DriftRow* row : column.rows) {
      evidence.push_back(
          {row->psi, row->psi_within, row->matched_share, row->psi_step, row->step_matched_share});
    }
    column.causes = CausesOf(evidence, inputs.monitor.psi.low, inputs.monitor.psi.high);
  }
  return columns;
}

std::string ChangedMessage(const AlertInputs& inputs, const DriftRow& row) {
  const std::string period = NameOf(inputs.monitor.period, row.period_start.at);
  const std::string what = row.kind == "prediction"
                               ? "the answers of model " + row.model + " changed"
                               : "feature " + row.name + " changed";
  if (row.matched_share >= kMatchedShare) {
    return fmt::format(
        "{}: PSI {:.2f} against the training set in {}, {:.2f} among the same cohorts", what,
        row.psi, period, row.psi_within);
  }
  if (std::isnan(row.psi_step)) {
    return fmt::format(
        "{}: PSI {:.2f} against the training set in {}, and no earlier period to compare with",
        what, row.psi, period);
  }
  return fmt::format(
      "{}: PSI {:.2f} against the training set in {}, {:.2f} against the period before", what,
      row.psi, period, row.psi_step);
}

std::string ChangedCommand(const AlertInputs& inputs, const DriftRow& row) {
  const auto source = inputs.sources.find(row.name);
  if (source != inputs.sources.end()) return SqlCommand("DESCRIBE HISTORY " + source->second);
  return SqlCommand(fmt::format(
      "SELECT period_start, name, psi, psi_within, bins FROM main.monitoring.drift WHERE monitor = "
      "'{}' AND population = '{}' {}ORDER BY period_start DESC, psi DESC LIMIT 20",
      row.monitor, row.population,
      row.kind == "prediction" ? "" : fmt::format("AND name = '{}' ", row.name)));
}

void AddChanged(const AlertInputs& inputs, const std::string& population,
                const std::map<std::string, JudgedColumn>& columns, std::vector<AlertRow>& fresh) {
  for (const auto& [name, column] : columns) {
    const DriftRow& latest = *column.rows.back();
    const bool prediction = latest.kind == "prediction";
    AlertSeries series{population,
                       latest.model,
                       prediction ? "prediction_changed" : "feature_changed",
                       prediction ? latest.model : name,
                       inputs.monitor.psi,
                       ChangedCommand(inputs, latest)};
    for (size_t i = 0; i < column.rows.size(); ++i) {
      const DriftRow& row = *column.rows[i];
      series.periods.push_back(row.period_start.at);
      series.values.push_back(column.causes[i] == DriftCause::kPopulationAged ? 0 : row.psi);
      series.messages.push_back(ChangedMessage(inputs, row));
    }
    AddTransitions(inputs, series, fresh);
  }
}

std::string AgedMessage(const AlertInputs& inputs, std::vector<const DriftRow*> moved) {
  if (moved.empty()) return "";
  std::ranges::stable_sort(moved, std::ranges::greater(), &DriftRow::psi);
  std::string names;
  for (size_t i = 0; i < std::min<size_t>(moved.size(), 3); ++i) {
    names += (i == 0 ? "" : ", ") + moved[i]->name;
  }
  if (moved.size() > 3) names += fmt::format(" and {} more", moved.size() - 3);
  double step = 0;
  bool has_step = false;
  for (const DriftRow* row : moved) {
    if (std::isnan(row->psi_step)) continue;
    step = std::max(step, row->psi_step);
    has_step = true;
  }
  const DriftRow& worst = *moved.front();
  std::string why;
  if (worst.matched_share >= kMatchedShare) {
    why = fmt::format("the same cohorts are as they were (PSI {:.2f})", worst.psi_within);
  } else {
    why = std::isnan(worst.matched_share)
              ? std::string()
              : fmt::format("{:.0f} % of its rows are of cohorts that the training set has",
                            100 * worst.matched_share);
    if (has_step) {
      why += fmt::format("{}from one period to the next no more than PSI {:.2f}",
                         why.empty() ? "" : "; ", step);
    }
  }
  return fmt::format(
      "the population aged: {} moved against the training set (PSI up to {:.2f} in {}); {}", names,
      worst.psi, NameOf(inputs.monitor.period, worst.period_start.at), why);
}

void AddAged(const AlertInputs& inputs, const std::string& population,
             const std::map<std::string, JudgedColumn>& columns, std::vector<AlertRow>& fresh) {
  std::map<Micros, std::pair<double, std::vector<const DriftRow*>>> periods;
  std::string model;
  for (const auto& [name, column] : columns) {
    for (size_t i = 0; i < column.rows.size(); ++i) {
      auto& [most, moved] = periods[column.rows[i]->period_start.at];
      model = column.rows[i]->model;
      if (column.causes[i] == DriftCause::kFeatureChanged) continue;
      most = std::max(most, column.rows[i]->psi);
      if (column.rows[i]->psi >= inputs.monitor.psi.high) moved.push_back(column.rows[i]);
    }
  }
  AlertSeries series{
      population,
      model,
      std::string(ToString(DriftCause::kPopulationAged)),
      model,
      inputs.monitor.psi,
      SqlCommand(fmt::format("SELECT period_start, status, average_precision, "
                             "evaluation_average_precision, calibration_gap FROM "
                             "main.monitoring.quality WHERE monitor = '{}' AND population = "
                             "'{}' ORDER BY period_start",
                             inputs.monitor.name, population))};
  for (auto& [begin, value] : periods) {
    series.periods.push_back(begin);
    series.values.push_back(value.first);
    series.messages.push_back(AgedMessage(inputs, std::move(value.second)));
  }
  AddTransitions(inputs, series, fresh);
}

}  // namespace

void AddDriftAlerts(const AlertInputs& inputs, std::vector<AlertRow>& fresh) {
  for (const auto& [population, periods] : JudgedDrift(inputs)) {
    const auto columns = CausesByColumn(inputs, periods);
    AddAged(inputs, population, columns, fresh);
    AddChanged(inputs, population, columns, fresh);
  }
}

}  // namespace millpond::model
