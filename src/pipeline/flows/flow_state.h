// What a flow remembers between runs: the plans of its epochs, under
// <state>/state/flows/<flow>/g000001/plan-000000001.json, and what each did (outcome-….json). A
// plan is written once and never changed; whether its epoch has committed is not kept here but
// asked of the table (its txn). A generation begins with its first plan.
// docs/formats/flow-state.md.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/environment.h"
#include "pipeline/flows/epoch_plan.h"

namespace millpond::data {
struct Workspace;
}

namespace millpond::pipeline {

class FlowState {
 public:
  static Result<FlowState> Open(const data::Workspace& workspace, const std::string& flow);

  // The newest plan of the newest generation; nothing for a flow that never ran.
  const std::optional<EpochPlan>& last() const { return last_; }
  int64_t generation() const { return last_.has_value() ? last_->generation : 0; }

  // A plan of the generation of last().
  Result<EpochPlan> ReadPlan(int64_t epoch) const;
  // All files that `plan` and those before it have read, by name.
  Result<std::map<std::string, PlannedFile>> SeenFiles(EpochPlan plan) const;

  // Durable on return, and then last(). kConflict: another process has planned this epoch.
  Status WritePlan(EpochPlan plan);
  // kConflict if another process has begun a newer generation than that of `plan`.
  Status CheckNewest(const EpochPlan& plan) const;

  // To be called when last() has committed: removes plans and outcomes that nobody needs any more,
  // so that a flow that is kept running does not fill its folder. They are all but the last 64
  // before a plan that lists the files before it. What cannot be removed stays until the next time.
  void RemoveOld() const;

  Status WriteOutcome(const EpochPlan& plan, const EpochOutcome& outcome);
  Result<std::optional<EpochOutcome>> ReadOutcome(const EpochPlan& plan) const;

 private:
  FlowState(const Environment& env, std::string dir) : env_(env), dir_(std::move(dir)) {}
  std::string GenerationDir(int64_t generation) const;
  std::string PlanPath(int64_t generation, int64_t epoch) const;
  Result<int64_t> NewestNumber(const std::string& dir, std::string_view before,
                               std::string_view after) const;
  // The newest epoch planned in a generation, and the newest generation that has a plan; 0: none.
  Result<int64_t> NewestEpoch(int64_t generation) const;
  Result<int64_t> NewestGeneration() const;
  Result<EpochPlan> ReadPlanAt(const std::string& path) const;

  Environment env_;
  std::string dir_;
  std::optional<EpochPlan> last_;
};

// The folder of a flow's state.
std::string FlowStateDir(const data::Workspace& workspace, const std::string& flow);

}  // namespace millpond::pipeline
