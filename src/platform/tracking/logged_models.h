// MLflow's logged models: what log_model makes before anybody registers it. A model has files of
// its own (<experiment's artifacts>/models/<model id>/artifacts), params, tags, and the metrics
// that runs measured on it. In the same meta.db, with the same promises as TrackingStore.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "platform/tracking/search_types.h"
#include "platform/tracking/tracking_store.h"

namespace millpond::platform {

struct NewLoggedModel {
  std::string experiment_id = {};
  std::string name = {};  // empty: made from the id
  std::string model_type = {};
  std::string source_run_id = {};
  std::vector<Param> params = {};
  std::vector<Tag> tags = {};
};

// Searches of logged models order by fields instead of texts, and may ask for a dataset.
struct LoggedModelSearch {
  struct Dataset {
    std::string name = {};
    std::string digest = {};  // "": any
  };
  struct Order {
    std::string field = {};  // an attribute, or "metrics.<key>"
    bool ascending = true;
    Dataset dataset = {};  // of the metric; no name: any
  };
  std::vector<std::string> experiment_ids = {};
  std::string filter = {};
  std::vector<Dataset> datasets = {};  // metrics of the filter must be of one of them
  std::vector<Order> order_by = {};
  int64_t max_results = 50;
  std::string page_token = {};
};

class LoggedModels {
 public:
  explicit LoggedModels(const TrackingStore& store)
      : connection_(store.connection()), random_(store.random()), clock_(store.clock()) {}

  Result<LoggedModel> Create(const NewLoggedModel& model);
  // kNotFound for a deleted one too, unless they are asked for.
  Result<LoggedModel> Get(const std::string& model_id, bool allow_deleted = false);
  Result<LoggedModel> Finalize(const std::string& model_id, LoggedModelStatus status);
  Status Delete(const std::string& model_id);
  Status LogParams(const std::string& model_id, const std::vector<Param>& params);
  Status SetTags(const std::string& model_id, const std::vector<Tag>& tags);
  Status DeleteTag(const std::string& model_id, const std::string& key);
  // Latest first unless ordered otherwise.
  Result<Page<LoggedModel>> Search(const LoggedModelSearch& search);

 private:
  std::shared_ptr<MetaConnection> connection_;
  RandomSource& random_;
  const Clock& clock_;
};

}  // namespace millpond::platform
