// VACUUM: removes files that no version within the retention time needs. What it promises:
//
// - Never below the table's own retention time (delta.deletedFileRetentionDuration, a week by
//   default): who wants less sets the property first, where everybody can see it.
// - Files of held versions stay, and the result names who holds them: leases are read here, pins
//   come with the options (retention.h).
// - It says which versions can no longer be read afterwards.
// - Names that begin with "_" or "." belong to others and stay (vacuum_find.h).
// - A kill leaves a table that is whole, with fewer files to remove.
//
// A table that names the feature vacuumProtocolCheck, or any other that Millpond does not know, is
// refused as for every write (PROTOCOL.md, "Vacuum Protocol Check"). The commits VACUUM START and
// VACUUM END say in the history what was done, as delta-spark's do.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "data/delta/care/retention.h"
#include "data/delta/care/vacuum_find.h"
#include "data/delta/log/table.h"

namespace millpond::data {

struct VacuumOptions {
  bool lite = false;                      // from the log, without listing folders
  std::optional<int64_t> retain_ms = {};  // nullopt: the table's retention time
  bool dry_run = false;                   // find, say, remove nothing
  std::vector<RetentionHold> pins = {};   // of versions that have to stay
  Progress* progress = nullptr;
};

struct HeldVersion {
  RetentionHold hold;
  int64_t files = 0;     // that would have gone otherwise
  bool readable = true;  // false: some of its files are gone already, or its log is
};

struct VacuumResult {
  int64_t files = 0, bytes = 0, directories = 0;  // removed, or found by a dry run
  std::vector<Garbage> found;                     // of a dry run, by path; the first thousand
  std::vector<HeldVersion> held;
  std::vector<VersionRange> lost;  // versions that cannot be read afterwards, as their files go
  int64_t version = 0;             // of the table afterwards
};

// kInvalidArgument: less than the retention time.
Result<VacuumResult> VacuumTable(DeltaTable& table, const VacuumOptions& options = {});

}  // namespace millpond::data
