// Who serves a model wants to know at once that an alias has moved. Every change of the registry
// has a number that grows, in whichever process it was made.
//
//   int64_t seen = *watch.ChangeNumber();
//   while (…) {
//     MP_ASSIGN_OR_RETURN(int64_t now, watch.WaitForChange(seen, 1000));
//     if (now != seen) LookAtTheAliases();
//     seen = now;
//   }
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "platform/tracking/tracking_store.h"

namespace millpond::platform {

class RegistryWatch {
 public:
  explicit RegistryWatch(const TrackingStore& store) : connection_(store.connection()) {}

  // The number of the last change that is durable; 0: none yet. Some ten microseconds: a look into
  // meta.db. Thread-safe.
  Result<int64_t> ChangeNumber();

  // Returns the change number as soon as it is not `seen` any more, or `seen` after `timeout_ms`. A
  // change of this process is seen at once, one of another process within 50 ms. Thread-safe.
  Result<int64_t> WaitForChange(int64_t seen, int64_t timeout_ms);

 private:
  std::shared_ptr<MetaConnection> connection_;
};

}  // namespace millpond::platform
