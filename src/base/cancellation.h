// A flag that long work looks at between steps. Copies share the flag; a default-made token can
// be cancelled too. Cancelling never blocks and may come from a signal handler.
#pragma once

#include <atomic>
#include <memory>

#include "base/result.h"

namespace millpond {

class CancellationToken {
 public:
  CancellationToken() : cancelled_(std::make_shared<std::atomic<bool>>(false)) {}

  void Cancel() const { cancelled_->store(true, std::memory_order_relaxed); }
  bool cancelled() const { return cancelled_->load(std::memory_order_relaxed); }

  // An error of kind kCancelled once Cancel() was called.
  Status Check() const {
    if (cancelled()) return Fail(ErrorKind::kCancelled, "cancelled");
    return OkStatus();
  }

 private:
  std::shared_ptr<std::atomic<bool>> cancelled_;
};

}  // namespace millpond
