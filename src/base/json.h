// JSON as a tree, by nlohmann-json: for configuration, log actions and small documents. Include
// base/json_fwd.h in headers.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "base/json_fwd.h"
#include "base/result.h"

namespace millpond {

// `what` names the text in the error ("file x.json"); the error gives line and column.
Result<Json> ParseJson(std::string_view text, std::string_view what);

// Compact, keys in order of insertion for OrderedJson, sorted for Json; invalid UTF-8 is replaced.
std::string DumpJson(const Json& json);
std::string DumpJson(const OrderedJson& json);

}  // namespace millpond
