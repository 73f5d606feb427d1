// Registered models, their versions and aliases, in the same meta.db: `models:/churn@champion`
// finds a model folder here. Every change writes its audit row in the same transaction. Gates and
// approvals before an alias moves are not built yet.
//
// Thread-safe; shares TrackingStore's connection, which it keeps alive.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "platform/tracking/tracking_store.h"

namespace millpond::platform {

struct NewModelVersion {
  std::string name = {};    // the registered model, made if it is missing
  std::string run_id = {};  // must be a run of the store
  std::string source = {};  // the model folder
  std::string description = {};
  std::vector<Tag> tags = {};
  std::vector<std::string> aliases = {};  // moved to the new version
  std::string principal = {};             // who; for the audit row
};

class ModelRegistry {
 public:
  ModelRegistry(const TrackingStore& store, const Clock& clock)
      : connection_(store.connection()), clock_(clock) {}

  // One transaction: the version, its tags and aliases, the audit rows, and the run's status
  // FINISHED. A run that did not reach this point has registered nothing.
  Result<ModelVersion> RegisterAndFinishRun(const NewModelVersion& version);

  Result<ModelVersion> GetVersion(const std::string& name, int64_t version);
  Result<ModelVersion> GetByAlias(const std::string& name, const std::string& alias);
  Result<std::vector<ModelVersion>> ListVersions(const std::string& name);  // newest first
  Result<std::vector<RegisteredModel>> ListModels();                        // by name
  Status SetAlias(const std::string& name, const std::string& alias, int64_t version,
                  const std::string& principal);
  Status SetVersionTag(const std::string& name, int64_t version, const Tag& tag);
  Result<std::vector<RegistryAudit>> History(const std::string& name);  // newest first

 private:
  std::shared_ptr<MetaConnection> connection_;
  const Clock& clock_;
};

}  // namespace millpond::platform
