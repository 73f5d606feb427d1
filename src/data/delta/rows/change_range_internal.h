// Which versions of a table a change feed can be read for, and as which columns.
#pragma once

#include <map>

#include "data/delta/log/log_store.h"
#include "data/delta/rows/change_feed.h"

namespace millpond::data {

// Times of the commits that the log has, by version; in-commit timestamps not regarded.
std::map<int64_t, Micros> LogFileTimes(const LogListing& listing);

// All of the range is there, keeps a feed (unless it is derived), and reads as `end`'s columns.
Status CheckChangeRange(DeltaTable& table, const LogStore& log, const LogListing& listing,
                        const ChangeRange& range, const Snapshot& end);

}  // namespace millpond::data
