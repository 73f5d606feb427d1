#include "data/delta/care/cluster_rewrite.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/record_batch.h>

#include <algorithm>

#include "base/random.h"
#include "data/arrow/read_ahead.h"
#include "data/arrow/status.h"
#include "data/delta/rows/column_ranges.h"
#include "data/delta/rows/deletion_vector.h"
#include "data/delta/rows/row_ids.h"
#include "data/delta/rows/row_sorter.h"
#include "data/delta/rows/scan.h"

namespace millpond::data {
namespace {

constexpr int64_t kSampleRows = 200'000;
// Parquet's bytes to Arrow's: what rows take when they are not compressed. A guess.
constexpr int64_t kExpansion = 4;

// A number that looks random, the same in every run.
uint64_t Scatter(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

class OrderedRewrite {
 public:
  OrderedRewrite(const Environment& env, const std::shared_ptr<const Snapshot>& snapshot,
                 const std::vector<size_t>& files, const ClusterOrder& order)
      : env_(env),
        snapshot_(snapshot),
        files_(files),
        order_(order),
        bits_(CurveBits(order.columns.size())) {}

  Status Run(const BytesRead& read, RewrittenBin* bin) {
    for (const std::string& column : order_.columns) {
      const int index = snapshot_->schema().IndexOf(column);
      if (index < 0) {
        return Fail(ErrorKind::kInvalidArgument, "table {} has no column '{}'", snapshot_->path(),
                    column);
      }
      columns_.push_back(index);
      MP_ASSIGN_OR_RETURN(auto ranges, ColumnRanges::Make(snapshot_->schema().fields()[index]));
      ranges_.push_back(std::move(ranges));
    }
    for (const size_t file : files_) bytes_ += snapshot_->files().size_bytes(file);
    SortOptions options;
    MP_ASSIGN_OR_RETURN(options.key_sample, SampleKeys());
    options.memory_bytes = order_.memory_bytes;
    options.expected_bytes = kExpansion * bytes_;
    if (!order_.spill_folder.empty()) {
      options.spill_folder = JoinPath(order_.spill_folder, NewUuid4(env_.random));
    }
    RowSorter sorter(env_, std::move(options));
    MP_RETURN_IF_ERROR(Fill(read, sorter, bin));
    return Write(sorter, bin);
  }

 private:
  // Cuts the columns, and gives the places of the sampled rows on the curve.
  Result<std::vector<uint64_t>> SampleKeys() {
    int64_t rows = 0;
    for (const size_t file : files_) rows += snapshot_->files().num_records(file).value_or(0);
    const auto stride = static_cast<uint64_t>(std::max<int64_t>(1, rows / kSampleRows));
    ScanOptions options;
    options.columns = order_.columns;
    options.files = files_;
    MP_ASSIGN_OR_RETURN(auto reader, ScanTable(env_, snapshot_, options));
    arrow::RecordBatchVector sample;
    uint64_t seen = 0;
    std::shared_ptr<arrow::RecordBatch> batch;
    while (true) {
      MP_ARROW_RETURN_IF_ERROR(reader->ReadNext(&batch));
      if (batch == nullptr) break;
      arrow::Int64Builder builder;
      for (int64_t row = 0; row < batch->num_rows(); ++row) {
        if (Scatter(seen++) % stride == 0) MP_ARROW_RETURN_IF_ERROR(builder.Append(row));
      }
      MP_ARROW_ASSIGN_OR_RETURN(auto rows_taken, builder.Finish());
      MP_ARROW_ASSIGN_OR_RETURN(
          auto taken, arrow::compute::Take(arrow::Datum(batch), arrow::Datum(rows_taken)));
      sample.push_back(taken.record_batch());
    }
    std::vector<int> places;
    for (size_t c = 0; c < ranges_.size(); ++c) {
      places.push_back(static_cast<int>(c));
      for (const auto& one : sample) {
        for (int64_t row = 0; row < one->num_rows(); ++row) {
          MP_RETURN_IF_ERROR(ranges_[c].Sample(*one->column(places[c]), row));
        }
      }
      ranges_[c].Cut(bits_);
    }
    std::vector<uint64_t> keys;
    for (const auto& one : sample) {
      MP_ASSIGN_OR_RETURN(const auto some, Keys(*one, places));
      keys.insert(keys.end(), some.begin(), some.end());
    }
    return keys;
  }

  Result<std::vector<uint64_t>> Keys(const arrow::RecordBatch& batch,
                                     const std::vector<int>& columns) const {
    std::vector<std::vector<uint32_t>> coordinates(columns.size());
    for (size_t c = 0; c < columns.size(); ++c) {
      MP_RETURN_IF_ERROR(ranges_[c].Coordinates(*batch.column(columns[c]), &coordinates[c]));
    }
    std::vector<uint64_t> keys(batch.num_rows());
    std::vector<uint32_t> point(columns.size());
    for (size_t row = 0; row < keys.size(); ++row) {
      for (size_t c = 0; c < columns.size(); ++c) point[c] = coordinates[c][row];
      keys[row] = CurveIndex(order_.curve, point, bits_);
    }
    return keys;
  }

  Status Fill(const BytesRead& read, RowSorter& sorter, RewrittenBin* bin) {
    const auto source = ReadForRewrite(env_, snapshot_, files_);
    const auto rows = ReadAhead(*source);
    std::shared_ptr<arrow::RecordBatch> batch;
    for (const size_t file : files_) {
      RewriteInput input{snapshot_->files().add(file), nullptr, 0};
      MP_ASSIGN_OR_RETURN(input.deleted, ReadDeletedRows(env_, *snapshot_, file));
      while (true) {
        MP_ARROW_RETURN_IF_ERROR(rows->ReadNext(&batch));
        if (batch == nullptr || batch->num_rows() == 0) break;
        MP_ASSIGN_OR_RETURN(auto keys, Keys(*batch, columns_));
        rows_ += batch->num_rows();
        MP_RETURN_IF_ERROR(sorter.Add(batch, std::move(keys)));
      }
      if (read) read(input.file.size_bytes);
      bin->inputs.push_back(std::move(input));
    }
    return OkStatus();
  }

  // Files of equally many rows, so that each has about the target's bytes.
  Status Write(RowSorter& sorter, RewrittenBin* bin) {
    const int64_t count = std::max<int64_t>(
        1, (bytes_ + order_.target_bytes / 2) / std::max<int64_t>(order_.target_bytes, 1));
    int64_t file = 0, written = 0;
    MP_RETURN_IF_ERROR(sorter.Finish([&](const arrow::RecordBatch& batch) -> Status {
      for (int64_t at = 0; at < batch.num_rows();) {
        const int64_t end = rows_ * (file + 1) / count;  // of this file, counted through
        const int64_t take = std::min(batch.num_rows() - at, end - written);
        if (take > 0) MP_RETURN_IF_ERROR(bin->writer->Write(*batch.Slice(at, take)));
        at += take;
        written += take;
        if (written < end) continue;
        MP_RETURN_IF_ERROR(bin->writer->CloseFiles());
        ++file;
      }
      return OkStatus();
    }));
    MP_ASSIGN_OR_RETURN(bin->outputs, bin->writer->Finish());
    const Cube cube{NewUuid4(env_.random), CubeColumns(order_.columns), order_.curve};
    for (AddFile& add : bin->outputs) {
      add.data_change = false;
      SetCube(cube, add);
      if (order_.is_table_clustering) add.clustering_provider = kClusteringProvider;
    }
    return OkStatus();
  }

  const Environment& env_;
  const std::shared_ptr<const Snapshot>& snapshot_;
  const std::vector<size_t>& files_;
  const ClusterOrder& order_;
  int bits_;
  std::vector<int> columns_;  // of the table
  std::vector<ColumnRanges> ranges_;
  int64_t bytes_ = 0, rows_ = 0;
};

}  // namespace

Result<RewrittenBin> RewriteOrdered(const Environment& env,
                                    const std::shared_ptr<const Snapshot>& snapshot,
                                    const std::vector<size_t>& files, const ClusterOrder& order,
                                    const BytesRead& read) {
  RewrittenBin bin;
  bin.snapshot = snapshot;
  bin.in_order = false;
  DataWriterOptions options;
  options.target_file_bytes = INT64_MAX;
  options.row_ids = RowTrackingOf(*snapshot).has_value();
  bin.writer = std::make_unique<DataWriter>(env, snapshot->path(), snapshot->schema(),
                                            snapshot->metadata(), options);
  if (Status done = OrderedRewrite(env, snapshot, files, order).Run(read, &bin); !done) {
    bin.Discard();
    return std::unexpected<Error>(std::move(done).error());
  }
  return bin;
}

}  // namespace millpond::data
