// monitors/*.yml: what is watched of a model, how often, against what, and who hears of it
// (docs/monitoring.md lists the keys). A model without a file is watched by the defaults below.
// Every complaint names file, line and column; unknown keys are refused with the nearest name.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/fs/filesystem.h"
#include "base/result.h"
#include "model/monitoring/hysteresis.h"
#include "model/monitoring/period.h"
#include "model/scoring/model_sql.h"
#include "model/training/model_definition.h"

namespace millpond::model {

// Where a webhook's address is found; the address itself is a secret and stands in no file of the
// project.
struct WebhookReference {
  std::string environment_variable = {};  // or
  std::string file = {};
  std::string name() const {
    return environment_variable.empty() ? "file " + file : "$" + environment_variable;
  }
};

struct CohortDefinition {
  std::string by = {};                         // an expression over the row; "": no cohorts
  std::optional<ModelSql> sql = std::nullopt;  // attributes of the entity that `by` may use
};

struct MonitorDefinition {
  std::string name = {};   // of the file
  std::string file = {};   // "": by default
  std::string model = {};  // "": expectations
  bool watches_expectations() const { return model.empty(); }

  PeriodKind period = PeriodKind::kDay;
  std::vector<std::string> features = {};  // empty: all of the model
  CohortDefinition cohort = {};
  // Part of the training set that is the reference; nullopt: all of it.
  std::optional<SplitName> reference = SplitName::kTrain;
  // Periods from here on that nobody scored in batch are scored by the champion, for watching.
  std::optional<Micros> replay_from = std::nullopt;
  std::optional<ModelSql> replay_sql = std::nullopt;  // default: the model's candidates, or labels
  int64_t minimum_rows = 200;                         // a period with fewer is not judged
  int bootstrap = 200;

  Thresholds psi = {0.1, 0.2};
  Thresholds average_precision_drop = {0.05, 0.1};  // as a share
  Thresholds calibration_gap = {0.03, 0.05};        // absolute
  Thresholds expectation_jump = {0.005, 0.01};      // of the share of rows
  Hysteresis hysteresis = {};
  std::optional<WebhookReference> webhook = std::nullopt;
};

inline constexpr std::string_view kExpectationsMonitor = "expectations";

Result<MonitorDefinition> ParseMonitorDefinition(const std::string& text, const std::string& file);

// Every *.yml of the folder, by name, then the defaults of models that no file watches, and of
// expectations. A file that watches a model which `models` does not have is refused.
Result<std::vector<MonitorDefinition>> LoadMonitorDefinitions(
    FileSystem& fs, const std::string& dir, const std::vector<ModelDefinition>& models);

}  // namespace millpond::model
