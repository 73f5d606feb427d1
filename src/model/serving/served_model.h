// One registered version of a model, ready to answer: the opened model folder, what a request must
// send, and where each column of the encoder comes from. Immutable; a request holds the one it
// began with, so that a newer version can take its place meanwhile.
//
//   request columns ─┐
//   view 0's values ─┼─► encoder's order ─► ScoringModel::ScoreColumns (as in batch scoring)
//   view 1's values ─┘
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/resources/arbiter.h"
#include "data/catalog/catalog.h"
#include "model/scoring/scoring_model.h"
#include "model/serving/request_schema.h"
#include "platform/features/feature_store.h"
#include "platform/features/online_store.h"
#include "platform/tracking/model_registry.h"

namespace millpond::model {

// The views' values for the rows of one request, in the order of ServedModel::views().
struct ViewValues {
  std::vector<platform::OnlineFeatures> views;
  Micros applied_through = 0;  // the least of the views
  bool stale = false;          // of one at least
};

class ServedModel {
 public:
  struct View {
    std::string name;
    int64_t version = 0;  // of the definition
    std::string source;
    std::vector<std::string> outputs;
  };
  // Of a column of the encoder: an output of a view, or a column of the request.
  struct Place {
    int view = -1;  // -1: the request
    size_t column = 0;
  };

  // kConflict: a feature has another definition now than the model was trained on. kUnsupported,
  // kCorrupt, kNotFound name what the folder or a view lacks. kResourceExhausted: the model does
  // not fit in the memory that serving has.
  static Result<std::shared_ptr<const ServedModel>> Load(data::Catalog& catalog,
                                                         const platform::FeatureStore& features,
                                                         const platform::ModelVersion& version);

  const std::string& name() const { return name_; }
  int64_t version() const { return version_; }
  const std::string& version_text() const { return version_text_; }  // as answers have it
  const std::string& run_id() const { return run_id_; }
  const RequestSchema& schema() const { return schema_; }
  const std::vector<View>& views() const { return views_; }
  const std::vector<Place>& places() const { return places_; }  // in the encoder's order
  const ScoringModel& scoring() const { return *scoring_; }
  // Again before an earlier version comes back.
  Status CheckViews(const platform::FeatureStore& features) const {
    return scoring_->CheckViews(features);
  }

  // Every view at `as_of`, in the very version of its definition. kUnavailable: it cannot be read.
  // kNotFound: it is not served in that version.
  Result<ViewValues> GetFeatures(platform::OnlineStore& online, const kernel::Batch& request,
                                 Micros as_of) const;
  // `values` null: all features of views are NULL, as the encoder takes what is missing.
  Result<ScoredRows> Score(const kernel::Batch& request, const ViewValues* values,
                           int reasons) const;
  // One row of NULLs through all of it: finite, or kCorrupt.
  Status Probe() const;

 private:
  ServedModel() = default;
  Status AddView(data::Catalog& catalog, const platform::FeatureView& view);
  Status FindPlaces();

  std::string name_;
  int64_t version_ = 0;
  std::string version_text_;
  std::string run_id_;
  std::shared_ptr<const ScoringModel> scoring_;
  RequestSchema schema_;
  std::vector<View> views_;
  std::vector<Place> places_;
  MemoryReservation memory_;
};

}  // namespace millpond::model
