#include "platform/features/source_scan.h"

#include <arrow/record_batch.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <utility>

#include "data/arrow/status.h"
#include "data/delta/rows/scan.h"
#include "platform/features/kernel_batch.h"

namespace millpond::platform {
namespace {

using kernel::Column;

// A row is held three times at worst: in a chunk, in its partition's column, and prepared by the
// kernel (row numbers, known_from, a tree of states).
constexpr int64_t kCopies = 3;
constexpr int64_t kRowOverheadBytes = 32;

// The rows of one partition as they come off the files.
struct Chunk {
  std::vector<Column> columns;
  Micros commit_floor = INT64_MIN;
  int64_t rows = 0;
};

class Scanner {
 public:
  Scanner(const ScanRequest& request, MemoryReservation memory)
      : request_(request), memory_(std::move(memory)), chunks_(kPartitions) {}

  Result<SourceScan> Run() {
    const data::FileList& files = request_.binding.snapshot->files();
    MP_RETURN_IF_ERROR(ParallelOver(request_.env.pool, request_.threads, files.size(),
                                    [this](size_t file) { return ReadFile(file); }));
    SourceScan scan{.memory = std::move(memory_),
                    .partitions = std::vector<SourcePartition>(kPartitions),
                    .rows_read = rows_read_,
                    .rows_kept = rows_kept_};
    MP_RETURN_IF_ERROR(
        ParallelOver(request_.env.pool, request_.threads, kPartitions, [&](size_t partition) {
          scan.partitions[partition] = Join(std::move(chunks_[partition]));
          return OkStatus();
        }));
    return scan;
  }

 private:
  Status ReadFile(size_t file) {
    const kernel::FeatureProgram& program = *request_.binding.program;
    std::vector<std::string> names;
    for (const kernel::SourceColumn& column : program.used_columns) names.push_back(column.name);
    data::ScanOptions options{.columns = names, .files = std::vector<size_t>{file}};
    MP_ASSIGN_OR_RETURN(
        auto reader, data::ScanTable(request_.env, request_.binding.snapshot, std::move(options)));
    while (true) {
      MP_RETURN_IF_ERROR(request_.env.cancellation.Check());
      std::shared_ptr<arrow::RecordBatch> batch;
      MP_ARROW_RETURN_IF_ERROR(reader->ReadNext(&batch));
      if (!batch) return OkStatus();
      MP_ASSIGN_OR_RETURN(kernel::Batch rows, ToKernel(*batch));
      MP_RETURN_IF_ERROR(TakeRows(rows, request_.binding.commit_floor[file]));
    }
  }

  Status TakeRows(const kernel::Batch& rows, Micros commit_floor) {
    const kernel::FeatureProgram& program = *request_.binding.program;
    std::vector<const Column*> entity;
    for (int index : program.entity) entity.push_back(&rows.columns[static_cast<size_t>(index)]);
    MP_ASSIGN_OR_RETURN(auto buckets, request_.entities.Buckets(entity, rows.rows));
    const std::vector<bool> dropped = TooLate(rows, commit_floor);

    std::vector<std::vector<int64_t>> taken(kPartitions);
    for (int64_t row = 0; row < rows.rows; ++row) {
      const uint32_t bucket = buckets[static_cast<size_t>(row)];
      const uint32_t partition = bucket % kPartitions;
      if (partition % request_.passes != request_.pass || !request_.entities.Has(bucket)) continue;
      if (!dropped.empty() && dropped[static_cast<size_t>(row)]) continue;
      taken[partition].push_back(row);
    }
    return Keep(rows, taken, commit_floor);
  }

  // For the leak check: rows that T - settle could not know, by this file's own reading of the
  // rule. Empty: none.
  std::vector<bool> TooLate(const kernel::Batch& rows, Micros commit_floor) const {
    if (!request_.known_until) return {};
    const kernel::FeatureProgram& program = *request_.binding.program;
    const Micros horizon = *request_.known_until - program.definition.settle;
    std::vector<const Column*> inputs;
    for (const Column& column : rows.columns) inputs.push_back(&column);
    const Column claims = program.known_at.Evaluate(inputs, rows.rows);
    const Column events = program.event_time.Evaluate(inputs, rows.rows);
    std::vector<bool> dropped(static_cast<size_t>(rows.rows));
    for (int64_t row = 0; row < rows.rows; ++row) {
      const bool known = !claims.IsNull(row) && !events.IsNull(row) &&
                         std::max(claims.int64s()[row], commit_floor) <= horizon &&
                         events.int64s()[row] < *request_.known_until;
      dropped[static_cast<size_t>(row)] = !known;
    }
    return dropped;
  }

  Status Keep(const kernel::Batch& rows, const std::vector<std::vector<int64_t>>& taken,
              Micros commit_floor) {
    std::vector<std::pair<size_t, Chunk>> chunks;
    int64_t bytes = 0;
    int64_t kept = 0;
    for (size_t partition = 0; partition < taken.size(); ++partition) {
      if (taken[partition].empty()) continue;
      Chunk chunk{{}, commit_floor, static_cast<int64_t>(taken[partition].size())};
      for (const Column& column : rows.columns) {
        chunk.columns.push_back(column.Take(taken[partition]));
        bytes += MemoryBytes(chunk.columns.back());
      }
      bytes += chunk.rows * kRowOverheadBytes;
      kept += chunk.rows;
      chunks.emplace_back(partition, std::move(chunk));
    }
    std::lock_guard lock(mutex_);
    rows_read_ += rows.rows;
    rows_kept_ += kept;
    if (request_.max_rows > 0 && rows_kept_ > request_.max_rows) {
      return Fail(ErrorKind::kResourceExhausted, "more than {} rows of {} at once",
                  request_.max_rows, request_.binding.view.source);
    }
    // Where rows that tie are told apart, the kernel holds their bytes too.
    const int64_t copies = kCopies + (request_.binding.program->tie >= 0 ? 1 : 0);
    MP_RETURN_IF_ERROR(memory_.Resize(memory_.bytes() + bytes * copies));
    for (auto& [partition, chunk] : chunks) chunks_[partition].push_back(std::move(chunk));
    return OkStatus();
  }

  SourcePartition Join(std::vector<Chunk> chunks) const {
    SourcePartition result;
    for (const Chunk& chunk : chunks) {
      result.rows += chunk.rows;
      result.commit_floor.insert(result.commit_floor.end(), static_cast<size_t>(chunk.rows),
                                 chunk.commit_floor);
    }
    const auto& used = request_.binding.program->used_columns;
    for (size_t column = 0; column < used.size(); ++column) {
      std::vector<const Column*> parts;
      for (const Chunk& chunk : chunks) parts.push_back(&chunk.columns[column]);
      result.columns.push_back(Concatenate(used[column].type, parts));
    }
    return result;
  }

  const ScanRequest& request_;
  std::mutex mutex_;  // guards what follows
  MemoryReservation memory_;
  std::vector<std::vector<Chunk>> chunks_;  // by partition
  int64_t rows_read_ = 0;
  int64_t rows_kept_ = 0;
};

}  // namespace

EntityFilter::EntityFilter(int64_t labels) {
  const auto wanted = static_cast<uint64_t>(std::max<int64_t>(labels, 64)) * 16;
  present_.resize(std::min<uint64_t>(std::bit_ceil(wanted), uint64_t{1} << 28));
}

Result<std::vector<uint32_t>> EntityFilter::Buckets(std::span<const Column* const> entity,
                                                    int64_t rows) const {
  return kernel::PartitionOf(entity, rows, static_cast<uint32_t>(present_.size()));
}

void EntityFilter::Add(std::span<const uint32_t> buckets) {
  for (uint32_t bucket : buckets) present_[bucket] = true;
}

Result<SourceScan> ScanSource(const ScanRequest& request) {
  MP_ASSIGN_OR_RETURN(MemoryReservation memory,
                      request.env.arbiter.Reserve(ResourceClass::kBatch, 0,
                                                  "rows of " + request.binding.view.source +
                                                      " for " + request.binding.view.name));
  return Scanner(request, std::move(memory)).Run();
}

Status ParallelOver(TaskPool& pool, int threads, size_t count,
                    const std::function<Status(size_t)>& fn) {
  const size_t workers =
      std::min<size_t>(static_cast<size_t>(threads > 0 ? threads : pool.threads()), count);
  std::atomic<size_t> next{0};
  std::atomic<bool> failed{false};
  return pool.ParallelFor(workers, [&](size_t) -> Status {
    while (!failed) {
      const size_t i = next++;
      if (i >= count) break;
      if (Status status = fn(i); !status) {
        failed = true;
        return status;
      }
    }
    return OkStatus();
  });
}

}  // namespace millpond::platform
