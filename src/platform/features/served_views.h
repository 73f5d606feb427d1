// The views that are served, by name without regard to case: the newest version of each, and the
// one before, which reads on from the snapshot of its last head while others move to the newest.
// Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include "platform/features/online_view_state.h"

namespace millpond::platform {

class ServedViews {
 public:
  // version 0: the newest. Null: not served, or not in that version.
  std::shared_ptr<OnlineView> Find(const std::string& name, int64_t version = 0) const;
  std::vector<std::shared_ptr<OnlineView>> All() const;  // the newest, by name
  void Put(std::shared_ptr<OnlineView> view);
  std::string Names() const;  // "a, b", or "none"

 private:
  struct Versions {
    std::shared_ptr<OnlineView> newest;
    std::shared_ptr<OnlineView> before;
  };

  mutable std::shared_mutex mutex_;
  std::map<std::string, Versions> views_;  // by name in lower case
};

}  // namespace millpond::platform
