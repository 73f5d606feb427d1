// One row per epoch for operators: what was read, written, dropped, quarantined, how long it took.
// In meta.db, component "pipeline". A record of what happened, never needed to go on.
#pragma once

#include <string>
#include <vector>

#include "base/db/sqlite.h"
#include "pipeline/flows/epoch_plan.h"

namespace millpond::data {
struct Workspace;
}

namespace millpond::pipeline {

struct FlowEvent {
  std::string flow;
  int64_t generation = 0;
  int64_t epoch = 0;
  Micros at = 0;  // the plan's now()
  EpochOutcome outcome;
  std::string inputs;  // JSON: what the plan read
};

class EventLog {
 public:
  static Result<EventLog> Open(const data::Workspace& workspace);

  // A row that is there already stays.
  Status Record(const EpochPlan& plan, const EpochOutcome& outcome);
  Result<bool> Has(const EpochPlan& plan);
  // Oldest first; of one flow, or of all for "".
  Result<std::vector<FlowEvent>> Events(const std::string& flow);

 private:
  explicit EventLog(SqliteDatabase db) : db_(std::move(db)) {}
  SqliteDatabase db_;
};

}  // namespace millpond::pipeline
