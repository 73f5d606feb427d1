#include "data/delta/log/checkpoint_adds_internal.h"

#include <arrow/record_batch.h>

#include "data/delta/log/stats_struct.h"
#include "data/delta/metadata/arrow_fields.h"

namespace millpond::data {

const std::vector<std::string>& AddColumns() {
  static const std::vector<std::string> columns = {
      "add.path",
      "add.partitionValues",
      "add.size",
      "add.modificationTime",
      "add.tags",
      "add.deletionVector",
      "add.baseRowId",
      "add.defaultRowCommitVersion",
      "add.clusteringProvider",
      "add.stats_parsed.numRecords",
  };
  return columns;
}

// Neighbours mostly lie in one partition; the distinct ones are few.
void AddAppender::AppendPartition(const arrow::Array* values, int64_t row) {
  partition_key_.clear();
  ForEachEntry(values, row, [&](std::string_view key, std::optional<std::string_view> value) {
    partition_key_ += fmt::format("{}:", key.size());
    partition_key_ += key;
    if (value) {
      partition_key_ += fmt::format("={}:", value->size());
      partition_key_ += *value;
    }
  });
  if (partition_key_ != last_key_) {
    last_key_ = partition_key_;
    if (partition_key_.empty()) {
      last_partition_ = 0;
    } else {
      auto [known, is_new] = partition_ids_.try_emplace(
          partition_key_, static_cast<uint32_t>(columns_.partitions.size()));
      if (is_new) columns_.partitions.push_back(PartitionMap(values, row));
      last_partition_ = known->second;
    }
  }
  columns_.partition_ids.push_back(last_partition_);
}

void AddAppender::AppendExtras(const arrow::Array* add, int64_t row,
                               std::optional<DeletionVector> vector) {
  StringMap tags = TextMap(Child(add, "tags"), row);
  auto provider = Text(Child(add, "clusteringProvider"), row);
  if (tags.empty() && !vector && !provider) return;
  columns_.extras[static_cast<uint32_t>(columns_.size() - 1)] = {std::move(tags), std::move(vector),
                                                                 std::move(provider)};
}

Status AddAppender::Append(const arrow::RecordBatch& batch, std::vector<std::string>* stats) {
  const auto column = batch.GetColumnByName("add");
  const arrow::Array* add = column.get();
  if (add == nullptr || add->null_count() == batch.num_rows()) return OkStatus();
  const arrow::Array* path = Child(add, "path");
  const arrow::Array* partition = Child(add, "partitionValues");
  const arrow::Array* size = Child(add, "size");
  const arrow::Array* time = Child(add, "modificationTime");
  const arrow::Array* vector = Child(add, "deletionVector");
  const arrow::Array* base_row_id = Child(add, "baseRowId");
  const arrow::Array* commit_version = Child(add, "defaultRowCommitVersion");
  const arrow::Array* typed = Child(add, "stats_parsed");
  const arrow::Array* records = Child(typed, "numRecords");
  const arrow::Array* text = Child(add, "stats");
  const bool has_extras = Child(add, "tags") != nullptr || vector != nullptr ||
                          Child(add, "clusteringProvider") != nullptr;
  for (int64_t row = 0; row < batch.num_rows(); ++row) {
    if (add->IsNull(row)) continue;
    const auto name = TextView(path, row);
    if (!name) return Fail(ErrorKind::kCorrupt, "an add without a path");
    auto deleted = has_extras ? Vector(vector, row) : std::nullopt;
    columns_.AppendPath(table_path_, *name, deleted ? &*deleted : nullptr);
    columns_.sizes.push_back(Number(size, row).value_or(0));
    columns_.times.push_back(Number(time, row).value_or(0));
    AppendPartition(partition, row);
    if (base_row_id != nullptr || commit_version != nullptr) {
      columns_.AppendRowIds(Number(base_row_id, row), Number(commit_version, row));
    }
    const auto count = Number(records, row);
    knows_records_ = knows_records_ && count;
    if (knows_records_) columns_.records.push_back(*count);
    if (stats != nullptr) {
      std::string json = Text(text, row).value_or("");
      if (json.empty() && typed != nullptr) json = StatsJsonOf(*typed, row);
      stats->push_back(std::move(json));
    }
    if (has_extras) AppendExtras(add, row, std::move(deleted));
  }
  return OkStatus();
}

FileColumns AddAppender::Finish() {
  if (!knows_records_) columns_.records.clear();
  return std::move(columns_);
}

}  // namespace millpond::data
