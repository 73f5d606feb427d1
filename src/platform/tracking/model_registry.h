// Registered models, their versions and aliases, in the same meta.db: `models:/churn@champion`
// finds a model folder here. Every change of a model, a version or an alias writes its audit row in
// the same transaction. Gates and approvals before an alias moves are not built yet.
//
// Thread-safe; shares TrackingStore's connection, which it keeps alive. Who wants to know of
// changes watches with registry_watch.h.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "platform/tracking/registry_types.h"
#include "platform/tracking/search_types.h"
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
  std::string source_uri = {};            // what follows: see ModelVersion
  std::string run_link = {};
  std::string model_id = {};
};

class ModelRegistry {
 public:
  ModelRegistry(const TrackingStore& store, const Clock& clock)
      : connection_(store.connection()), clock_(clock) {}

  // -- registered models (registered_models.cc)
  Result<RegisteredModel> CreateModel(const std::string& name, const std::vector<Tag>& tags,
                                      const std::string& description, const std::string& principal);
  Result<RegisteredModel> GetModel(const std::string& name);
  Result<std::vector<RegisteredModel>> ListModels();  // by name
  Result<RegisteredModel> DescribeModel(const std::string& name, const std::string& description);
  Result<RegisteredModel> RenameModel(const std::string& name, const std::string& new_name,
                                      const std::string& principal);
  // With its versions and aliases; its history stays.
  Status DeleteModel(const std::string& name, const std::string& principal);
  Status SetModelTag(const std::string& name, const Tag& tag);
  Status DeleteModelTag(const std::string& name, const std::string& key);
  Result<Page<RegisteredModel>> SearchModels(const SearchRequest& request);

  // -- versions (model_versions.cc)
  // One transaction: the version, its tags and aliases, the audit rows, and the run's status
  // FINISHED. A run that did not reach this point has registered nothing.
  Result<ModelVersion> RegisterAndFinishRun(const NewModelVersion& version);
  // A version of a model that is there already; run_id may be "", and the run goes on.
  Result<ModelVersion> CreateVersion(const NewModelVersion& version);
  Result<ModelVersion> GetVersion(const std::string& name, int64_t version);
  Result<std::vector<ModelVersion>> ListVersions(const std::string& name);  // newest first
  Result<ModelVersion> DescribeVersion(const std::string& name, int64_t version,
                                       const std::string& description);
  // Takes its aliases along; the number is not used again.
  Status DeleteVersion(const std::string& name, int64_t version, const std::string& principal);
  Status SetVersionTag(const std::string& name, int64_t version, const Tag& tag);
  Status DeleteVersionTag(const std::string& name, int64_t version, const std::string& key);
  Result<Page<ModelVersion>> SearchVersions(const SearchRequest& request);
  // A version whose files lie at, below or above this folder; none if there is none.
  Result<std::optional<ModelVersion>> VersionAt(const std::string& folder);

  // -- aliases (model_aliases.cc)
  // "latest" is the newest version.
  Result<ModelVersion> GetByAlias(const std::string& name, const std::string& alias);
  Status SetAlias(const std::string& name, const std::string& alias, int64_t version,
                  const std::string& principal);
  Status DeleteAlias(const std::string& name, const std::string& alias,
                     const std::string& principal);  // none of this name: nothing to do

  // What an alias moved from and to.
  struct Move {
    int64_t from = 0;  // 0: the alias was not set
    int64_t to = 0;
  };
  // SetAlias by a person's decision; the history says so.
  Result<Move> Promote(const std::string& name, const std::string& alias, int64_t version,
                       const std::string& principal);
  // Back to the version the alias named before the present one, however it came there: as an undo,
  // so a second one goes back one further. kNotFound: there is none left that still exists.
  Result<Move> Rollback(const std::string& name, const std::string& alias,
                        const std::string& principal);
  // The decision that holds an alias: its last move, if that was to an older version than there was
  // at the time (a rollback, a promotion of an old version). Training moves no such alias;
  // promoting the newest version lets it go. None: nothing holds it.
  Result<std::optional<RegistryAudit>> HeldBy(const std::string& name, const std::string& alias);
  // Newest first, also under the names that the model had before.
  Result<std::vector<RegistryAudit>> History(const std::string& name);

 private:
  // Runs `work` as one write and tells watchers of this process when it is durable.
  template <typename Work>
  auto Change(Work&& work);

  std::shared_ptr<MetaConnection> connection_;
  const Clock& clock_;
};

}  // namespace millpond::platform
