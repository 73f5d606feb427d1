// The hint `_last_checkpoint` (PROTOCOL.md, "Last Checkpoint File", "Last Checkpoint File Schema",
// "JSON checksum"): from where the log is listed. Who does not find what it needs there lists all
// of it. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace millpond::data {

struct LastCheckpoint {
  int64_t version = 0;
  int64_t actions = 0;
  int64_t size_bytes = 0;
  int64_t num_adds = 0;
  std::optional<std::string> v2_name = {};  // of the top file, if it is named by UUID
  int64_t v2_size_bytes = 0, v2_modification_time_ms = 0;
};

std::string FormatLastCheckpoint(const LastCheckpoint& hint);

// The version that a hint names. kCorrupt: no JSON of that kind, or its checksum is another.
Result<int64_t> ParseLastCheckpoint(std::string_view bytes);

// The canonical form of a JSON text and its MD5, for tests; kCorrupt: no JSON, or a key twice.
Result<std::string> CanonicalJson(std::string_view json);
std::string Md5Hex(std::string_view bytes);

}  // namespace millpond::data
