// Whether a table's history is rewritten: then the rows that a feature at T is computed from today
// need not be those that were there at T, whatever KNOWN AT claims.
#pragma once

#include <optional>
#include <string>

#include "base/environment.h"
#include "base/result.h"
#include "data/delta/log/snapshot.h"

namespace millpond::platform {

struct RemovedFile {
  int64_t version = 0;
  bool data_change = true;  // false: its rows were only moved to another file
};

// The first file that a version in (after, snapshot's] removed. `data_only`: pass over those whose
// rows were only moved. A version whose log is gone (cleaned up behind a checkpoint) is an error
// unless `skip_missing`.
struct RemovalSearch {
  int64_t after = -1;
  bool data_only = false;
  bool skip_missing = false;
};
Result<std::optional<RemovedFile>> FirstRemoval(const Environment& env,
                                                const data::Snapshot& snapshot,
                                                const RemovalSearch& search);

// Why the table's rows of yesterday cannot be relied on; nothing if it only ever grew. A
// materialized view restates by what it is, also before its first recomputation.
Result<std::optional<std::string>> WhyItRestates(const Environment& env,
                                                 const data::Snapshot& snapshot);

}  // namespace millpond::platform
