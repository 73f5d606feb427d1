#include "pipeline/flows/flow_turn.h"

#include "data/catalog/workspace.h"

namespace millpond::pipeline {

// Two locks: who is next waits for the turn while holding the place in front of the door. Without
// it, somebody with a pass after every pass would win against who looks every few milliseconds.
Result<FlowTurn> FlowTurn::Take(const data::Workspace& workspace,
                                const CancellationToken& cancellation,
                                const std::function<void(const std::string&)>& on_wait) {
  std::string dir = JoinPath(workspace.state_dir, "state");
  MP_RETURN_IF_ERROR(workspace.env.fs.CreateDirectories(dir));
  constexpr std::string_view kWhat = "run of this project's flows";
  bool told = false;
  LockWait wait{.cancellation = cancellation};
  wait.on_wait = [&](const std::string& message) {
    if (on_wait && !told) on_wait(message);
    told = true;
  };
  MP_ASSIGN_OR_RETURN(auto next, FileLock::Acquire(JoinPath(dir, "flows.next"), kWhat, wait));
  MP_ASSIGN_OR_RETURN(auto turn, FileLock::Acquire(JoinPath(dir, "flows.turn"), kWhat, wait));
  return FlowTurn(std::move(turn));
}

}  // namespace millpond::pipeline
