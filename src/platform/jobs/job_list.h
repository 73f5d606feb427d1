// What a person wants to know of a project's jobs at a glance: for `millpond jobs list`, for GET
// /api/jobs and for a page.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "platform/jobs/job_definition.h"
#include "platform/jobs/job_runs.h"

namespace millpond::platform {

struct JobStatus {
  std::string job = {};
  std::string description = {};
  std::string task = {};  // its kind
  std::string schedule = {};
  std::optional<Micros> next_tick = std::nullopt;  // on the project's clock
  std::string next = {};   // the same for a person; or why there is no moment: "at the next commit"
  std::string state = {};  // of the run at hand: "running", "waiting", or of the last one; "": none
  std::optional<JobRun> at_hand = std::nullopt;  // running, else waiting
  std::optional<JobRun> last = std::nullopt;     // finished
  std::string problem = {};                      // what is wrong with its file; "": nothing
};

// By name. A job whose file cannot be read is there with its problem.
Result<std::vector<JobStatus>> ListJobs(const JobFolder& folder, JobRuns& runs,
                                        const Clock& project_clock);

OrderedJson ToJson(const JobStatus& status);
OrderedJson ToJson(const JobRun& run);

}  // namespace millpond::platform
