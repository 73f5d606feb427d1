// jobs/*.yml of a project: what is done when nobody is looking. The file's name is the job's.
//
//   description: tables, features, models and scores, every night
//   schedule: {cron: "15 2 * * *"}      # UTC, on the project's clock; or
//   schedule: {on_commit: [main.shop.orders], quiet_s: 30, max_wait_s: 600}     # or
//   schedule: {after: [nightly]}        # when a run of that job has succeeded; or none: by hand
//   task: {kind: run}
//   retry: {attempts: 3, backoff_s: 30, max_backoff_s: 3600}
//   timeout_s: 86400
//
// A definition is a value; reading one touches no table. Every complaint names file, line and
// column; unknown keys are refused and the nearest known one is named. docs/jobs.md has the keys.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fs/filesystem.h"
#include "base/result.h"
#include "platform/jobs/cron.h"
#include "platform/jobs/task_kind.h"

namespace millpond::platform {

struct JobSchedule {
  std::optional<CronSchedule> cron = std::nullopt;
  std::vector<std::string> on_commit = {};   // full names of tables, in lower case
  Micros quiet = 30 * kMicrosPerSecond;      // after the last commit …
  Micros max_wait = 600 * kMicrosPerSecond;  // … but no longer than this after the first one
  std::vector<std::string> after = {};       // jobs

  // "15 2 * * *", "on commit to main.shop.orders", "after nightly", "by hand".
  std::string ToString() const;
};

struct RetryPolicy {
  int attempts = 3;  // in all; 1: no retry
  Micros backoff = 30 * kMicrosPerSecond;
  Micros max_backoff = 3600 * kMicrosPerSecond;

  // Between the end of this attempt and the next one: backoff, then twice as long each time.
  Micros BackoffAfter(int attempt) const;
};

struct JobDefinition {
  std::string name = {};
  std::string description = {};
  std::string file = {};
  std::string text = {};  // the whole file
  JobSchedule schedule = {};
  std::string task_kind = {};
  std::shared_ptr<Task> task = nullptr;
  RetryPolicy retry = {};
  Micros timeout = kMicrosPerDay;
};

Result<JobDefinition> ParseJobDefinition(const std::string& text, const std::string& file,
                                         const TaskKinds& kinds);

struct JobProblem {
  std::string job;
  std::string file;
  Error error;
};

// Every *.yml of a folder, by name; a missing folder holds no jobs. What is wrong with one file
// keeps none of the others away.
struct JobFolder {
  std::vector<JobDefinition> jobs = {};
  std::vector<JobProblem> problems = {};

  const JobDefinition* Find(std::string_view name) const;  // null: none
  // The job, or why there is none of that name: its file's problem, or the nearest name.
  Result<const JobDefinition*> Require(std::string_view name, const std::string& dir) const;
};
Result<JobFolder> LoadJobs(FileSystem& fs, const std::string& dir, const TaskKinds& kinds);

}  // namespace millpond::platform
