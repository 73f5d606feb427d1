#include "model/training/xgboost_learner.h"

#include <xgboost/c_api.h>

#include <bit>
#include <charconv>
#include <map>
#include <utility>

#include "base/json.h"
#include "model/scoring/tree_model.h"

namespace millpond::model {
namespace {

// The library reports unknown parameters only as a warning, to a callback of the calling thread.
thread_local std::string library_log;

void CollectLog(const char* line) {
  library_log += line;
  library_log += '\n';
}

// First line without the library's "[time] file:line: " and its stack trace.
std::string LastMessage() {
  std::string_view text = XGBGetLastError();
  std::string_view line = text.substr(0, text.find("\nStack trace"));
  if (size_t at = line.find(": "); line.starts_with('[') && at != line.npos) {
    line.remove_prefix(at + 2);
  }
  while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.remove_suffix(1);
  return std::string(line);
}

Status Call(int code, std::string_view doing) {
  if (code == 0) return OkStatus();
  return Fail(ErrorKind::kInvalidArgument, "XGBoost failed {}: {}", doing, LastMessage());
}

std::string ArrayInterface(MatrixView m) {
  return fmt::format(R"({{"data":[{},true],"shape":[{},{}],"typestr":"<f4","version":3}})",
                     std::bit_cast<uintptr_t>(m.values), m.rows, m.columns);
}

class Data {
 public:
  static Result<Data> Make(const TrainingData& from, int threads) {
    MP_RETURN_IF_ERROR(CheckTrainingData(from));
    MP_ASSIGN_OR_RETURN(Data data, Make(from.features, threads));
    MP_RETURN_IF_ERROR(
        Call(XGDMatrixSetFloatInfo(data.handle_, "label", from.labels.data(), from.labels.size()),
             "taking the labels"));
    if (!from.weights.empty()) {
      MP_RETURN_IF_ERROR(Call(
          XGDMatrixSetFloatInfo(data.handle_, "weight", from.weights.data(), from.weights.size()),
          "taking the weights"));
    }
    return data;
  }

  static Result<Data> Make(MatrixView features, int threads) {
    Data data;
    std::string config = fmt::format(R"({{"missing": NaN, "nthread": {}}})", threads);
    MP_RETURN_IF_ERROR(Call(
        XGDMatrixCreateFromDense(ArrayInterface(features).c_str(), config.c_str(), &data.handle_),
        "taking the feature matrix"));
    return data;
  }

  Data() = default;
  Data(Data&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Data& operator=(Data&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Data() {
    if (handle_ != nullptr) XGDMatrixFree(handle_);
  }
  DMatrixHandle handle() const { return handle_; }

 private:
  DMatrixHandle handle_ = nullptr;
};

class Booster {
 public:
  Booster() = default;
  Booster(const Booster&) = delete;
  Booster& operator=(const Booster&) = delete;
  ~Booster() {
    if (handle_ != nullptr) XGBoosterFree(handle_);
  }
  BoosterHandle* out() { return &handle_; }
  BoosterHandle handle() const { return handle_; }

 private:
  BoosterHandle handle_ = nullptr;
};

struct Settings {
  int rounds = 100;
  int threads = 1;
  int early_stopping = 0;
  std::string metric = "logloss";
  std::map<std::string, std::string> library;  // sorted: the order of setting is fixed
};

Result<int> Count(const Json& value, const std::string& name) {
  if (!value.is_number_integer() || value.get<int64_t>() < 1 || value.get<int64_t>() > 1'000'000) {
    return Fail(ErrorKind::kInvalidArgument,
                "learner parameter {} must be a whole number from 1 to 1000000, not {}", name,
                DumpJson(value));
  }
  return value.get<int>();
}

Result<Settings> ReadSettings(const Json& params, uint64_t seed) {
  Settings s;
  s.library = {{"objective", "binary:logistic"}, {"tree_method", "hist"}};
  if (!params.is_null() && !params.is_object()) {
    return Fail(ErrorKind::kInvalidArgument, "learner parameters must be a map of names to values");
  }
  for (const auto& [name, value] : params.items()) {
    if (name == "num_boost_round") {
      MP_ASSIGN_OR_RETURN(s.rounds, Count(value, name));
    } else if (name == "nthread") {
      MP_ASSIGN_OR_RETURN(s.threads, Count(value, name));
    } else if (name == "early_stopping_rounds") {
      MP_ASSIGN_OR_RETURN(s.early_stopping, Count(value, name));
    } else if (name == "seed" || name == "random_state" || name == "verbosity" ||
               name == "validate_parameters") {
      return Fail(
          ErrorKind::kInvalidArgument,
          "learner parameter {} is Millpond's to set; the seed stands beside the learner in "
          "the model's file",
          name);
    } else if (value.is_structured() || value.is_null()) {
      return Fail(ErrorKind::kInvalidArgument,
                  "learner parameter {} must be a number, a text or a truth value, not {}", name,
                  DumpJson(value));
    } else {
      s.library[name] = value.is_string()    ? value.get<std::string>()
                        : value.is_boolean() ? (value.get<bool>() ? "1" : "0")
                                             : DumpJson(value);
      if (name == "eval_metric") s.metric = s.library[name];
    }
  }
  s.library["nthread"] = std::to_string(s.threads);
  // The library keeps 32 bits of it.
  s.library["seed"] = std::to_string(static_cast<uint32_t>(seed ^ (seed >> 32)) & 0x7fffffffU);
  s.library["verbosity"] = "1";
  s.library["validate_parameters"] = "1";
  s.library["eval_metric"] = s.metric;
  return s;
}

// A booster of another kind, or one with several outputs, could be trained but not served.
Status CheckServable(const Settings& s) {
  const std::string& objective = s.library.at("objective");
  auto booster = s.library.find("booster");
  if (objective != "binary:logistic" && objective != "binary:logitraw" &&
      objective != "reg:squarederror") {
    return Fail(ErrorKind::kUnsupported,
                "objective {} is not built; use binary:logistic, binary:logitraw or "
                "reg:squarederror",
                objective);
  }
  if (booster != s.library.end() && booster->second != "gbtree") {
    return Fail(ErrorKind::kUnsupported, "booster {} is not built; use gbtree", booster->second);
  }
  return OkStatus();
}

Status RefuseUnknown() {
  size_t end = library_log.find("} are not used");
  size_t begin = library_log.rfind('{', end);
  if (end == library_log.npos || begin == library_log.npos) return OkStatus();
  return Fail(
      ErrorKind::kInvalidArgument,
      "XGBoost does not know, or with these settings does not use, the learner parameters{}",
      library_log.substr(begin + 1, end - begin - 1));
}

bool LargerIsBetter(std::string_view metric) {
  for (std::string_view name : {"auc", "map", "ndcg", "pre"}) {
    if (metric.starts_with(name)) return true;
  }
  return false;
}

// "[12]\tvalidation-logloss:0.61234": the number after the last colon.
Result<double> Evaluate(BoosterHandle booster, int round, DMatrixHandle data) {
  const char* name = "validation";
  const char* text = nullptr;
  MP_RETURN_IF_ERROR(
      Call(XGBoosterEvalOneIter(booster, round, &data, &name, 1, &text), "evaluating a round"));
  std::string_view line = text;
  line.remove_prefix(line.rfind(':') + 1);
  double value = 0;
  if (std::from_chars(line.data(), line.data() + line.size(), value).ec != std::errc()) {
    return Fail(ErrorKind::kInternal, "XGBoost's evaluation is not understood: {}", text);
  }
  return value;
}

// Returns the number of rounds to keep.
Result<int> Boost(BoosterHandle booster, const Settings& s, const Data& train,
                  const Data* validation, const CancellationToken& cancellation) {
  int best_round = 0;
  double best = 0;
  for (int round = 0; round < s.rounds; ++round) {
    MP_RETURN_IF_ERROR(cancellation.Check());
    MP_RETURN_IF_ERROR(Call(XGBoosterUpdateOneIter(booster, round, train.handle()),
                            fmt::format("in boosting round {}", round)));
    if (round == 0) MP_RETURN_IF_ERROR(RefuseUnknown());
    if (validation == nullptr) continue;
    MP_ASSIGN_OR_RETURN(double value, Evaluate(booster, round, validation->handle()));
    if (LargerIsBetter(s.metric)) value = -value;
    if (round == 0 || value < best) {
      best = value;
      best_round = round;
    } else if (round - best_round >= s.early_stopping) {
      break;
    }
  }
  return validation == nullptr ? s.rounds : best_round + 1;
}

// The library keeps the names of a training matrix to itself; a booster is told them.
Status NameColumns(BoosterHandle booster, std::span<const std::string> names) {
  if (names.empty()) return OkStatus();
  std::vector<const char*> texts;
  for (const std::string& name : names) texts.push_back(name.c_str());
  return Call(XGBoosterSetStrFeatureInfo(booster, "feature_name", texts.data(), texts.size()),
              "taking the column names");
}

Result<std::string> Save(BoosterHandle booster, const char* config) {
  bst_ulong size = 0;
  const char* bytes = nullptr;
  MP_RETURN_IF_ERROR(
      Call(XGBoosterSaveModelToBuffer(booster, config, &size, &bytes), "writing the model"));
  return std::string(bytes, size);
}

Result<std::string> Train(const TrainingData& data, const TrainingData* validation,
                          const Json& params, uint64_t seed) {
  MP_ASSIGN_OR_RETURN(Settings settings, ReadSettings(params, seed));
  MP_RETURN_IF_ERROR(CheckServable(settings));
  if ((settings.early_stopping > 0) != (validation != nullptr)) {
    return Fail(ErrorKind::kInvalidArgument,
                "early_stopping_rounds and a validation slice need each other");
  }
  library_log.clear();
  XGBRegisterLogCallback(CollectLog);
  MP_ASSIGN_OR_RETURN(Data train, Data::Make(data, settings.threads));
  Data held_out;
  if (validation != nullptr) {
    MP_ASSIGN_OR_RETURN(held_out, Data::Make(*validation, settings.threads));
  }
  Booster booster;
  DMatrixHandle matrix = train.handle();
  MP_RETURN_IF_ERROR(Call(XGBoosterCreate(&matrix, 1, booster.out()), "creating a booster"));
  for (const auto& [name, value] : settings.library) {
    MP_RETURN_IF_ERROR(Call(XGBoosterSetParam(booster.handle(), name.c_str(), value.c_str()),
                            fmt::format("taking parameter {} = {}", name, value)));
  }
  MP_ASSIGN_OR_RETURN(int keep,
                      Boost(booster.handle(), settings, train,
                            validation == nullptr ? nullptr : &held_out, data.cancellation));
  if (validation == nullptr) {
    MP_RETURN_IF_ERROR(NameColumns(booster.handle(), data.names));
    return Save(booster.handle(), R"({"format": "ubj"})");
  }
  Booster kept;
  MP_RETURN_IF_ERROR(
      Call(XGBoosterSlice(booster.handle(), 0, keep, 1, kept.out()), "keeping the best rounds"));
  MP_RETURN_IF_ERROR(NameColumns(kept.handle(), data.names));
  return Save(kept.handle(), R"({"format": "ubj"})");
}

}  // namespace

Result<std::string> XgboostLearner::Fit(const TrainingData& data, const Json& params,
                                        uint64_t seed) const {
  return Train(data, nullptr, params, seed);
}

Result<std::string> XgboostLearner::FitWithValidation(const TrainingData& data,
                                                      const TrainingData& validation,
                                                      const Json& params, uint64_t seed) const {
  return Train(data, &validation, params, seed);
}

std::string XgboostLearner::LibraryVersion() {
  int major = 0;
  int minor = 0;
  int patch = 0;
  XGBoostVersion(&major, &minor, &patch);
  return fmt::format("{}.{}.{}", major, minor, patch);
}

Result<XgboostBooster> XgboostBooster::Load(std::string_view bytes, int threads) {
  XgboostBooster booster(nullptr);
  MP_RETURN_IF_ERROR(Call(XGBoosterCreate(nullptr, 0, &booster.handle_), "creating a booster"));
  MP_RETURN_IF_ERROR(
      Call(XGBoosterSetParam(booster.handle_, "nthread", std::to_string(threads).c_str()),
           "taking nthread"));
  MP_RETURN_IF_ERROR(Call(XGBoosterLoadModelFromBuffer(booster.handle_, bytes.data(), bytes.size()),
                          "reading the model"));
  return booster;
}

XgboostBooster::~XgboostBooster() {
  if (handle_ != nullptr) XGBoosterFree(handle_);
}
XgboostBooster::XgboostBooster(XgboostBooster&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)) {}
XgboostBooster& XgboostBooster::operator=(XgboostBooster&& other) noexcept {
  std::swap(handle_, other.handle_);
  return *this;
}

namespace {

Result<std::vector<float>> PredictCopied(BoosterHandle booster, MatrixView features, int type,
                                         size_t values_a_row) {
  MP_ASSIGN_OR_RETURN(Data data, Data::Make(features, 1));
  std::string config = fmt::format(
      R"({{"type":{},"training":false,"iteration_begin":0,"iteration_end":0,"strict_shape":false}})",
      type);
  const bst_ulong* shape = nullptr;
  bst_ulong dimensions = 0;
  const float* values = nullptr;
  MP_RETURN_IF_ERROR(Call(XGBoosterPredictFromDMatrix(booster, data.handle(), config.c_str(),
                                                      &shape, &dimensions, &values),
                          "predicting"));
  return std::vector<float>(values, values + features.rows * values_a_row);
}

}  // namespace

Result<std::vector<float>> XgboostBooster::Margins(MatrixView features) const {
  return PredictCopied(handle_, features, 1, 1);
}

Result<std::vector<float>> XgboostBooster::ApproximateContributions(MatrixView features) const {
  return PredictCopied(handle_, features, 3, features.columns + 1);
}

Status XgboostBooster::InplaceMargins(MatrixView features, std::span<float> out) const {
  static const char* const kConfig =
      R"({"type":1,"training":false,"iteration_begin":0,"iteration_end":0,"strict_shape":false,)"
      R"("missing":NaN,"cache_id":0})";
  const bst_ulong* shape = nullptr;
  bst_ulong dimensions = 0;
  const float* values = nullptr;
  MP_RETURN_IF_ERROR(Call(XGBoosterPredictFromDense(handle_, ArrayInterface(features).c_str(),
                                                    kConfig, nullptr, &shape, &dimensions, &values),
                          "predicting in place"));
  std::copy(values, values + features.rows, out.begin());
  return OkStatus();
}

Result<std::string> XgboostBooster::ToJson() const {
  return Save(handle_, R"({"format": "json"})");
}

Status VerifyTreeModel(std::string_view model_bytes, MatrixView features) {
  MP_ASSIGN_OR_RETURN(auto model, TreeModel::Load(model_bytes, "the trained model"));
  MP_ASSIGN_OR_RETURN(auto booster, XgboostBooster::Load(model_bytes));
  std::vector<float> ours(features.rows);
  std::vector<float> theirs(features.rows);
  MP_RETURN_IF_ERROR(model->FloatMargins(features, ours));
  MP_RETURN_IF_ERROR(booster.InplaceMargins(features, theirs));
  for (size_t i = 0; i < features.rows; ++i) {
    if (std::bit_cast<uint32_t>(ours[i]) != std::bit_cast<uint32_t>(theirs[i])) {
      return Fail(ErrorKind::kInternal,
                  "the tree walker gives {} for row {} where XGBoost gives {}; the model is not "
                  "stored, please report it",
                  ours[i], i, theirs[i]);
    }
  }
  return OkStatus();
}

}  // namespace millpond::model
