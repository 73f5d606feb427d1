// Table properties as a user gives them (TBLPROPERTIES).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/delta/metadata/actions.h"

namespace millpond::data {

// May a table be made with them? kUnsupported names the feature that a property would turn on,
// kInvalidArgument the property that is unknown or has a value that means nothing. Properties that
// do not begin with "delta." are the user's own, but for millpond.logCompactionInterval. Tables of
// other writers are read whatever their properties say.
Status CheckProperties(const StringMap& properties);

// "interval 7 days" and the like, in milliseconds; nullopt if it is none.
std::optional<int64_t> ParseInterval(std::string_view text);

// The columns that a list such as "a, `b`.c" names, dotted, as delta.dataSkippingStatsColumns has
// them.
std::vector<std::string> ParseColumnList(std::string_view list);

// "128mb", "1g", "65536" and the like, in bytes; nullopt if it is none, or no size above 0.
std::optional<int64_t> ParseSize(std::string_view text);

}  // namespace millpond::data
