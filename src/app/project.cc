#include "app/project.h"

#include <filesystem>

#include "app/stores.h"
#include "base/fs/local_filesystem.h"
#include "base/json.h"
#include "platform/features/feature_store.h"

namespace millpond::app {
namespace {

// The first engine has half of the budget; two runs beside it leave a quarter for what else there
// is.
constexpr int64_t kShareOfQueriesBeside = 8;

// The anchor of an offset clock is written once, so that the clock runs on over restarts.
Result<Micros> ClockAnchor(FileSystem& fs, const std::string& state_dir, Micros now) {
  std::string file = JoinPath(state_dir, "clock.json");
  Status put = fs.PutIfAbsent(file, DumpJson(Json{{"anchor", FormatTimestamp(now)}}) + "\n");
  if (put.has_value()) return now;
  if (put.error().kind() != ErrorKind::kAlreadyExists) return std::unexpected<Error>(put.error());
  MP_ASSIGN_OR_RETURN(std::string text, fs.ReadFile(file));
  MP_ASSIGN_OR_RETURN(auto json, ParseJson(text, file));
  auto anchor = json.find("anchor");
  if (!json.is_object() || anchor == json.end() || !anchor->is_string()) {
    return Fail(ErrorKind::kCorrupt, "{} has no 'anchor'; remove it to let the clock start anew",
                file);
  }
  return ParseTimestamp(anchor->get<std::string>());
}

Result<std::unique_ptr<Clock>> MakeClock(FileSystem& fs, const ProjectConfig& config) {
  if (config.clock_kind == ClockKind::kFixed) return std::make_unique<FixedClock>(config.clock_at);
  if (config.clock_kind == ClockKind::kSystem) return std::make_unique<SystemClock>();
  MP_ASSIGN_OR_RETURN(Micros anchor, ClockAnchor(fs, config.state_dir, SystemClock().Now()));
  return std::make_unique<OffsetClock>(config.clock_at, anchor);
}

Status Override(ProjectConfig& config, const ProjectOverrides& overrides) {
  if (!overrides.state_dir.empty()) {
    config.state_dir = std::filesystem::absolute(overrides.state_dir).lexically_normal().string();
    while (config.state_dir.size() > 1 && config.state_dir.ends_with('/'))
      config.state_dir.pop_back();
  }
  if (overrides.clock_at) {
    if (config.clock_kind == ClockKind::kSystem) {
      return Fail(
          ErrorKind::kInvalidArgument,
          "--clock-at moves the clock, which only a project with 'mode: demo' and a 'clock' may; "
          "project '{}' runs on the system's",
          config.name);
    }
    config.clock_kind = ClockKind::kFixed;
    MP_ASSIGN_OR_RETURN(config.clock_at, ParseTimestamp(*overrides.clock_at));
  }
  return OkStatus();
}

}  // namespace

Result<std::unique_ptr<Project>> Project::Open(const std::string& dir,
                                               const ProjectOverrides& overrides,
                                               CancellationToken cancellation) {
  std::unique_ptr<Project> project(new Project());
  MP_ASSIGN_OR_RETURN(project->config_, LoadProjectConfig(*MakeLocalFileSystem(), dir));
  MP_RETURN_IF_ERROR(Override(project->config_, overrides));
  if (project->config_.warehouse_dir.empty()) {
    project->config_.warehouse_dir = JoinPath(project->config_.state_dir, "warehouse");
  }
  project->arbiter_ = std::make_shared<Arbiter>(ResourceLimits{
      .memory_bytes = project->config_.memory_limit_bytes, .threads = project->config_.threads});
  project->store_requests_ = std::make_shared<RequestCounts>();
  MP_RETURN_IF_ERROR(project->Start(std::move(cancellation)));
  MP_RETURN_IF_ERROR(project->WireSql({}));
  return project;
}

Result<std::unique_ptr<Project>> Project::OpenBeside(CancellationToken cancellation) const {
  std::unique_ptr<Project> project(new Project());
  project->config_ = config_;
  project->arbiter_ = arbiter_;
  project->store_requests_ = store_requests_;
  MP_RETURN_IF_ERROR(project->Start(std::move(cancellation)));
  MP_RETURN_IF_ERROR(
      project->WireSql({.memory_bytes = arbiter_->memory_bytes() / kShareOfQueriesBeside,
                        .resource_class = ResourceClass::kBatch}));
  return project;
}

Project::~Project() = default;

Status Project::Start(CancellationToken cancellation) {
  fs_ = MakeProjectFileSystem({random_, *arbiter_, *store_requests_, cancellation});
  MP_RETURN_IF_ERROR(fs_->CreateDirectories(config_.state_dir));
  MP_ASSIGN_OR_RETURN(clock_, MakeClock(*fs_, config_));
  pool_ = std::make_unique<TaskPool>(arbiter_->threads());
  env_.emplace(Environment{*fs_, *clock_, random_, *arbiter_, *pool_, std::move(cancellation)});
  data::Workspace workspace{*env_,
                            config_.name,
                            config_.project_dir,
                            config_.state_dir,
                            config_.warehouse_dir,
                            config_.readable_roots};
  MP_ASSIGN_OR_RETURN(catalog_, data::Catalog::Open(workspace));
  return OkStatus();
}

Status Project::WireSql(data::SqlOptions options) {
  MP_ASSIGN_OR_RETURN(sql_, data::SqlEngine::Open(*catalog_, options));
  sql_->Register(&read_files_);
  sql_->Register(&read_push_);
  MP_ASSIGN_OR_RETURN(features_, platform::FeatureStore::Open(*catalog_, *sql_));
  return OkStatus();
}

}  // namespace millpond::app
