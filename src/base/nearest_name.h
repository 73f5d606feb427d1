// "Did you mean …?" for whoever refuses a name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace millpond {

// The one of `known` that differs least from `name`, the first among equals; "" if none is within
// three insertions, deletions or replacements. Names of more than 128 bytes have none.
std::string NearestName(std::string_view name, const std::vector<std::string>& known);

}  // namespace millpond
