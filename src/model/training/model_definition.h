// models/*.yml: what a model learns, from what, how it is measured and what its score triggers
// (docs/models-yml.md lists the keys). A definition is a value; reading one touches no table.
// Every complaint names file, line and column; unknown keys are refused.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fs/filesystem.h"
#include "base/json.h"
#include "base/result.h"
#include "model/scoring/model_sql.h"

namespace millpond::model {

struct LabelDefinition {
  ModelSql sql = {};
  std::vector<std::string> entity = {};
  std::string time = "as_of";
  std::string label = "label";
  std::string known_at = "label_known_at";
  Micros horizon = 0;
};

struct ViewColumns {
  std::string view = {};
  std::vector<std::string> columns = {};  // empty: all
  std::vector<std::string> exclude = {};

  bool Takes(const std::string& column) const;
};

// A part of the split: a list of moments, or from <= T < to.
struct SplitPart {
  std::vector<Micros> moments = {};
  std::optional<Micros> from = std::nullopt;
  std::optional<Micros> to = std::nullopt;

  bool Contains(Micros t) const;
  Micros first() const;  // the least T that can be inside
  Micros last() const;   // the greatest listed T, or `to`
};

enum class SplitName { kTrain, kCalibrate, kTest };
inline constexpr SplitName kSplitNames[] = {SplitName::kTrain, SplitName::kCalibrate,
                                            SplitName::kTest};
std::string_view ToString(SplitName name);  // "train", "calibrate", "test"

struct SplitDefinition {
  SplitPart parts[3] = {};  // by SplitName
  bool purge = false;
  Micros embargo = 0;
  const SplitPart& part(SplitName name) const { return parts[static_cast<int>(name)]; }
};

// precision@k: a number of rows, or a share of them.
struct TopK {
  double value = 0;
  bool is_share = false;
};

struct SingleColumnBaseline {
  std::string column = {};
  std::optional<bool> higher_is_positive = std::nullopt;  // absent: as the training rows say
};

struct ActionDefinition {
  std::string campaign = {};
  int64_t capacity = 0;  // 0: no cut
  double holdout = 0.05;
  double value = 0;
  double cost = 0;
};

struct LeakCheckDefinition {
  std::vector<std::string> accept_restate = {};
  double warn_average_precision = 0.95;
  int moments = 16;  // distinct T recomputed from a source truncated at T
};

struct ScoreDefinition {
  std::optional<Micros> as_of = std::nullopt;  // absent: the project's clock
  bool today = false;                          // … cut to the begin of its day, UTC
  std::optional<ModelSql> candidates = std::nullopt;
  std::string table = {};
  std::string work_list = {};
};

// Which model answers instead: a version, or the one that an alias names.
struct FallbackModel {
  std::string model = {};
  std::string alias = {};  // "": version
  int64_t version = 0;
};

// How an endpoint behaves (docs/serving.md). Concerns no model's bytes.
struct ServeDefinition {
  enum class Log { kAsync, kSync, kSample, kOff };
  enum class Degraded { kRefuse, kDefaultFeatures, kFallbackModel };

  Log log = Log::kAsync;
  double sample = 0.1;                                   // share of the entities, with kSample
  std::string table = {};                                // the inference table
  Micros log_every = kMicrosPerSecond;                   // between its commits, but with kSync
  std::optional<Micros> max_feature_age = std::nullopt;  // older features count as missing
  Degraded degraded = Degraded::kRefuse;                 // when features are missing
  std::optional<FallbackModel> fallback = std::nullopt;
  int max_rows = 1000;  // of one request
};

struct ModelDefinition {
  std::string name = {};
  std::string description = {};
  std::string file = {};
  std::string text = {};  // the whole file
  LabelDefinition label = {};
  std::vector<ViewColumns> views = {};
  std::vector<std::string> request = {};
  SplitDefinition split = {};
  std::string learner = "xgboost";
  Json params = {};
  uint64_t seed = 0;
  double keep_negatives = 1;  // share of the training negatives kept; the kept weigh 1/share
  std::vector<std::string> calibration = {"none", "isotonic"};
  std::vector<TopK> precision_at = {};
  int bootstrap = 500;
  std::vector<std::string> cluster = {};  // columns; the entity if the file says nothing
  std::map<std::string, SingleColumnBaseline> baselines = {};
  ActionDefinition action = {};
  LeakCheckDefinition leak_check = {};
  ScoreDefinition score = {};
  ServeDefinition serve = {};
  std::string training_set = {};  // table
  // Where a value stands (file:line:column), for what is found out when tables and features are
  // looked at: "training_set", "score.table", "features.views.NAME", "baselines.NAME" …
  std::map<std::string, std::string> places = {};

  // The file alone where the value is a default.
  const std::string& PlaceOf(const std::string& key) const;
};

Result<ModelDefinition> ParseModelDefinition(const std::string& text, const std::string& file);

// Every *.yml of a folder, by name. A missing folder holds no models. Two files of one model name
// are refused.
Result<std::vector<ModelDefinition>> LoadModelDefinitions(FileSystem& fs, const std::string& dir);

}  // namespace millpond::model
