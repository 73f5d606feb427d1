#include "data/delta/care/bin_rewrite.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>

#include "data/arrow/read_ahead.h"
#include "data/arrow/status.h"
#include "data/delta/care/bin_plan.h"
#include "data/delta/log/file_chunk.h"
#include "data/delta/rows/clustering.h"
#include "data/delta/rows/deletion_vector.h"
#include "data/delta/rows/row_ids.h"
#include "data/delta/rows/scan.h"

namespace millpond::data {
namespace {

class FilesInTurn : public arrow::RecordBatchReader {
 public:
  FilesInTurn(const Environment& env, std::shared_ptr<const Snapshot> snapshot,
              std::vector<size_t> files)
      : env_(env), snapshot_(std::move(snapshot)), files_(std::move(files)) {
    with_row_ids_ = RowTrackingOf(*snapshot_).has_value();
    arrow::FieldVector fields = snapshot_->arrow_schema()->fields();
    if (with_row_ids_) {
      fields.push_back(arrow::field(kRowIdColumn, arrow::int64(), /*nullable=*/false));
      fields.push_back(arrow::field(kRowCommitVersionColumn, arrow::int64(), /*nullable=*/false));
    }
    schema_ = arrow::schema(std::move(fields));
  }

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    batch->reset();
    if (rows_ == nullptr) {
      if (next_ == files_.size()) return arrow::Status::OK();
      auto rows =
          ScanTable(env_, snapshot_, {.files = {{files_[next_++]}}, .with_row_ids = with_row_ids_});
      if (!rows.has_value()) return ToArrow(rows.error());
      rows_ = *std::move(rows);
    }
    do {
      ARROW_RETURN_NOT_OK(rows_->ReadNext(batch));
    } while (*batch != nullptr && (*batch)->num_rows() == 0);
    if (*batch != nullptr) return arrow::Status::OK();
    rows_ = nullptr;
    return arrow::RecordBatch::MakeEmpty(schema_).Value(batch);
  }

 private:
  Environment env_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::vector<size_t> files_;
  bool with_row_ids_ = false;
  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<arrow::RecordBatchReader> rows_;  // of the file before next_
  size_t next_ = 0;
};

// The next rows, also of the next file, are read while those before are encoded.
Status Fill(const Environment& env, const std::shared_ptr<const Snapshot>& snapshot,
            const std::vector<size_t>& files, const BytesRead& read, RewrittenBin* bin) {
  const auto source = ReadForRewrite(env, snapshot, files);
  const auto rows = ReadAhead(*source);
  std::shared_ptr<arrow::RecordBatch> batch;
  for (const size_t file : files) {
    RewriteInput input{snapshot->files().add(file), nullptr, bin->writer->rows()};
    MP_ASSIGN_OR_RETURN(input.deleted, ReadDeletedRows(env, *snapshot, file));
    while (true) {
      MP_ARROW_RETURN_IF_ERROR(rows->ReadNext(&batch));
      if (batch == nullptr || batch->num_rows() == 0) break;
      MP_RETURN_IF_ERROR(bin->writer->Write(*batch));
    }
    if (read) read(input.file.size_bytes);
    bin->inputs.push_back(std::move(input));
  }
  MP_ASSIGN_OR_RETURN(bin->outputs, bin->writer->Finish());
  const AddFile& first = bin->inputs.front().file;
  const auto cube = CubeOf(first);
  const bool one_cube = cube && std::ranges::all_of(bin->inputs, [&](const RewriteInput& input) {
                          return CubeOf(input.file) == cube;
                        });
  for (AddFile& add : bin->outputs) {
    add.data_change = false;
    if (!one_cube) continue;
    SetCube(*cube, add);
    add.clustering_provider = first.clustering_provider;
  }
  return OkStatus();
}

}  // namespace

std::unique_ptr<arrow::RecordBatchReader> ReadForRewrite(const Environment& env,
                                                         std::shared_ptr<const Snapshot> snapshot,
                                                         std::vector<size_t> files) {
  return std::make_unique<FilesInTurn>(env, std::move(snapshot), std::move(files));
}

Result<RewrittenBin> RewriteBin(const Environment& env,
                                const std::shared_ptr<const Snapshot>& snapshot,
                                const std::vector<size_t>& files, const BytesRead& read) {
  RewrittenBin bin;
  bin.snapshot = snapshot;
  DataWriterOptions options;
  MP_ASSIGN_OR_RETURN(options.target_file_bytes, TargetFileBytes(*snapshot));
  options.row_ids = RowTrackingOf(*snapshot).has_value();
  bin.writer = std::make_unique<DataWriter>(env, snapshot->path(), snapshot->schema(),
                                            snapshot->metadata(), options);
  if (Status filled = Fill(env, snapshot, files, read, &bin); !filled) {
    bin.Discard();
    return std::unexpected<Error>(std::move(filled).error());
  }
  return bin;
}

std::map<size_t, RowSet> FollowRows(const RewrittenBin& bin, size_t input,
                                    const RowSet& positions) {
  std::vector<uint64_t> gone;  // when the bin was written
  const RewriteInput& from = bin.inputs[input];
  if (from.deleted != nullptr) {
    from.deleted->ForEach([&](uint64_t row) { gone.push_back(row); });
  }
  std::vector<int64_t> ends;  // of the outputs, counted through
  for (const AddFile& add : bin.outputs) {
    ends.push_back((ends.empty() ? 0 : ends.back()) + ReadNumRecords(add.stats));
  }
  std::map<size_t, RowSet> places;
  size_t before = 0;  // of `gone`
  positions.ForEach([&](uint64_t position) {
    while (before < gone.size() && gone[before] < position) ++before;
    const int64_t row = from.first_row + static_cast<int64_t>(position - before);
    const auto end = std::ranges::upper_bound(ends, row);
    const size_t output = static_cast<size_t>(end - ends.begin());
    places[output].Add(static_cast<uint64_t>(row - (output == 0 ? 0 : ends[output - 1])));
  });
  return places;
}

}  // namespace millpond::data
