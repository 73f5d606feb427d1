// SQL reads files only under declared roots (Workspace::readable_roots). One check for everybody
// who takes a path from SQL: read_files, delta_scan('p'), delta.`p`.
#pragma once

#include <string>

#include "base/result.h"

namespace millpond::data {

struct Workspace;

// The absolute path meant by `path` (relative ones start at the project's folder; s3://bucket/key
// is one, and s3a:// means the same), symbolic links and ".." resolved. kPermissionDenied if it
// lies under no readable root: the message names the roots and how to declare one. A path that does
// not exist is judged by its nearest existing parent.
Result<std::string> ResolveReadablePath(const Workspace& workspace, const std::string& path);

// The same for a file that is read as it is (read_files). The state folder is not for that: its
// tables are read by name, and what else lies there (meta.db, models, spilled rows) by its own
// commands. kPermissionDenied says so.
Result<std::string> ResolveReadableFile(const Workspace& workspace, const std::string& path);

// Whether two paths of folders that exist lead to one.
bool IsSamePlace(const std::string& a, const std::string& b);

}  // namespace millpond::data
