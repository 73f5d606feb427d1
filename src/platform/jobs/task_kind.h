// A kind of work that a job can ask for: a pipeline run, training, scoring, an audit, a monitor.
// Declared here, implemented above, registered by app. A job's file says `task: {kind: NAME, …}`;
// what else stands in `task` is the kind's own to check.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/cancellation.h"
#include "base/clock.h"
#include "base/json_fwd.h"
#include "base/result.h"

namespace millpond::platform {

struct TaskRun {
  std::string job;
  std::string run_id;
  int attempt = 1;          // from 1; more after a failure
  Micros scheduled_at = 0;  // on the project's clock
  CancellationToken cancellation;
};

struct TaskOutcome {
  bool changed = false;
  std::string summary;  // one line for a person: "2 tables changed, 1,879 rows written"
};

class TaskKind {
 public:
  virtual ~TaskKind() = default;
  virtual std::string name() const = 0;  // "run", "score", "audit", "monitor" …
  // Unknown keys and wrong types, before anything runs. `where`: the file, for the message.
  virtual Status Check(const Json& task, const std::string& where) const = 0;
  // At most one at a time per job. Must be safe to run again after a kill at any moment.
  virtual Result<TaskOutcome> Run(const Json& task, const TaskRun& run) = 0;
};

}  // namespace millpond::platform
