#include "data/delta/rows/data_writer.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>

#include "data/arrow/batch_bytes.h"
#include "data/arrow/status.h"
#include "data/delta/metadata/column_mapping.h"
#include "data/delta/metadata/protocol.h"
#include "data/delta/rows/partition_key.h"
#include "data/delta/rows/physical_rows_internal.h"
#include "data/delta/rows/statistics.h"
#include "data/parquet/writer.h"

namespace millpond::data {
namespace {

constexpr size_t kMaxOpenFiles = 100;
constexpr int64_t kSmallestRowGroupBytes = int64_t{1} << 20;
constexpr int64_t kFileOverheadBytes = 1 << 20;  // encoders, dictionaries, output buffer

}  // namespace

struct DataWriter::OpenFile {
  std::string relative_path;  // as on the disk, below the table
  PartitionValues values;
  std::unique_ptr<ParquetWriter> writer;
  StatsCollector stats;
  int64_t buffered_bytes = 0;  // of Arrow's memory, since the last row group
};

DataWriter::DataWriter(const Environment& env, std::string table_path, Schema schema,
                       const Metadata& metadata, DataWriterOptions options)
    : env_(env),
      table_path_(std::move(table_path)),
      schema_(std::move(schema)),
      properties_(metadata.configuration),
      options_(std::move(options)),
      encoders_(std::make_shared<EncoderThreads>(env_.pool.threads())) {
  for (const auto& name : metadata.partition_columns) {
    partition_indices_.push_back(schema_.IndexOf(name));
    partition_columns_.push_back(PhysicalName(schema_.fields()[partition_indices_.back()]));
  }
  std::vector<StructField> data_fields, file_fields;
  for (size_t i = 0; i < schema_.size(); ++i) {
    if (std::ranges::find(partition_indices_, static_cast<int>(i)) != partition_indices_.end()) {
      continue;
    }
    if (schema_.fields()[i].type.kind() == TypeKind::kVoid) continue;  // files have no such column
    data_fields.push_back(schema_.fields()[i]);
    file_columns_.push_back(static_cast<int>(i));
  }
  file_fields = data_fields;
  if (options_.row_ids) {
    for (const char* key : {property::kRowIdColumn, property::kRowCommitVersionColumn}) {
      file_columns_.push_back(static_cast<int>(schema_.size() + file_fields.size()) -
                              static_cast<int>(data_fields.size()));
      file_fields.push_back({properties_.at(key), DataType(TypeKind::kLong)});
    }
  }
  data_schema_ = Schema(std::move(data_fields));
  file_schema_ = PhysicalArrowSchema(Schema(std::move(file_fields)));
}

DataWriter::~DataWriter() = default;

Status DataWriter::Write(const arrow::RecordBatch& batch) {
  rows_ += batch.num_rows();
  MP_ARROW_ASSIGN_OR_RETURN(auto data, batch.SelectColumns(file_columns_));
  if (partition_columns_.empty()) return WritePartition({}, *data);

  std::vector<Key> keys(batch.num_rows(), Key(partition_columns_.size()));
  for (size_t c = 0; c < partition_columns_.size(); ++c) {
    const auto& field = schema_.fields()[partition_indices_[c]];
    MP_ASSIGN_OR_RETURN_CONTEXT(auto values,
                                PartitionTexts(*batch.column(partition_indices_[c]), field),
                                "partition column '{}'", partition_columns_[c]);
    for (int64_t row = 0; row < batch.num_rows(); ++row) keys[row][c] = std::move(values[row]);
  }
  std::map<Key, std::vector<int64_t>> rows_of;
  for (int64_t row = 0; row < batch.num_rows(); ++row) rows_of[keys[row]].push_back(row);
  for (const auto& [key, rows] : rows_of) {
    if (rows_of.size() == 1) return WritePartition(key, *data);
    arrow::Int64Builder builder;
    MP_ARROW_RETURN_IF_ERROR(builder.AppendValues(rows));
    MP_ARROW_ASSIGN_OR_RETURN(auto indices, builder.Finish());
    MP_ARROW_ASSIGN_OR_RETURN(auto part,
                              arrow::compute::Take(arrow::Datum(data), arrow::Datum(indices)));
    MP_RETURN_IF_ERROR(WritePartition(key, *part.record_batch()));
  }
  return OkStatus();
}

Status DataWriter::WritePartition(const Key& key, const arrow::RecordBatch& data) {
  if (data.num_rows() == 0) return OkStatus();
  MP_ASSIGN_OR_RETURN(OpenFile * file, FileFor(key));
  int64_t before = file->writer->bytes();
  MP_RETURN_IF_ERROR(encoders_->RunBoth(
      data.num_rows(), [&] { return file->writer->Write(*AsPhysical(data, file_schema_)); },
      [&] { return file->stats.Update(data); }));
  if (file->writer->bytes() != before) file->buffered_bytes = 0;
  file->buffered_bytes += BytesOf(data);
  if (file->writer->bytes() >= options_.target_file_bytes) {
    MP_RETURN_IF_ERROR(CloseFile(open_.find(key)));
  }
  return ReserveMemory();
}

Result<DataWriter::OpenFile*> DataWriter::FileFor(const Key& key) {
  if (auto found = open_.find(key); found != open_.end()) return found->second.get();
  if (open_.size() >= kMaxOpenFiles) MP_RETURN_IF_ERROR(CloseLargest());
  std::string folder = options_.folder;
  if (const std::string partition = PartitionFolder(partition_columns_, key); !partition.empty()) {
    folder = folder.empty() ? partition : JoinPath(folder, partition);
  }
  std::string absolute = folder.empty() ? table_path_ : JoinPath(table_path_, folder);
  if (!folder.empty() && !folders_.contains(absolute)) {
    MP_RETURN_IF_ERROR(env_.fs.CreateDirectories(absolute));
  }
  folders_.insert(absolute);
  std::string name =
      fmt::format("part-{:05}-{}.c000.zstd.parquet", paths_.size(), NewUuid4(env_.random));
  PartitionValues values;
  for (size_t i = 0; i < key.size(); ++i) values[partition_columns_[i]] = key[i];
  std::string relative = folder.empty() ? name : JoinPath(folder, name);
  paths_.push_back(JoinPath(table_path_, relative));
  ParquetWriteOptions parquet;
  // A file ends with a row group, so those of small files are small.
  parquet.row_group_bytes =
      std::clamp(options_.target_file_bytes, kSmallestRowGroupBytes, parquet.row_group_bytes);
  parquet.threads = encoders_;
  MP_ASSIGN_OR_RETURN(auto writer, ParquetWriter::Open(env_, paths_.back(), file_schema_, parquet));
  auto file =
      std::make_unique<OpenFile>(OpenFile{std::move(relative), std::move(values), std::move(writer),
                                          StatsCollector(data_schema_, properties_)});
  return open_.emplace(key, std::move(file)).first->second.get();
}

Status DataWriter::CloseFile(std::map<Key, std::unique_ptr<OpenFile>>::iterator at) {
  std::unique_ptr<OpenFile> file = std::move(at->second);
  open_.erase(at);
  AddFile add;
  MP_ASSIGN_OR_RETURN(add.size_bytes, file->writer->Close());
  add.path = EncodeLogPath(file->relative_path);
  add.partition_values = std::move(file->values);
  add.modification_time_ms = env_.clock.NowMillis();
  add.stats = file->stats.ToJson();
  adds_.push_back(std::move(add));
  return OkStatus();
}

Status DataWriter::CloseLargest() {
  auto largest = std::ranges::max_element(
      open_, {}, [](const auto& entry) { return entry.second->buffered_bytes; });
  return CloseFile(largest);
}

Status DataWriter::ReserveMemory() {
  while (true) {
    int64_t wanted = 0;
    for (const auto& [key, file] : open_) wanted += file->buffered_bytes + kFileOverheadBytes;
    Status reserved = OkStatus();
    if (memory_.bytes() == 0 && wanted > 0) {
      auto first = env_.arbiter.Reserve(ResourceClass::kBatch, wanted, "write of " + table_path_);
      if (first.has_value()) {
        memory_ = std::move(*first);
      } else {
        reserved = std::unexpected<Error>(std::move(first).error());
      }
    } else {
      reserved = memory_.Resize(wanted);
    }
    if (reserved.has_value()) return OkStatus();
    if (reserved.error().kind() != ErrorKind::kResourceExhausted || open_.empty()) return reserved;
    MP_RETURN_IF_ERROR(CloseLargest());
  }
}

Status DataWriter::CloseFiles() {
  while (!open_.empty()) MP_RETURN_IF_ERROR(CloseFile(open_.begin()));
  return OkStatus();
}

Result<std::vector<AddFile>> DataWriter::Finish() {
  MP_RETURN_IF_ERROR(CloseFiles());
  for (const auto& folder : folders_) MP_RETURN_IF_ERROR(env_.fs.SyncDirectory(folder));
  memory_ = MemoryReservation();
  return std::move(adds_);
}

void DataWriter::Discard() {
  open_.clear();
  for (const auto& path : paths_) (void)env_.fs.Remove(path);  // unreferenced files are harmless
}

}  // namespace millpond::data
