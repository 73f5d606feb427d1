#include "pipeline/flows/flow_state.h"

#include <algorithm>
#include <charconv>

#include "data/catalog/workspace.h"

namespace millpond::pipeline {
namespace {

// Every so many epochs a plan carries the list of all files before it.
constexpr int64_t kSeenEvery = 32;
constexpr int64_t kKeptPlans = 64;

// The n of <before>n<after>; nothing for another name.
std::optional<int64_t> NumberIn(std::string_view name, std::string_view before,
                                std::string_view after) {
  if (!name.starts_with(before) || !name.ends_with(after)) return std::nullopt;
  name.remove_prefix(before.size());
  name.remove_suffix(std::min(after.size(), name.size()));
  int64_t number = 0;
  auto parsed = std::from_chars(name.data(), name.data() + name.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != name.data() + name.size()) return std::nullopt;
  return number;
}

}  // namespace

std::string FlowStateDir(const data::Workspace& workspace, const std::string& flow) {
  return JoinPath(JoinPath(JoinPath(workspace.state_dir, "state"), "flows"), flow);
}

std::string FlowState::GenerationDir(int64_t generation) const {
  return JoinPath(dir_, fmt::format("g{:06}", generation));
}

std::string FlowState::PlanPath(int64_t generation, int64_t epoch) const {
  return JoinPath(GenerationDir(generation), fmt::format("plan-{:09}.json", epoch));
}

// The greatest n among entries named <before>n<after>; 0 if there is none.
Result<int64_t> FlowState::NewestNumber(const std::string& dir, std::string_view before,
                                        std::string_view after) const {
  auto entries = env_.fs.List(dir);
  if (!entries.has_value()) {
    if (entries.error().kind() == ErrorKind::kNotFound) return 0;
    return std::unexpected(entries.error());
  }
  int64_t newest = 0;
  for (const FileInfo& entry : *entries) {
    newest = std::max(newest, NumberIn(FileName(entry.path), before, after).value_or(0));
  }
  return newest;
}

Result<EpochPlan> FlowState::ReadPlan(int64_t epoch) const {
  return ReadPlanAt(PlanPath(generation(), epoch));
}

Result<EpochPlan> FlowState::ReadPlanAt(const std::string& path) const {
  MP_ASSIGN_OR_RETURN(std::string text, env_.fs.ReadFile(path));
  return PlanFromJson(text, path);
}

Result<int64_t> FlowState::NewestEpoch(int64_t generation) const {
  return NewestNumber(GenerationDir(generation), "plan-", ".json");
}

Result<int64_t> FlowState::NewestGeneration() const {
  MP_ASSIGN_OR_RETURN(int64_t generation, NewestNumber(dir_, "g", ""));
  for (; generation > 0; --generation) {
    MP_ASSIGN_OR_RETURN(int64_t epoch, NewestEpoch(generation));
    if (epoch > 0) break;  // a folder without a plan is of a generation that never began
  }
  return generation;
}

Result<FlowState> FlowState::Open(const data::Workspace& workspace, const std::string& flow) {
  FlowState state(workspace.env, FlowStateDir(workspace, flow));
  MP_ASSIGN_OR_RETURN(int64_t generation, state.NewestGeneration());
  if (generation == 0) return state;
  MP_ASSIGN_OR_RETURN(int64_t epoch, state.NewestEpoch(generation));
  MP_ASSIGN_OR_RETURN(state.last_, state.ReadPlanAt(state.PlanPath(generation, epoch)));
  return state;
}

Result<std::map<std::string, PlannedFile>> FlowState::SeenFiles(EpochPlan plan) const {
  std::map<std::string, PlannedFile> seen;
  while (true) {
    for (const PlannedInput& input : plan.inputs) {
      // Of pushed rows each plan knows by itself how far they were read.
      if (!input.stream || input.read_through.has_value()) continue;
      for (const PlannedFile& file : input.files) seen.emplace(file.name, file);
    }
    if (plan.seen.has_value()) {
      for (const PlannedFile& file : *plan.seen) seen.emplace(file.name, file);
      return seen;
    }
    if (plan.previous == 0) return seen;
    MP_ASSIGN_OR_RETURN(plan, ReadPlanAt(PlanPath(plan.generation, plan.previous)));
  }
}

Status FlowState::WritePlan(EpochPlan plan) {
  if (plan.epoch % kSeenEvery == 0 && plan.previous > 0) {
    MP_ASSIGN_OR_RETURN(EpochPlan before, ReadPlanAt(PlanPath(plan.generation, plan.previous)));
    MP_ASSIGN_OR_RETURN(auto seen, SeenFiles(std::move(before)));
    plan.seen.emplace();
    for (auto& [name, file] : seen) plan.seen->push_back(file);
  }
  std::string path = PlanPath(plan.generation, plan.epoch);
  std::string text = PlanToJson(plan);
  MP_RETURN_IF_ERROR(env_.fs.CreateDirectories(GenerationDir(plan.generation)));
  Status put = env_.fs.PutIfAbsent(path, text);
  if (!put.has_value()) {
    if (put.error().kind() == ErrorKind::kAlreadyExists) {
      return Fail(ErrorKind::kConflict, "another process runs flow {}: it has planned epoch {} too",
                  plan.flow, plan.epoch);
    }
    // It may stand there all the same: then the next run finds and runs it.
    return put;
  }
  last_ = std::move(plan);
  return OkStatus();
}

Status FlowState::CheckNewest(const EpochPlan& plan) const {
  MP_ASSIGN_OR_RETURN(int64_t generation, NewestGeneration());
  if (generation <= plan.generation) return OkStatus();
  return Fail(ErrorKind::kConflict,
              "flow {} was refreshed by another process: generation {} ends here, {} goes on",
              plan.flow, plan.generation, generation);
}

void FlowState::RemoveOld() const {
  if (!last_.has_value() || !last_->seen.has_value()) return;
  auto entries = env_.fs.List(GenerationDir(last_->generation));
  if (!entries.has_value()) return;
  for (const FileInfo& entry : *entries) {
    std::string_view name = FileName(entry.path);
    auto epoch = NumberIn(name, "plan-", ".json");
    if (!epoch.has_value()) epoch = NumberIn(name, "outcome-", ".json");
    if (!epoch.has_value() || *epoch >= last_->epoch - kKeptPlans) continue;
    (void)env_.fs.Remove(entry.path);  // tried again 32 epochs later
  }
}

Status FlowState::WriteOutcome(const EpochPlan& plan, const EpochOutcome& outcome) {
  return env_.fs.ReplaceFile(
      JoinPath(GenerationDir(plan.generation), fmt::format("outcome-{:09}.json", plan.epoch)),
      OutcomeToJson(outcome));
}

Result<std::optional<EpochOutcome>> FlowState::ReadOutcome(const EpochPlan& plan) const {
  std::string path =
      JoinPath(GenerationDir(plan.generation), fmt::format("outcome-{:09}.json", plan.epoch));
  auto text = env_.fs.ReadFile(path);
  if (!text.has_value()) {
    if (text.error().kind() == ErrorKind::kNotFound) return std::nullopt;
    return std::unexpected(text.error());
  }
  MP_ASSIGN_OR_RETURN(EpochOutcome outcome, OutcomeFromJson(*text, path));
  return outcome;
}

}  // namespace millpond::pipeline
