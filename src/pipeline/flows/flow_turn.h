// Who may run a project's flows now. A server that keeps flows running and a `millpond run` beside
// it take turns: one turn is one pass over the flows, and who waits comes next, before the other's
// next pass. The kernel gives a killed holder's turn back.
#pragma once

#include <functional>
#include <string>

#include "base/cancellation.h"
#include "base/fs/file_lock.h"

namespace millpond::data {
struct Workspace;
}

namespace millpond::pipeline {

class FlowTurn {
 public:
  // Waits for it. `on_wait` hears who has it, if somebody does. kCancelled: `cancellation`.
  static Result<FlowTurn> Take(const data::Workspace& workspace,
                               const CancellationToken& cancellation,
                               const std::function<void(const std::string&)>& on_wait = nullptr);

 private:
  explicit FlowTurn(FileLock lock) : lock_(std::move(lock)) {}
  FileLock lock_;
};

}  // namespace millpond::pipeline
