// Shallow clones: a table of its own log whose first files are those of another table's version,
// named by absolute paths; deletion vectors likewise. Nothing is copied: what either table writes
// afterwards is its own, but who removes the source's old files (VACUUM) takes them from the clone
// too.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "data/delta/commit/write.h"
#include "data/delta/log/table.h"

namespace millpond::data {

struct CloneOptions {
  std::string source_name;    // for the history
  StringMap properties = {};  // in place of the source's
  std::optional<std::string> description = {};
};

// A new table at `path`, version 0. Errors as CreateTableFrom's; kNotFound: files of that version
// of the source are gone.
Result<CreatedTable> CreateShallowClone(const Environment& env, std::string path,
                                        const Snapshot& source, const CloneOptions& options,
                                        DataRoots roots = nullptr);

// A table that is there becomes the clone, as one commit; its id stays, its protocol only grows.
Result<CommitResult> ReplaceByShallowClone(DeltaTable table, const Snapshot& source,
                                           const CloneOptions& options);

}  // namespace millpond::data
