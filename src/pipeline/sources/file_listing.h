// Which files a read_files(…) means: a file, a folder (its files, not those of its sub-folders
// unless recursive), or a pattern with *, ? and [a-z] in any part of the path. Names that begin
// with
// '_' or '.' are left out, as Spark does: they are other programs' marks. The order is by name, so
// that two runs over the same folder read the same rows in the same order.
//
// A file is known by its name relative to the project's folder where it lies below it (and so a
// project can be moved), by its absolute path elsewhere.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace millpond {
struct Environment;
}
namespace millpond::data {
struct Workspace;
}

namespace millpond::pipeline {

struct SourceFile {
  std::string name;  // what the user sees in column `file`, and the key of the read offset
  std::string path;  // absolute
  int64_t size_bytes = 0;
  Micros modified = 0;

  bool operator==(const SourceFile&) const = default;
};

// kNotFound if the path itself, or the folder of a pattern, does not exist; a pattern or folder
// without files gives an empty list. kPermissionDenied outside the readable roots.
Result<std::vector<SourceFile>> ListSourceFiles(const data::Workspace& workspace,
                                                const std::string& pattern, bool recursive);

// CRC-32 over the bytes of the file as it lies there (compressed ones stay compressed): tells a
// changed file from one that only got a new time stamp.
Result<uint32_t> FileChecksum(const Environment& env, const SourceFile& file);

}  // namespace millpond::pipeline
