// What VACUUM may remove, found in one of two ways: by walking the table's folder (FULL), which
// also finds what no commit ever named, or by reading the log's removes (LITE), which lists
// nothing. Memory: one folder's listing, or one commit.
//
// What a walk passes over, as every other client does: names that begin with "_" or "." (the log,
// leases, other programs' folders), except change files and partitions of a column with such a
// name; and links to other folders.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "data/delta/care/vacuum_keep.h"

namespace millpond::data {

struct Garbage {
  std::string path;  // relative to the table's folder
  int64_t size_bytes = 0;
  bool is_directory = false;  // empty by then, and old
};

// Stops by an error.
using OnGarbage = std::function<Status(Garbage)>;

// Files not kept that were last written before the cutoff; after the files of a folder the folder
// itself, if it is as old and nothing in it stays.
Status FindByListing(const Environment& env, const Snapshot& latest, const KeptFiles& kept,
                     int64_t cutoff_ms, const OnGarbage& found);

// Files, deletion vectors and change files of commits that are still there, removed before the
// cutoff, not kept, on the disk.
Status FindInLog(const Environment& env, const Snapshot& latest, const KeptFiles& kept,
                 int64_t cutoff_ms, const OnGarbage& found);

struct VersionRange {
  int64_t first = 0, last = 0;
  bool operator==(const VersionRange&) const = default;
};

// Exactly the versions that the log still tells of and that need a file that may be removed, or one
// that was removed before. In order, not touching each other.
Result<std::vector<VersionRange>> FindLostVersions(const Environment& env, const Snapshot& latest,
                                                   const KeptFiles& kept, int64_t cutoff_ms);

}  // namespace millpond::data
