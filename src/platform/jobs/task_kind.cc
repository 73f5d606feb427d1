#include "platform/jobs/task_kind.h"

namespace millpond::platform {

const TaskKind* TaskKinds::Find(std::string_view name) const {
  for (const auto& kind : kinds_) {
    if (kind->name() == name) return kind.get();
  }
  return nullptr;
}

std::vector<std::string> TaskKinds::names() const {
  std::vector<std::string> names;
  for (const auto& kind : kinds_) names.push_back(kind->name());
  return names;
}

}  // namespace millpond::platform
