// The text of the log: one JSON object a line (PROTOCOL.md, "Delta Log Entries"). Pure functions.
// Unknown actions and fields are ignored; a line that is not JSON, or an action without what it
// cannot do without, is kCorrupt and named by file and line.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "data/delta/metadata/actions.h"

namespace millpond::data {

// commitInfo.tags of our commits: how many actions there are, commitInfo included. A commit that
// was cut at a line's end is whole JSON, and is found out by it.
inline constexpr const char* kActionCountTag = "millpond.actions";

// `what` names the bytes in errors ("_delta_log/00000000000000000007.json"). The sink may stop the
// parse by an error, which is passed on.
Status ParseCommit(std::string_view bytes, std::string_view what,
                   const std::function<Status(Action)>& sink);

// The commitInfo alone, wherever it stands; an empty one if there is none.
Result<CommitInfo> ParseCommitInfo(std::string_view bytes, std::string_view what);

// One line, with its line break. kInvalidArgument: a text in it is not UTF-8.
Result<std::string> ActionLine(const Action& action);

}  // namespace millpond::data
