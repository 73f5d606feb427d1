// Where a table's log may send its readers. A log is data that others wrote: an absolute path, ".."
// or a symbolic link in it must not open what the reader's user was not meant to see.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/delta/log/snapshot.h"

namespace millpond::data {

// The absolute path with ".." and symbolic links resolved as far as it exists. A path of an object
// store has neither: one with "." or ".." in it is kInvalidArgument.
Result<std::string> CanonicalPath(const std::string& path);
// Both canonical.
bool IsUnder(const std::string& path, const std::string& root);

// What to open for a live file of the snapshot. kPermissionDenied: it lies neither under the
// table's folder nor under one of the roots that the table was opened with.
Result<std::string> DataFilePath(const Snapshot& snapshot, size_t file);

// May this file, which the snapshot's log names, be opened? kPermissionDenied as above.
Status CheckPath(const Snapshot& snapshot, const std::string& path);

// The same for every file whose path in the log leaves the table's folder: before any is read.
Status CheckDataPaths(const Snapshot& snapshot);

}  // namespace millpond::data
