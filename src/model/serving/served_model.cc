#include "model/serving/served_model.h"

#include <algorithm>
#include <cmath>

#include "data/delta/log/snapshot.h"
#include "platform/features/view_binding.h"

namespace millpond::model {
namespace {

using kernel::Batch;
using kernel::Column;

// What a loaded model takes in memory, by the bytes of its files: nodes and lanes of a tree model
// are about as large as its UBJSON, and the file's tree is kept for contributions.
constexpr int64_t kMemoryPerFileByte = 6;
constexpr int64_t kMemoryBase = 64 << 10;

// The types of the view's entity columns in its source.
Result<std::vector<RequestColumn>> EntityColumns(data::Catalog& catalog,
                                                 const platform::FeatureView& view) {
  MP_ASSIGN_OR_RETURN(auto name, data::ParseTableName(view.source));
  MP_ASSIGN_OR_RETURN(auto table, catalog.OpenTable(name));
  MP_ASSIGN_OR_RETURN(auto snapshot, table.Latest());
  MP_ASSIGN_OR_RETURN(auto program, platform::ProgramOf(view, snapshot->schema()));
  std::vector<RequestColumn> columns;
  for (int index : program->entity) {
    const kernel::SourceColumn& column = program->used_columns[static_cast<size_t>(index)];
    columns.push_back({.name = column.name, .type = column.type, .is_entity = true});
  }
  return columns;
}

}  // namespace

Status ServedModel::AddView(data::Catalog& catalog, const platform::FeatureView& view) {
  MP_ASSIGN_OR_RETURN_CONTEXT(auto entity, EntityColumns(catalog, view),
                              "while reading the entity of feature view {}", view.name);
  for (const RequestColumn& column : entity) MP_RETURN_IF_ERROR(schema_.Add(column));
  View& added = views_.emplace_back();
  added = {.name = view.name, .version = view.version, .source = view.source, .outputs = {}};
  for (const auto& column : view.columns) added.outputs.push_back(column.name);
  return OkStatus();
}

Status ServedModel::FindPlaces() {
  const ModelFeatures& features = scoring_->features();
  for (const auto& column : scoring_->encoder().columns()) {
    if (std::ranges::find(features.request, column.name) != features.request.end()) {
      MP_RETURN_IF_ERROR(
          schema_.Add({.name = column.name, .type = column.type, .is_request = true}));
      places_.push_back({-1, static_cast<size_t>(schema_.Find(column.name))});
      continue;
    }
    Place place;
    for (size_t i = 0; i < views_.size() && place.view < 0; ++i) {
      const auto& outputs = views_[i].outputs;
      const auto trained = std::ranges::find(features.views[i].columns, column.name,
                                             [](const auto& c) { return c.first; });
      const auto found = std::ranges::find(outputs, column.name);
      if (trained == features.views[i].columns.end() || found == outputs.end()) continue;
      place = {static_cast<int>(i), static_cast<size_t>(found - outputs.begin())};
      schema_.AddComputed(column.name, views_[i].name);
    }
    if (place.view < 0) {
      return Fail(ErrorKind::kCorrupt,
                  "features.json of {} v{} names no view and no request for the column '{}' of the "
                  "encoder; train the model again",
                  name_, version_, column.name);
    }
    places_.push_back(place);
  }
  return OkStatus();
}

Result<std::shared_ptr<const ServedModel>> ServedModel::Load(
    data::Catalog& catalog, const platform::FeatureStore& features,
    const platform::ModelVersion& version) {
  const Environment& env = catalog.workspace().env;
  std::shared_ptr<ServedModel> model(new ServedModel());
  model->name_ = version.name;
  model->version_ = version.version;
  model->version_text_ = std::to_string(version.version);
  model->run_id_ = version.run_id;
  MP_ASSIGN_OR_RETURN(model->scoring_, ScoringModel::Open(env.fs, version.source));
  MP_RETURN_IF_ERROR(model->CheckViews(features));
  MP_ASSIGN_OR_RETURN(
      model->memory_,
      env.arbiter.Reserve(ResourceClass::kServing,
                          kMemoryBase + kMemoryPerFileByte * model->scoring_->file_bytes(),
                          fmt::format("model {} v{}", version.name, version.version)));
  for (const auto& trained : model->scoring_->features().views) {
    MP_ASSIGN_OR_RETURN(auto view, features.Find(trained.name));
    MP_RETURN_IF_ERROR(model->AddView(catalog, view));
  }
  MP_RETURN_IF_ERROR(model->FindPlaces());
  MP_RETURN_IF_ERROR(model->Probe());
  return model;
}

Result<ViewValues> ServedModel::GetFeatures(platform::OnlineStore& online, const Batch& request,
                                            Micros as_of) const {
  ViewValues values;
  values.views.reserve(views_.size());
  for (const View& view : views_) {
    MP_ASSIGN_OR_RETURN(auto got, online.Get(view.name, request, as_of, view.version));
    values.applied_through = values.views.empty()
                                 ? got.applied_through
                                 : std::min(values.applied_through, got.applied_through);
    values.stale = values.stale || got.stale;
    values.views.push_back(std::move(got));
  }
  return values;
}

Result<ScoredRows> ServedModel::Score(const Batch& request, const ViewValues* values,
                                      int reasons) const {
  const Column missing(kernel::kNullType, values == nullptr ? request.rows : 0);
  std::vector<const Column*> columns;
  columns.reserve(places_.size());
  for (const Place& place : places_) {
    if (place.view < 0) {
      columns.push_back(&request.columns[place.column]);
    } else if (values == nullptr) {
      columns.push_back(&missing);
    } else {
      const Batch& features = values->views[static_cast<size_t>(place.view)].features;
      columns.push_back(&features.columns[place.column]);
    }
  }
  return scoring_->ScoreColumns(columns, request.rows, reasons);
}

Status ServedModel::Probe() const {
  MP_ASSIGN_OR_RETURN(auto scored, Score(schema_.MakeBatch(1), nullptr, 1));
  if (std::isfinite(scored.margins[0]) && std::isfinite(scored.probabilities[0])) return OkStatus();
  return Fail(ErrorKind::kCorrupt, "{} v{} answers {} (probability {}) to a row of NULLs", name_,
              version_, scored.margins[0], scored.probabilities[0]);
}

}  // namespace millpond::model
