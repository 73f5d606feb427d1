#include "platform/features/row_range_writer.h"

#include <arrow/record_batch.h>

#include <utility>

#include "data/arrow/status.h"
#include "data/delta/rows/scan.h"
#include "platform/features/kernel_batch.h"

namespace millpond::platform {
namespace {

// Past so many keys the cache of entities is emptied instead of searched.
constexpr size_t kMaxChanged = 200'000;

}  // namespace

Status RowRangeWriter::Clear() {
  view_.record().rows = 0;
  everything_changed_ = true;
  std::string end = RowPrefix(view_.record().number + 1);
  batch_.DeleteRange(view_.entities().prefix(), end);
  return WritePart();
}

Status RowRangeWriter::AddFile(std::shared_ptr<const data::Snapshot> snapshot, size_t file,
                               Micros commit_floor, std::set<std::string>* entities) {
  data::ScanOptions options{.columns = std::vector<std::string>(),
                            .files = std::vector<size_t>{file}};
  for (const auto& column : view_.program().used_columns) options.columns->push_back(column.name);
  MP_ASSIGN_OR_RETURN(auto reader, data::ScanTable(env_, std::move(snapshot), std::move(options)));
  while (true) {
    MP_RETURN_IF_ERROR(env_.cancellation.Check());
    std::shared_ptr<arrow::RecordBatch> batch;
    MP_ARROW_RETURN_IF_ERROR(reader->ReadNext(&batch));
    if (!batch) return OkStatus();
    MP_ASSIGN_OR_RETURN(kernel::Batch rows, ToKernel(*batch));
    MP_RETURN_IF_ERROR(AddRows(rows, commit_floor, entities));
  }
}

Status RowRangeWriter::AddRows(const kernel::Batch& rows, Micros commit_floor,
                               std::set<std::string>* entities) {
  const kernel::FeatureProgram& program = view_.program();
  std::vector<const kernel::Column*> columns;
  for (const kernel::Column& column : rows.columns) columns.push_back(&column);
  if (commit_floor != INT64_MIN) {
    const kernel::Column claims = program.known_at.Evaluate(columns, rows.rows);
    for (int64_t row = 0; row < rows.rows; ++row) {
      if (claims.IsNull(row)) continue;
      view_.metrics().commit_delay_seconds.Observe(
          (static_cast<double>(commit_floor) - static_cast<double>(claims.int64s()[row])) /
          kMicrosPerSecond);
    }
  }
  const std::vector<Micros> floors(static_cast<size_t>(rows.rows), commit_floor);
  MP_ASSIGN_OR_RETURN(kernel::SourceRows prepared,
                      kernel::PrepareSource(program, columns, rows.rows, {floors, {}}));
  pending_bytes_ += kernel::MemoryBytes(prepared);
  rows_ += prepared.rows();
  for (kernel::NamedBlock& named : kernel::BlocksByEntity(prepared)) {
    if (entities != nullptr) entities->insert(named.entity);
    auto [at, added] = pending_.try_emplace(std::move(named.entity));
    at->second = added ? std::move(named.rows) : kernel::MergeBlocks(at->second, named.rows);
  }
  return pending_bytes_ > options_.pending_bytes ? WritePending() : OkStatus();
}

Status RowRangeWriter::WritePending() {
  for (const auto& [entity, rows] : pending_) {
    MP_RETURN_IF_ERROR(view_.entities().Add(entity, rows, batch_, changed_));
    if (changed_.size() > kMaxChanged) everything_changed_ = true;
    if (everything_changed_) changed_.clear();
    if (batch_.bytes() > options_.batch_bytes) MP_RETURN_IF_ERROR(WritePart());
  }
  pending_.clear();
  pending_bytes_ = 0;
  // An entity may be added to once a batch.
  return batch_.bytes() > 0 ? WritePart() : OkStatus();
}

// From the first part on the state in the store belongs to no version.
Status RowRangeWriter::WritePart() {
  OnlineViewRecord& record = view_.record();
  record.complete = false;
  batch_.Put(RecordKey(record.number), EncodeRecord(record));
  return store_.Write(std::exchange(batch_, KeyValueBatch()));
}

Status RowRangeWriter::Finish(int64_t version, Micros applied_through) {
  for (const auto& [entity, rows] : pending_) {
    MP_RETURN_IF_ERROR(view_.entities().Add(entity, rows, batch_, changed_));
    if (batch_.bytes() > options_.batch_bytes) MP_RETURN_IF_ERROR(WritePart());
  }
  OnlineViewRecord next = view_.record();
  next.complete = true;
  next.version = version;
  next.applied_through = applied_through;
  next.rows += rows_;
  batch_.Put(RecordKey(next.number), EncodeRecord(next));
  MP_RETURN_IF_ERROR(store_.Write(std::exchange(batch_, KeyValueBatch())));
  view_.record() = next;
  view_.metrics().rows.Add(static_cast<double>(rows_));
  OnlineHead head{.epoch = view_.head()->epoch + 1,
                  .version = version,
                  .applied_through = applied_through,
                  .rows = next.rows,
                  .problem = {},
                  .snapshot = store_.TakeSnapshot()};
  if (everything_changed_) {
    view_.cache().AnnounceAll(head.epoch);
  } else {
    view_.cache().Announce(head.epoch, changed_);
  }
  view_.Publish(std::move(head));
  return OkStatus();
}

}  // namespace millpond::platform
