// The rows of a source that a training set may need, in memory and by partition. A partition holds
// whole entities (kernel::PartitionOf), so that each can be computed alone. Rows of entities that
// no label names are dropped while reading (a filter by hash: a few strangers pass, which costs
// time and nothing else). If the rows do not fit into what the arbiter grants, the caller reads the
// source again, a share of the partitions at a time.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "base/environment.h"
#include "base/result.h"
#include "kernel/evaluate.h"
#include "platform/features/view_binding.h"

namespace millpond::platform {

inline constexpr uint32_t kPartitions = 256;

// Which entities the labels name.
class EntityFilter {
 public:
  explicit EntityFilter(int64_t labels);

  // One bucket a row. A bucket belongs to the partition bucket % kPartitions.
  Result<std::vector<uint32_t>> Buckets(std::span<const kernel::Column* const> entity,
                                        int64_t rows) const;
  void Add(std::span<const uint32_t> buckets);
  bool Has(uint32_t bucket) const { return present_[bucket]; }

 private:
  std::vector<bool> present_;
};

struct SourcePartition {
  std::vector<kernel::Column> columns;  // program.used_columns
  std::vector<Micros> commit_floor;
  int64_t rows = 0;
};

struct ScanRequest {
  const Environment& env;
  const ViewBinding& binding;
  const EntityFilter& entities;
  int threads = 1;
  uint32_t passes = 1;  // this scan keeps partitions with number % passes == pass
  uint32_t pass = 0;
  std::optional<Micros> known_until;  // rows known later, or with a later event, are dropped
  int64_t max_rows = 0;               // 0: what the arbiter grants
};

struct SourceScan {
  MemoryReservation memory;
  std::vector<SourcePartition> partitions;  // kPartitions of them; other passes' are empty
  int64_t rows_read = 0;
  int64_t rows_kept = 0;
};

// kResourceExhausted: more passes may do.
Result<SourceScan> ScanSource(const ScanRequest& request);

// fn(0) … fn(count-1) on at most `threads` threads of the pool.
Status ParallelOver(TaskPool& pool, int threads, size_t count,
                    const std::function<Status(size_t)>& fn);

}  // namespace millpond::platform
