#include "model/scoring/scoring_model.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>

#include "base/json.h"
#include "base/sha256.h"
#include "platform/features/feature_store.h"
#include "platform/tracking/model_folder.h"

namespace millpond::model {
namespace {

using kernel::Batch;
using kernel::Column;

// A member that must be a text or a list of texts; anything else is reported by its name.
Result<std::string> Text(const Json& object, const char* key, std::string_view what) {
  auto it = object.find(key);
  if (it == object.end() || !it->is_string()) {
    return Fail(ErrorKind::kCorrupt, "{} has no text '{}'; train the model again", what, key);
  }
  return it->get<std::string>();
}

Result<std::vector<std::string>> Texts(const Json& object, const char* key, std::string_view what) {
  auto it = object.find(key);
  std::vector<std::string> texts;
  if (it == object.end() || !it->is_array()) {
    return Fail(ErrorKind::kCorrupt, "{} has no list '{}'; train the model again", what, key);
  }
  for (const Json& entry : *it) {
    if (!entry.is_string()) {
      return Fail(ErrorKind::kCorrupt, "{}: the list '{}' holds more than texts", what, key);
    }
    texts.push_back(entry.get<std::string>());
  }
  return texts;
}

Result<ModelFeatures::View> ReadView(const Json& json, std::string_view what) {
  if (!json.is_object() || !json.contains("columns") || !json["columns"].is_array()) {
    return Fail(ErrorKind::kCorrupt, "{}: a view has no list of columns", what);
  }
  ModelFeatures::View view;
  MP_ASSIGN_OR_RETURN(view.name, Text(json, "name", what));
  for (const Json& column : json["columns"]) {
    if (!column.is_object()) {
      return Fail(ErrorKind::kCorrupt, "{}: a column of view {} is no object", what, view.name);
    }
    MP_ASSIGN_OR_RETURN(std::string name, Text(column, "name", what));
    MP_ASSIGN_OR_RETURN(std::string hash, Text(column, "hash", what));
    view.columns.emplace_back(std::move(name), std::move(hash));
  }
  return view;
}

Result<ModelFeatures> ReadFeatures(std::string_view bytes, std::string_view what) {
  MP_ASSIGN_OR_RETURN(Json json, ParseJson(bytes, what));
  if (!json.is_object() || json.value("format", Json()) != "millpond.features" ||
      json.value("version", Json()) != 1 || !json.contains("views") || !json["views"].is_array()) {
    return Fail(ErrorKind::kCorrupt, "{} is not a list of features (millpond.features, version 1)",
                what);
  }
  ModelFeatures features;
  MP_ASSIGN_OR_RETURN(features.entity, Texts(json, "entity", what));
  MP_ASSIGN_OR_RETURN(features.time, Text(json, "time", what));
  MP_ASSIGN_OR_RETURN(features.request, Texts(json, "request", what));
  MP_ASSIGN_OR_RETURN(features.columns, Texts(json, "columns", what));
  for (const Json& entry : json["views"]) {
    MP_ASSIGN_OR_RETURN(auto view, ReadView(entry, what));
    features.views.push_back(std::move(view));
  }
  return features;
}

Json JsonValue(const Column& column, int64_t row) {
  if (column.IsNull(row)) return nullptr;
  switch (column.type().id) {
    case kernel::TypeId::kBoolean:
      return column.booleans()[static_cast<size_t>(row)] != 0;
    case kernel::TypeId::kBigint:
      return column.int64s()[static_cast<size_t>(row)];
    case kernel::TypeId::kVarchar:
      return std::string(column.text(row));
    case kernel::TypeId::kDouble: {
      double value = column.doubles()[static_cast<size_t>(row)];
      return std::isfinite(value) ? Json(value) : Json(column.ValueAt(row).ToString());
    }
    case kernel::TypeId::kDecimal:
      return std::strtod(column.ValueAt(row).ToString().c_str(), nullptr);
    default:
      return column.ValueAt(row).ToString();
  }
}

std::string DigestOf(const platform::ModelFolder& folder) {
  Sha256 hash;
  for (const std::string* part :
       {&folder.learner, &folder.model_bytes, &folder.encoder_json, &folder.calibration_json}) {
    hash.Update(std::to_string(part->size()) + ":");
    hash.Update(*part);
  }
  return hash.HexDigest();
}

}  // namespace

Result<std::shared_ptr<const ScoringModel>> ScoringModel::Open(FileSystem& fs,
                                                               const std::string& path) {
  MP_ASSIGN_OR_RETURN(auto folder, platform::ReadModelFolder(fs, path));
  MP_ASSIGN_OR_RETURN_CONTEXT(auto encoder, kernel::Encoder::FromText(folder.encoder_json), "{}",
                              JoinPath(path, "encoder.json"));
  std::shared_ptr<ScoringModel> model(new ScoringModel(std::move(encoder)));
  std::string file = JoinPath(path, platform::ModelFileName(folder.learner));
  MP_ASSIGN_OR_RETURN(model->scorer_, LoadScorer(folder.learner, folder.model_bytes, file));
  MP_ASSIGN_OR_RETURN(
      model->calibration_,
      CalibrationMap::FromJson(folder.calibration_json, JoinPath(path, "calibration.json")));
  MP_ASSIGN_OR_RETURN(model->features_,
                      ReadFeatures(folder.features_json, JoinPath(path, "features.json")));
  model->learner_ = folder.learner;
  model->digest_ = DigestOf(folder);
  model->file_bytes_ =
      static_cast<int64_t>(folder.model_bytes.size() + folder.encoder_json.size() +
                           folder.calibration_json.size() + folder.features_json.size());
  size_t encoded = model->encoder_.columns().size();
  if (encoded != model->scorer_->columns() || encoded != model->features_.columns.size()) {
    return Fail(ErrorKind::kCorrupt,
                "the model folder {} does not fit together: the model takes {} columns, the "
                "encoder gives {}, features.json lists {}",
                path, model->scorer_->columns(), encoded, model->features_.columns.size());
  }
  return model;
}

Status ScoringModel::CheckViews(const platform::FeatureStore& store) const {
  for (const ModelFeatures::View& trained : features_.views) {
    MP_ASSIGN_OR_RETURN_CONTEXT(auto view, store.Find(trained.name),
                                "the model was trained on feature view {}", trained.name);
    for (const auto& [name, hash] : trained.columns) {
      auto column = std::find_if(view.columns.begin(), view.columns.end(),
                                 [&](const auto& c) { return c.name == name; });
      if (column != view.columns.end() && column->hash == hash) continue;
      return Fail(ErrorKind::kConflict,
                  "feature {}.{} is {} the one the model was trained on (hash {}, now {}): train "
                  "the model again, or bring the definition back",
                  trained.name, name, column == view.columns.end() ? "gone, it is not" : "not",
                  hash, column == view.columns.end() ? "none" : column->hash);
    }
  }
  return OkStatus();
}

Result<ScoredRows> ScoringModel::Score(const Batch& rows, int reasons) const {
  MP_ASSIGN_OR_RETURN(auto columns, encoder_.FindColumns(rows));
  return ScoreColumns(columns, rows.rows, reasons);
}

Result<ScoredRows> ScoringModel::ScoreColumns(std::span<const Column* const> columns, int64_t rows,
                                              int reasons) const {
  std::vector<float> values(static_cast<size_t>(rows) * encoder_.columns().size());
  MP_RETURN_IF_ERROR(encoder_.EncodeColumns(columns, rows, values));
  MatrixView encoded{values.data(), static_cast<size_t>(rows), encoder_.columns().size()};
  ScoredRows scored;
  MP_ASSIGN_OR_RETURN(scored.margins, scorer_->Margins(encoded));
  scored.probabilities = calibration_.Probabilities(scored.margins);
  if (reasons > 0) {
    MP_RETURN_IF_ERROR(AddReasons(columns, encoded, static_cast<size_t>(reasons), scored));
  }
  return scored;
}

Status ScoringModel::AddReasons(std::span<const Column* const> columns, MatrixView encoded,
                                size_t keep, ScoredRows& scored) const {
  std::vector<double> parts(encoded.columns);
  std::vector<size_t> order(encoded.columns);
  keep = std::min(keep, order.size());
  for (size_t row = 0; row < encoded.rows; ++row) {
    MP_RETURN_IF_ERROR(scorer_->Contributions(encoded.row(row), parts));
    std::iota(order.begin(), order.end(), size_t{0});
    std::partial_sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(keep), order.end(),
                      [&](size_t a, size_t b) {
                        double x = std::abs(parts[a]), y = std::abs(parts[b]);
                        return x != y ? x > y : a < b;
                      });
    OrderedJson list = OrderedJson::array();
    for (size_t i = 0; i < keep && parts[order[i]] != 0; ++i) {
      OrderedJson entry;
      entry["feature"] = encoder_.columns()[order[i]].name;
      entry["value"] = JsonValue(*columns[order[i]], static_cast<int64_t>(row));
      entry["contribution"] = std::round(parts[order[i]] * 1e6) / 1e6;
      list.push_back(std::move(entry));
    }
    scored.reasons.push_back(DumpJson(list));
  }
  return OkStatus();
}

}  // namespace millpond::model
