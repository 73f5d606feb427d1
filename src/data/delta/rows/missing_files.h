// Data files and deletion vectors that the log names and that are not there any more, by VACUUM or
// by hand.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/environment.h"
#include "data/delta/log/snapshot.h"

namespace millpond::data {

// kNotFound, which names the file at `path` and says which versions can still be read.
Error FileIsGone(const Environment& env, const Snapshot& snapshot, const std::string& path);
// The same of a version that is not at hand.
Error FileIsGone(const Environment& env, const std::string& table_path, int64_t version,
                 const std::string& path);

// Looks for these files of the snapshot and their deletion vectors. kNotFound: as FileIsGone, with
// how many are missing and that the version cannot be `what` ("restored").
Status CheckFilesThere(const Environment& env, const Snapshot& snapshot,
                       const std::vector<size_t>& files, std::string_view what);

}  // namespace millpond::data
