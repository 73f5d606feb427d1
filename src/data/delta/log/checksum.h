// Version checksums, `<version>.crc` (PROTOCOL.md, "Version Checksum File"): what the state of the
// table adds up to at a version, so that a log that was changed or cut is noticed. They are never
// needed to read a table. Pure functions; log_care.h writes them, LogStore compares.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "data/delta/log/snapshot.h"

namespace millpond::data {

struct VersionChecksum {
  int64_t table_size_bytes = 0;
  int64_t num_files = 0;
  std::optional<Metadata> metadata = {};
  std::optional<Protocol> protocol = {};
};

// kCorrupt names `what`.
Result<VersionChecksum> ParseChecksum(std::string_view bytes, std::string_view what);

// kCorrupt says what differs, and both figures.
Status VerifyChecksum(const VersionChecksum& checksum, const Snapshot& snapshot);

// The text of the snapshot's own. `txn_id`: of the commit that made the version.
Result<std::string> FormatChecksum(const Snapshot& snapshot, const std::string& txn_id);

}  // namespace millpond::data
