// An open project: the machine (file system, clock, arbiter, threads) and the data layer wired
// together, for one command. What the layers above data need is opened by the commands that need
// it, so that `millpond sql` never waits for a model.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "app/project_config.h"
#include "base/environment.h"
#include "base/s3/request_counts.h"
#include "data/catalog/catalog.h"
#include "data/sql/session.h"
#include "pipeline/sources/push_source.h"
#include "pipeline/sources/read_files.h"

namespace millpond::platform {
class FeatureStore;
}

namespace millpond::app {

// What the command line may change about a project.
struct ProjectOverrides {
  std::string state_dir;                // --state
  std::optional<std::string> clock_at;  // --clock-at; only with mode: demo
};

class Project {
 public:
  static Result<std::unique_ptr<Project>> Open(const std::string& dir,
                                               const ProjectOverrides& overrides,
                                               CancellationToken cancellation);
  // The same project once more, for work that has a cancellation of its own beside this one's: own
  // connections and threads, the same memory budget, an eighth of it for its queries. What it
  // commits, this one's listeners find as they find another process's.
  Result<std::unique_ptr<Project>> OpenBeside(CancellationToken cancellation) const;
  ~Project();

  const ProjectConfig& config() const { return config_; }
  Micros now() const { return clock_->Now(); }
  Environment& env() { return *env_; }
  data::Catalog& catalog() { return *catalog_; }
  data::SqlEngine& sql() { return *sql_; }
  platform::FeatureStore& features() { return *features_; }
  // Of this project and those opened beside it.
  const RequestCounts& store_requests() const { return *store_requests_; }
  const std::string& warehouse_dir() const { return config_.warehouse_dir; }

  // A path below the project's folder, and one below its state.
  std::string PathOf(std::string_view name) const { return JoinPath(config_.project_dir, name); }
  std::string StatePathOf(std::string_view name) const { return JoinPath(config_.state_dir, name); }

 private:
  Project() = default;
  Status Start(CancellationToken cancellation);
  Status WireSql(data::SqlOptions options);

  ProjectConfig config_;
  SystemRandom random_;
  std::shared_ptr<Arbiter> arbiter_;               // also of those opened beside
  std::shared_ptr<RequestCounts> store_requests_;  // likewise
  std::unique_ptr<FileSystem> fs_;
  std::unique_ptr<Clock> clock_;
  std::unique_ptr<TaskPool> pool_;
  std::optional<Environment> env_;
  std::unique_ptr<data::Catalog> catalog_;
  pipeline::ReadFiles read_files_;
  pipeline::ReadPush read_push_;
  std::unique_ptr<data::SqlEngine> sql_;
  std::unique_ptr<platform::FeatureStore> features_;
};

}  // namespace millpond::app
