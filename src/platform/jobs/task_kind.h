// A kind of work that a job can ask for: a pipeline run, training, scoring, an audit, a monitor.
// Declared here, implemented above, registered by app. A job's file says `task: {kind: NAME, …}`;
// what else stands in `task` is the kind's own to read.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/cancellation.h"
#include "base/clock.h"
#include "base/progress.h"
#include "base/result.h"
#include "base/yaml.h"

namespace millpond::platform {

struct TaskRun {
  std::string job;
  std::string run_id;
  int attempt = 1;          // from 1; more after a failure
  Micros scheduled_at = 0;  // on the project's clock
  CancellationToken cancellation = {};
  Progress* progress = nullptr;  // null: nobody looks
};

struct TaskOutcome {
  bool changed = false;
  std::string summary;  // one line for a person: "2 tables changed, 1,879 rows written"
};

// What one job's file asks for, read and checked.
class Task {
 public:
  virtual ~Task() = default;
  // At most one at a time per job, on a thread whose work yields to serving. Must be safe to run
  // again after a kill at any moment, and must end soon with kCancelled after a cancellation.
  // Errors of the kinds that the user has to mend (kInvalidArgument, kUnsupported,
  // kPermissionDenied, kCorrupt) are not tried again.
  virtual Result<TaskOutcome> Run(const TaskRun& run) = 0;
};

class TaskKind {
 public:
  virtual ~TaskKind() = default;
  virtual std::string name() const = 0;  // "run", "score", "audit", "monitor" …
  // Reads the kind's own keys of `task`; `kind` has been read, and keys that stay unread are
  // refused by the caller. Touches no table. Thread-safe.
  virtual Result<std::shared_ptr<Task>> Read(MappingReader& task) const = 0;
};

// The kinds that a program knows. Filled before jobs are read, then only looked at.
class TaskKinds {
 public:
  void Add(std::unique_ptr<TaskKind> kind) { kinds_.push_back(std::move(kind)); }
  const TaskKind* Find(std::string_view name) const;  // null: none of that name
  std::vector<std::string> names() const;             // in the order of Add

 private:
  std::vector<std::unique_ptr<TaskKind>> kinds_;
};

}  // namespace millpond::platform
