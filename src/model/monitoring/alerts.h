// From rows of drift, quality and expectations to alerts: which causes fired or cleared, in words,
// with the first command to run. Pure but for its inputs; only periods that have ended count.
//
//   population_aged      columns moved against the training set, like with like they did not
//   feature_changed      a column has other values among the same cohorts (drift.h says when)
//   prediction_changed   the same of the model's answer
//   quality_dropped      average precision under what the evaluation promised, for certain
//   calibration_off      observed minus predicted, for certain not 0
//   expectation_failing  more rows than usual break an expectation
//
// A series goes on from the last transition that is recorded: what was told once is not told again,
// also if a period before it is computed anew. What fires and is no longer watched is cleared, as
// of today, and says so.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/monitoring/monitor_definition.h"
#include "model/monitoring/monitoring_rows.h"

namespace millpond::model {

struct AlertInputs {
  const MonitorDefinition& monitor;
  // Rows of this monitor as it is defined now, any order.
  const std::vector<DriftRow>& drift;
  const std::vector<QualityRow>& quality;
  const std::vector<ExpectationRow>& expectations;
  const std::vector<AlertRow>& recorded;  // of any monitor
  // Where a feature's values come from: column -> table.
  const std::map<std::string, std::string>& sources;
  Micros now = 0;
};

// Transitions that are not recorded yet, by period.
std::vector<AlertRow> NewAlerts(const AlertInputs& inputs);

// Those whose last transition is "fired".
std::vector<AlertRow> FiringAlerts(const std::vector<AlertRow>& recorded);

}  // namespace millpond::model
