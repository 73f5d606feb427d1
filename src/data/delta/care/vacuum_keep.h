// The files of a table's folder that VACUUM leaves alone: those of the latest version, those that
// were removed within the retention time (by the log's removes and the checkpoint's), those of
// versions that somebody holds, and all their deletion vectors. A file costs eight bytes; a hash
// that two paths share keeps one file too many, never one too few.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/environment.h"
#include "data/delta/care/retention.h"
#include "data/delta/log/snapshot.h"

namespace millpond::data {

class KeptFiles {
 public:
  // `cutoff_ms`: what was removed before is not kept. kResourceExhausted: too many files for the
  // memory at hand.
  static Result<KeptFiles> Of(const Environment& env, const Snapshot& latest, int64_t cutoff_ms);

  // Keeps a version's files. Gives how many of them were not kept yet.
  Result<int64_t> Hold(const Snapshot& version);

  // `relative`: to the table's folder, decoded.
  bool Contains(std::string_view relative) const;

  // A file of the log by its place under the table's folder; nullopt: it lies elsewhere.
  Result<std::optional<std::string>> PlaceInTable(const std::string& log_path) const;
  // The same for a deletion vector's file; nullopt also for an inline one.
  Result<std::optional<std::string>> PlaceInTable(const DeletionVector& vector) const;

 private:
  explicit KeptFiles(const Environment& env) : env_(env) {}
  Status Add(const std::string& log_path, const DeletionVector* vector,
             std::vector<uint64_t>& hashes) const;
  Status AddAll(const Snapshot& version, std::vector<uint64_t>& hashes) const;
  Status Take(std::vector<uint64_t> hashes);

  Environment env_;
  std::string table_path_, canonical_;
  std::vector<uint64_t> hashes_;  // sorted
  MemoryReservation memory_;
};

}  // namespace millpond::data
