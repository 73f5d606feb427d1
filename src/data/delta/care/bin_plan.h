// Which files OPTIMIZE puts together. Pure. The rule:
//
// - The target is the table's delta.targetFileSize, 128 MB where it says nothing.
// - A file is a candidate if it is smaller than the target, or if deletion vectors took more than
//   5 % of its rows (or it has one and nobody knows how many rows).
// - Candidates of one partition that follow each other in the order of their commits share a bin as
//   long as they fit the target: rows that were written together stay together, and so do their
//   bounds.
// - A bin of one file is left alone unless it is there to lose its deleted rows.
// - Neighbouring bins that are written anyway become one of up to `max_bin_bytes`, whose writer
//   begins a new file at each target: rows of many small files need less room in one, so that what
//   two bins leave would often fit one file and be written twice.
//
// What remains small is the last file of a bin, so a few passes find nothing more to do.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "data/delta/log/snapshot.h"

namespace millpond::data {

inline constexpr const char* kTargetFileSizeProperty = "delta.targetFileSize";

// The table's target, in bytes. kInvalidArgument: the property is no size ("128mb", "1g", "65536").
Result<int64_t> TargetFileBytes(const Snapshot& snapshot);

struct BinRules {
  int64_t target_bytes = 0;
  int64_t max_bin_bytes = 0;  // of bins put together; one alone may be larger
  bool purge = false;         // only files with deletion vectors, however few rows they have lost
  std::function<bool(size_t file)> wanted = nullptr;  // null: all files
};

struct Bin {
  std::vector<size_t> files;  // of the snapshot, of one partition, in its order
  int64_t bytes = 0;
};

std::vector<Bin> PlanBins(const Snapshot& snapshot, const BinRules& rules);

// The partition of a file as one text, for comparison.
std::string PartitionText(const Snapshot& snapshot, size_t file);

}  // namespace millpond::data
