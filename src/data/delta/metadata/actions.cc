#include "data/delta/metadata/actions.h"

namespace millpond::data {

bool Metadata::IsEnabled(const std::string& key) const {
  auto found = configuration.find(key);
  return found != configuration.end() && EqualNames(found->second, "true");
}

std::string DeletionVector::UniqueId() const {
  std::string id = storage_type + path_or_inline;
  if (offset) id += fmt::format("@{}", *offset);
  return id;
}

}  // namespace millpond::data
