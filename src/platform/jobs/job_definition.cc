#include "platform/jobs/job_definition.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/nearest_name.h"
#include "data/catalog/table_name.h"
#include "data/catalog/warehouse.h"

namespace millpond::platform {
namespace {

constexpr double kMaxSeconds = 30.0 * 24 * 3600;
constexpr int64_t kMaxAttempts = 100;
constexpr size_t kMaxName = 64;

std::string DidYouMean(std::string_view name, const std::vector<std::string>& known) {
  const std::string nearest = NearestName(name, known);
  return nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest);
}

// The file's name is the job's: it stands in paths, in URLs and on command lines.
Result<std::string> NameOf(const std::string& file) {
  std::string name(FileName(file));
  name = name.substr(0, name.rfind('.'));
  const bool plain = std::ranges::all_of(
      name, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-'; });
  if (plain && !name.empty() && name.size() <= kMaxName) return name;
  return Fail(ErrorKind::kInvalidArgument,
              "{}: the file's name is the job's, so it has 1 to {} letters, digits, '_' and '-', "
              "then .yml",
              file, kMaxName);
}

// A number of seconds, as the keys that end in _s have it.
Result<Micros> Seconds(MappingReader& reader, const std::string& key, Micros fallback,
                       bool may_be_zero) {
  const auto node = reader.Find(key);
  if (!node) return fallback;
  MP_ASSIGN_OR_RETURN(double seconds, node->AsDouble());
  if (!(seconds >= 0) || seconds > kMaxSeconds || (seconds == 0 && !may_be_zero)) {
    return node->Complain(fmt::format("{} is a number of seconds, {} 0 and at most {:.0f}", key,
                                      may_be_zero ? "at least" : "more than", kMaxSeconds));
  }
  return static_cast<Micros>(std::llround(seconds * static_cast<double>(kMicrosPerSecond)));
}

Status ReadOnCommit(MappingReader& reader, const YamlNode& node, JobSchedule& schedule) {
  MP_ASSIGN_OR_RETURN(auto tables, node.AsList());
  if (tables.empty()) return node.Complain("on_commit names no table");
  for (const YamlNode& table : tables) {
    MP_ASSIGN_OR_RETURN(std::string text, table.AsString());
    const auto name = data::ParseTableName(text);
    if (!name) return table.Complain(name.error().message());
    schedule.on_commit.push_back(data::FoldCase(*name).ToString());
  }
  MP_ASSIGN_OR_RETURN(schedule.quiet, Seconds(reader, "quiet_s", schedule.quiet, true));
  MP_ASSIGN_OR_RETURN(
      schedule.max_wait,
      Seconds(reader, "max_wait_s", std::max(schedule.max_wait, schedule.quiet), true));
  if (schedule.max_wait >= schedule.quiet) return OkStatus();
  return reader.Find("max_wait_s")->Complain("max_wait_s is shorter than quiet_s");
}

Status ReadSchedule(const YamlNode& node, JobSchedule& schedule) {
  MP_ASSIGN_OR_RETURN(auto reader, MappingReader::Open(node));
  const auto cron = reader.Find("cron");
  const auto on_commit = reader.Find("on_commit");
  const auto after = reader.Find("after");
  if (cron.has_value() + on_commit.has_value() + after.has_value() > 1) {
    return node.Complain(
        "a job has one trigger: cron, on_commit or after; write a second job for a second one");
  }
  if (cron) {
    MP_ASSIGN_OR_RETURN(std::string text, cron->AsString());
    auto parsed = CronSchedule::Parse(text);
    if (!parsed) return cron->Complain(parsed.error().message());
    schedule.cron = std::move(*parsed);
  }
  if (on_commit) MP_RETURN_IF_ERROR(ReadOnCommit(reader, *on_commit, schedule));
  if (after) {
    MP_ASSIGN_OR_RETURN(schedule.after, reader.Strings("after"));
    if (schedule.after.empty()) return after->Complain("after names no job");
  }
  MP_RETURN_IF_ERROR(reader.Finish());
  if (cron || on_commit || after) return OkStatus();
  return node.Complain("a schedule says cron, on_commit or after; a job by hand has no schedule");
}

Status ReadTask(const YamlNode& node, const TaskKinds& kinds, JobDefinition& job) {
  MP_ASSIGN_OR_RETURN(auto reader, MappingReader::Open(node));
  MP_ASSIGN_OR_RETURN(auto kind, reader.Require("kind"));
  MP_ASSIGN_OR_RETURN(job.task_kind, kind.AsString());
  const TaskKind* found = kinds.Find(job.task_kind);
  if (found == nullptr) {
    return kind.Complain(fmt::format("there is no kind of task '{}'; there are {}{}", job.task_kind,
                                     fmt::join(kinds.names(), ", "),
                                     DidYouMean(job.task_kind, kinds.names())));
  }
  MP_ASSIGN_OR_RETURN(job.task, found->Read(reader));
  return reader.Finish();
}

Status ReadRetry(const YamlNode& node, RetryPolicy& retry) {
  MP_ASSIGN_OR_RETURN(auto reader, MappingReader::Open(node));
  MP_ASSIGN_OR_RETURN(int64_t attempts, reader.Int("attempts", retry.attempts));
  if (attempts < 1 || attempts > kMaxAttempts) {
    return reader.Find("attempts")
        ->Complain(fmt::format("attempts is 1 to {}; 1: no retry", kMaxAttempts));
  }
  retry.attempts = static_cast<int>(attempts);
  MP_ASSIGN_OR_RETURN(retry.backoff, Seconds(reader, "backoff_s", retry.backoff, true));
  MP_ASSIGN_OR_RETURN(retry.max_backoff, Seconds(reader, "max_backoff_s",
                                                 std::max(retry.max_backoff, retry.backoff), true));
  if (retry.max_backoff < retry.backoff) {
    return reader.Find("max_backoff_s")->Complain("max_backoff_s is shorter than backoff_s");
  }
  return reader.Finish();
}

// Where a job runs after others, those must be there, and must not wait for it in turn.
std::optional<Error> CheckAfter(const JobDefinition& job, const JobFolder& folder) {
  std::vector<std::string> names;
  for (const auto& other : folder.jobs) names.push_back(other.name);
  for (const auto& problem : folder.problems) names.push_back(problem.job);
  for (const std::string& name : job.schedule.after) {
    if (std::ranges::find(names, name) != names.end()) continue;
    return Error(ErrorKind::kInvalidArgument,
                 fmt::format("{}: it runs after '{}', and there is no such job{}", job.file, name,
                             DidYouMean(name, names)));
  }
  std::set<std::string> seen;
  std::vector<std::string> open = job.schedule.after;
  while (!open.empty()) {
    const std::string name = open.back();
    open.pop_back();
    if (name == job.name) {
      return Error(ErrorKind::kInvalidArgument,
                   fmt::format("{}: it runs after {}, which runs after it: neither would ever end",
                               job.file, fmt::join(job.schedule.after, ", ")));
    }
    if (!seen.insert(name).second) continue;
    if (const auto* other = folder.Find(name)) {
      open.insert(open.end(), other->schedule.after.begin(), other->schedule.after.end());
    }
  }
  return std::nullopt;
}

}  // namespace

std::string JobSchedule::ToString() const {
  if (cron) return cron->text();
  if (!on_commit.empty()) return fmt::format("on commit to {}", fmt::join(on_commit, ", "));
  if (!after.empty()) return fmt::format("after {}", fmt::join(after, ", "));
  return "by hand";
}

Micros RetryPolicy::BackoffAfter(int attempt) const {
  Micros wait = std::min(backoff, max_backoff);
  for (int i = 1; i < attempt && wait < max_backoff; ++i) wait = std::min(2 * wait, max_backoff);
  return wait;
}

Result<JobDefinition> ParseJobDefinition(const std::string& text, const std::string& file,
                                         const TaskKinds& kinds) {
  JobDefinition job{.file = file, .text = text};
  MP_ASSIGN_OR_RETURN(job.name, NameOf(file));
  MP_ASSIGN_OR_RETURN(auto node, YamlNode::Parse(text, file));
  MP_ASSIGN_OR_RETURN(auto reader, MappingReader::Open(node));
  MP_ASSIGN_OR_RETURN(job.description, reader.String("description", ""));
  if (const auto schedule = reader.Find("schedule")) {
    MP_RETURN_IF_ERROR(ReadSchedule(*schedule, job.schedule));
  }
  // Known before they are read, so that a misspelt 'task' is told by its nearest name.
  const auto task = reader.Find("task");
  if (const auto retry = reader.Find("retry")) MP_RETURN_IF_ERROR(ReadRetry(*retry, job.retry));
  MP_ASSIGN_OR_RETURN(job.timeout, Seconds(reader, "timeout_s", job.timeout, false));
  MP_RETURN_IF_ERROR(reader.Finish());
  if (!task) {
    return node.Complain(fmt::format("the job has no task; write task: {{kind: …}} with one of {}",
                                     fmt::join(kinds.names(), ", ")));
  }
  MP_RETURN_IF_ERROR(ReadTask(*task, kinds, job));
  return job;
}

const JobDefinition* JobFolder::Find(std::string_view name) const {
  const auto found = std::ranges::find(jobs, name, &JobDefinition::name);
  return found == jobs.end() ? nullptr : &*found;
}

Result<const JobDefinition*> JobFolder::Require(std::string_view name,
                                                const std::string& dir) const {
  if (const JobDefinition* job = Find(name)) return job;
  std::vector<std::string> names;
  for (const auto& job : jobs) names.push_back(job.name);
  for (const auto& problem : problems) {
    if (problem.job == name) return std::unexpected<Error>(problem.error);
    names.push_back(problem.job);
  }
  return Fail(ErrorKind::kNotFound, "there is no job '{}': {} does not exist{}", name,
              JoinPath(dir, fmt::format("{}.yml", name)), DidYouMean(name, names));
}

Result<JobFolder> LoadJobs(FileSystem& fs, const std::string& dir, const TaskKinds& kinds) {
  JobFolder folder;
  auto listed = fs.List(dir);
  if (!listed && listed.error().kind() == ErrorKind::kNotFound) return folder;
  if (!listed) return std::unexpected<Error>(std::move(listed).error());
  for (const FileInfo& entry : *listed) {
    const bool yaml = entry.path.ends_with(".yml") || entry.path.ends_with(".yaml");
    if (!yaml || entry.is_directory) continue;
    const std::string file_name(FileName(entry.path));
    const std::string name = file_name.substr(0, file_name.rfind('.'));
    auto job = [&]() -> Result<JobDefinition> {
      MP_ASSIGN_OR_RETURN(std::string text, fs.ReadFile(entry.path));
      MP_ASSIGN_OR_RETURN(auto parsed, ParseJobDefinition(text, entry.path, kinds));
      if (const auto* other = folder.Find(parsed.name)) {
        return Fail(ErrorKind::kInvalidArgument, "job '{}' is defined in {} and in {}", parsed.name,
                    other->file, parsed.file);
      }
      return parsed;
    }();
    if (job) {
      folder.jobs.push_back(std::move(*job));
    } else {
      folder.problems.push_back({name, entry.path, std::move(job).error()});
    }
  }
  std::vector<JobProblem> problems;
  for (const auto& job : folder.jobs) {
    if (auto error = CheckAfter(job, folder)) problems.push_back({job.name, job.file, *error});
  }
  for (auto& problem : problems) {
    std::erase_if(folder.jobs, [&](const JobDefinition& job) { return job.name == problem.job; });
    folder.problems.push_back(std::move(problem));
  }
  return folder;
}

}  // namespace millpond::platform
