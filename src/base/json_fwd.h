#pragma once

#include <nlohmann/json_fwd.hpp>

namespace millpond {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

}  // namespace millpond
