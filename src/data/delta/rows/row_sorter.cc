#include "data/delta/rows/row_sorter.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/io/interfaces.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <numeric>

#include "data/arrow/batch_bytes.h"
#include "data/arrow/status.h"
#include "data/parquet/arrow_files.h"

namespace millpond::data {
namespace {

constexpr int64_t kBatchRows = 64 * 1024;
constexpr size_t kMaxRanges = 128;  // open files
constexpr const char* kKeyColumn = "_key";

Result<std::shared_ptr<arrow::Array>> ToArray(const std::vector<uint64_t>& values) {
  arrow::UInt64Builder builder;
  MP_ARROW_RETURN_IF_ERROR(builder.AppendValues(values));
  MP_ARROW_ASSIGN_OR_RETURN(auto array, builder.Finish());
  return array;
}

Result<std::shared_ptr<arrow::RecordBatch>> TakeRows(const arrow::Datum& rows,
                                                     const std::vector<uint64_t>& indices) {
  MP_ASSIGN_OR_RETURN(auto places, ToArray(indices));
  MP_ARROW_ASSIGN_OR_RETURN(auto taken, arrow::compute::Take(rows, arrow::Datum(places)));
  if (taken.kind() == arrow::Datum::RECORD_BATCH) return taken.record_batch();
  MP_ARROW_ASSIGN_OR_RETURN(auto batch, taken.table()->CombineChunksToBatch());
  return batch;
}

}  // namespace

// A file of rows with their keys in a column behind the others.
struct RowSorter::Range {
  std::string path;
  std::shared_ptr<arrow::io::OutputStream> stream;
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer;
};

RowSorter::RowSorter(const Environment& env, SortOptions options)
    : env_(env), options_(std::move(options)) {}

RowSorter::~RowSorter() {
  ranges_.clear();
  if (spilled_bytes_ > 0) (void)env_.fs.RemoveTree(options_.spill_folder);
}

Status RowSorter::Reserve(int64_t bytes) {
  if (memory_.bytes() > 0) return memory_.Resize(bytes);
  MP_ASSIGN_OR_RETURN(memory_,
                      env_.arbiter.Reserve(ResourceClass::kCare, bytes, "sort of a table's rows"));
  return OkStatus();
}

Status RowSorter::Add(std::shared_ptr<arrow::RecordBatch> batch, std::vector<uint64_t> keys) {
  MP_RETURN_IF_ERROR(env_.cancellation.Check());
  Held held{std::move(batch), std::move(keys)};
  if (!ranges_.empty()) return Spill(held);
  int64_t bytes = BytesOf(*held.batch);
  bytes += static_cast<int64_t>(held.keys.size() * sizeof(uint64_t));
  // Sorting holds the rows twice.
  Status fits = held_bytes_ + bytes > options_.memory_bytes / 2
                    ? Fail(ErrorKind::kResourceExhausted, "the rows do not fit the sort's {} bytes",
                           options_.memory_bytes)
                    : Reserve(2 * (held_bytes_ + bytes));
  held_.push_back(std::move(held));
  held_bytes_ += bytes;
  if (fits.has_value()) return OkStatus();
  if (fits.error().kind() != ErrorKind::kResourceExhausted || options_.spill_folder.empty()) {
    return fits;
  }
  MP_RETURN_IF_ERROR(StartSpilling());
  for (const Held& one : held_) MP_RETURN_IF_ERROR(Spill(one));
  held_.clear();
  held_bytes_ = 0;
  return OkStatus();
}

Status RowSorter::StartSpilling() {
  std::vector<uint64_t>& sample = options_.key_sample;
  std::ranges::sort(sample);
  const int64_t expected = std::max(options_.expected_bytes, held_bytes_);
  const auto wanted =
      static_cast<size_t>(4 * expected / std::max<int64_t>(options_.memory_bytes, 1));
  const size_t count = std::clamp<size_t>(wanted, 4, kMaxRanges);
  for (size_t i = 1; i < count && !sample.empty(); ++i) {
    const uint64_t bound = sample[i * sample.size() / count];
    if (bounds_.empty() || bound > bounds_.back()) bounds_.push_back(bound);
  }
  MP_RETURN_IF_ERROR(env_.fs.CreateDirectories(options_.spill_folder));
  spilled_bytes_ = 1;  // from here on there is a folder to remove
  for (size_t i = 0; i <= bounds_.size(); ++i) {
    ranges_.push_back(std::make_unique<Range>());
    ranges_.back()->path = JoinPath(options_.spill_folder, fmt::format("{}.arrow", i));
  }
  return OkStatus();
}

Status RowSorter::Spill(const Held& held) {
  MP_ASSIGN_OR_RETURN(auto keys, ToArray(held.keys));
  MP_ARROW_ASSIGN_OR_RETURN(
      auto rows, held.batch->AddColumn(held.batch->num_columns(),
                                       arrow::field(kKeyColumn, arrow::uint64()), std::move(keys)));
  std::vector<std::vector<uint64_t>> by_range(ranges_.size());
  for (size_t row = 0; row < held.keys.size(); ++row) {
    const auto range = std::ranges::upper_bound(bounds_, held.keys[row]) - bounds_.begin();
    by_range[range].push_back(row);
  }
  for (size_t i = 0; i < ranges_.size(); ++i) {
    if (by_range[i].empty()) continue;
    Range& range = *ranges_[i];
    if (range.writer == nullptr) {
      MP_ASSIGN_OR_RETURN(range.stream, OpenArrowOutput(env_.fs, range.path));
      MP_ARROW_ASSIGN_OR_RETURN(range.writer,
                                arrow::ipc::MakeStreamWriter(range.stream, rows->schema()));
    }
    MP_ASSIGN_OR_RETURN(auto part, TakeRows(arrow::Datum(rows), by_range[i]));
    MP_ARROW_RETURN_IF_ERROR(range.writer->WriteRecordBatch(*part));
    const int64_t bytes = BytesOf(*part);
    spilled_bytes_ += bytes;
  }
  return OkStatus();
}

Status RowSorter::Sort(std::vector<Held> rows, const Take& take) const {
  if (rows.empty()) return OkStatus();
  std::vector<uint64_t> keys;
  arrow::RecordBatchVector batches;
  for (Held& held : rows) {
    keys.insert(keys.end(), held.keys.begin(), held.keys.end());
    batches.push_back(std::move(held.batch));
  }
  rows.clear();
  std::vector<uint64_t> order(keys.size());
  std::iota(order.begin(), order.end(), 0);
  // Equal keys stay in the order in which they came.
  std::ranges::sort(order, [&](uint64_t a, uint64_t b) {
    return keys[a] != keys[b] ? keys[a] < keys[b] : a < b;
  });
  MP_ARROW_ASSIGN_OR_RETURN(auto table, arrow::Table::FromRecordBatches(batches));
  batches.clear();
  MP_ARROW_ASSIGN_OR_RETURN(table, table->CombineChunks());
  for (size_t first = 0; first < order.size(); first += kBatchRows) {
    MP_RETURN_IF_ERROR(env_.cancellation.Check());
    const size_t end = std::min(order.size(), first + kBatchRows);
    MP_ASSIGN_OR_RETURN(
        auto batch, TakeRows(arrow::Datum(table), {order.begin() + static_cast<ptrdiff_t>(first),
                                                   order.begin() + static_cast<ptrdiff_t>(end)}));
    MP_RETURN_IF_ERROR(take(*batch));
  }
  return OkStatus();
}

Status RowSorter::FinishRange(Range& range, const Take& take) {
  if (range.writer == nullptr) return OkStatus();
  MP_ARROW_RETURN_IF_ERROR(range.writer->Close());
  MP_ARROW_RETURN_IF_ERROR(range.stream->Close());
  MP_ASSIGN_OR_RETURN(auto file, OpenArrowInput(env_.fs, range.path));
  MP_ARROW_ASSIGN_OR_RETURN(auto reader, arrow::ipc::RecordBatchStreamReader::Open(file));
  std::vector<Held> rows;
  int64_t bytes = 0;
  std::shared_ptr<arrow::RecordBatch> batch;
  while (true) {
    MP_ARROW_RETURN_IF_ERROR(reader->ReadNext(&batch));
    if (batch == nullptr) break;
    const int last = batch->num_columns() - 1;
    const auto& keys = static_cast<const arrow::UInt64Array&>(*batch->column(last));
    Held held{nullptr, {keys.raw_values(), keys.raw_values() + keys.length()}};
    MP_ARROW_ASSIGN_OR_RETURN(held.batch, batch->RemoveColumn(last));
    const int64_t size = BytesOf(*batch);
    if (bytes > 0 && bytes + size > options_.memory_bytes / 2) {
      MP_RETURN_IF_ERROR(Sort(std::move(rows), take));
      rows.clear();
      bytes = 0;
    }
    rows.push_back(std::move(held));
    bytes += size;
  }
  MP_RETURN_IF_ERROR(Sort(std::move(rows), take));
  (void)env_.fs.Remove(range.path);  // the rest at the end
  return OkStatus();
}

Status RowSorter::Finish(const Take& take) {
  if (ranges_.empty()) return Sort(std::move(held_), take);
  for (const auto& range : ranges_) MP_RETURN_IF_ERROR(FinishRange(*range, take));
  return OkStatus();
}

}  // namespace millpond::data
