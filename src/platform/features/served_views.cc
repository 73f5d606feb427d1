#include "platform/features/served_views.h"

#include <mutex>
#include <utility>

namespace millpond::platform {
namespace {

std::string Lower(std::string name) {
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return name;
}

}  // namespace

std::shared_ptr<OnlineView> ServedViews::Find(const std::string& name, int64_t version) const {
  std::shared_lock lock(mutex_);
  const auto found = views_.find(Lower(name));
  if (found == views_.end()) return nullptr;
  const Versions& versions = found->second;
  for (const auto& view : {versions.newest, versions.before}) {
    if (view && (version == 0 || view->definition().version == version)) return view;
  }
  return nullptr;
}

std::vector<std::shared_ptr<OnlineView>> ServedViews::All() const {
  std::shared_lock lock(mutex_);
  std::vector<std::shared_ptr<OnlineView>> all;
  for (const auto& [name, versions] : views_) all.push_back(versions.newest);
  return all;
}

void ServedViews::Put(std::shared_ptr<OnlineView> view) {
  std::string name = Lower(view->definition().name);
  std::lock_guard lock(mutex_);
  Versions& versions = views_[std::move(name)];
  versions.before = std::exchange(versions.newest, std::move(view));
}

std::string ServedViews::Names() const {
  std::string names;
  for (const auto& view : All()) names += (names.empty() ? "" : ", ") + view->definition().name;
  return names.empty() ? "none" : names;
}

}  // namespace millpond::platform
