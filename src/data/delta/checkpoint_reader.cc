#include "data/delta/checkpoint_reader.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include <algorithm>

#include "data/delta/stats_struct.h"
#include "data/parquet/reader.h"

namespace millpond::data {
namespace {

// A field of a struct array; null if the file has no such column. Wrong types are found by the
// typed readers below: a checkpoint's bytes may be anybody's.
const arrow::Array* Child(const arrow::Array* parent, const char* name) {
  if (parent == nullptr || parent->type_id() != arrow::Type::STRUCT) return nullptr;
  const auto& node = static_cast<const arrow::StructArray&>(*parent);
  return node.GetFieldByName(name).get();
}

bool Has(const arrow::Array* array, int64_t row) {
  return array != nullptr && !array->IsNull(row);
}

std::optional<std::string> Text(const arrow::Array* array, int64_t row) {
  if (!Has(array, row)) return std::nullopt;
  if (array->type_id() == arrow::Type::STRING || array->type_id() == arrow::Type::BINARY) {
    return std::string(static_cast<const arrow::BinaryArray&>(*array).GetView(row));
  }
  return std::nullopt;
}

std::optional<int64_t> Number(const arrow::Array* array, int64_t row) {
  if (!Has(array, row)) return std::nullopt;
  if (array->type_id() == arrow::Type::INT64) {
    return static_cast<const arrow::Int64Array&>(*array).Value(row);
  }
  if (array->type_id() == arrow::Type::INT32) {
    return static_cast<const arrow::Int32Array&>(*array).Value(row);
  }
  return std::nullopt;
}

std::optional<bool> Flag(const arrow::Array* array, int64_t row) {
  if (!Has(array, row) || array->type_id() != arrow::Type::BOOL) return std::nullopt;
  return static_cast<const arrow::BooleanArray&>(*array).Value(row);
}

template <typename Visit>  // visit(key, optional value)
void ForEachEntry(const arrow::Array* array, int64_t row, Visit visit) {
  if (!Has(array, row) || array->type_id() != arrow::Type::MAP) return;
  const auto& map = static_cast<const arrow::MapArray&>(*array);
  for (int64_t i = map.value_offset(row); i < map.value_offset(row) + map.value_length(row); ++i) {
    if (auto key = Text(map.keys().get(), i)) visit(std::move(*key), Text(map.items().get(), i));
  }
}

StringMap TextMap(const arrow::Array* array, int64_t row) {
  StringMap result;
  ForEachEntry(array, row, [&](std::string key, std::optional<std::string> value) {
    if (value) result[std::move(key)] = std::move(*value);
  });
  return result;
}

PartitionValues PartitionMap(const arrow::Array* array, int64_t row) {
  PartitionValues result;
  ForEachEntry(array, row, [&](std::string key, std::optional<std::string> value) {
    result[std::move(key)] = std::move(value);
  });
  return result;
}

std::vector<std::string> TextList(const arrow::Array* array, int64_t row) {
  std::vector<std::string> result;
  if (!Has(array, row) || array->type_id() != arrow::Type::LIST) return result;
  const auto& list = static_cast<const arrow::ListArray&>(*array);
  for (int64_t i = list.value_offset(row); i < list.value_offset(row) + list.value_length(row);
       ++i) {
    if (auto text = Text(list.values().get(), i)) result.push_back(std::move(*text));
  }
  return result;
}

std::optional<DeletionVector> Vector(const arrow::Array* array, int64_t row) {
  if (!Has(array, row)) return std::nullopt;
  DeletionVector vector;
  vector.storage_type = Text(Child(array, "storageType"), row).value_or("");
  vector.path_or_inline = Text(Child(array, "pathOrInlineDv"), row).value_or("");
  vector.offset = Number(Child(array, "offset"), row);
  vector.size_bytes = Number(Child(array, "sizeInBytes"), row).value_or(0);
  vector.cardinality = Number(Child(array, "cardinality"), row).value_or(0);
  if (vector.storage_type.empty()) return std::nullopt;
  return vector;
}

Result<AddFile> ReadAdd(const arrow::Array* node, int64_t row) {
  AddFile add;
  auto path = Text(Child(node, "path"), row);
  if (!path) return Fail(ErrorKind::kCorrupt, "an add without a path");
  add.path = std::move(*path);
  add.partition_values = PartitionMap(Child(node, "partitionValues"), row);
  add.size_bytes = Number(Child(node, "size"), row).value_or(0);
  add.modification_time_ms = Number(Child(node, "modificationTime"), row).value_or(0);
  add.data_change = false;
  add.stats = Text(Child(node, "stats"), row).value_or("");
  const arrow::Array* parsed = Child(node, "stats_parsed");
  if (add.stats.empty() && parsed != nullptr) add.stats = StatsJsonOf(*parsed, row);
  add.tags = TextMap(Child(node, "tags"), row);
  add.deletion_vector = Vector(Child(node, "deletionVector"), row);
  add.base_row_id = Number(Child(node, "baseRowId"), row);
  add.default_row_commit_version = Number(Child(node, "defaultRowCommitVersion"), row);
  add.clustering_provider = Text(Child(node, "clusteringProvider"), row);
  return add;
}

Result<RemoveFile> ReadRemove(const arrow::Array* node, int64_t row) {
  RemoveFile remove;
  auto path = Text(Child(node, "path"), row);
  if (!path) return Fail(ErrorKind::kCorrupt, "a remove without a path");
  remove.path = std::move(*path);
  remove.deletion_timestamp_ms = Number(Child(node, "deletionTimestamp"), row);
  remove.data_change = false;
  remove.extended_file_metadata = Flag(Child(node, "extendedFileMetadata"), row);
  remove.partition_values = PartitionMap(Child(node, "partitionValues"), row);
  remove.size_bytes = Number(Child(node, "size"), row);
  remove.deletion_vector = Vector(Child(node, "deletionVector"), row);
  remove.base_row_id = Number(Child(node, "baseRowId"), row);
  remove.default_row_commit_version = Number(Child(node, "defaultRowCommitVersion"), row);
  return remove;
}

Metadata ReadMetadata(const arrow::Array* node, int64_t row) {
  Metadata metadata;
  metadata.id = Text(Child(node, "id"), row).value_or("");
  metadata.name = Text(Child(node, "name"), row);
  metadata.description = Text(Child(node, "description"), row);
  const arrow::Array* format = Child(node, "format");
  metadata.format_provider = Text(Child(format, "provider"), row).value_or("parquet");
  metadata.format_options = TextMap(Child(format, "options"), row);
  metadata.schema_json = Text(Child(node, "schemaString"), row).value_or("");
  metadata.partition_columns = TextList(Child(node, "partitionColumns"), row);
  metadata.configuration = TextMap(Child(node, "configuration"), row);
  metadata.created_time_ms = Number(Child(node, "createdTime"), row);
  return metadata;
}

Protocol ReadProtocol(const arrow::Array* node, int64_t row) {
  Protocol protocol;
  protocol.min_reader_version =
      static_cast<int>(Number(Child(node, "minReaderVersion"), row).value_or(1));
  protocol.min_writer_version =
      static_cast<int>(Number(Child(node, "minWriterVersion"), row).value_or(1));
  for (auto& name : TextList(Child(node, "readerFeatures"), row)) {
    protocol.reader_features.insert(std::move(name));
  }
  for (auto& name : TextList(Child(node, "writerFeatures"), row)) {
    protocol.writer_features.insert(std::move(name));
  }
  return protocol;
}

Status ReadSmallActions(const arrow::RecordBatch& batch, int64_t row,
                        const std::function<Status(Action)>& sink) {
  auto column = [&](const char* name) { return batch.GetColumnByName(name); };
  if (auto node = column("metaData"); Has(node.get(), row)) {
    MP_RETURN_IF_ERROR(sink(ReadMetadata(node.get(), row)));
  }
  if (auto node = column("protocol"); Has(node.get(), row)) {
    MP_RETURN_IF_ERROR(sink(ReadProtocol(node.get(), row)));
  }
  if (auto node = column("txn"); Has(node.get(), row)) {
    Txn txn;
    txn.app_id = Text(Child(node.get(), "appId"), row).value_or("");
    txn.version = Number(Child(node.get(), "version"), row).value_or(0);
    txn.last_updated_ms = Number(Child(node.get(), "lastUpdated"), row);
    MP_RETURN_IF_ERROR(sink(std::move(txn)));
  }
  if (auto node = column("domainMetadata"); Has(node.get(), row)) {
    DomainMetadata domain;
    domain.domain = Text(Child(node.get(), "domain"), row).value_or("");
    domain.configuration = Text(Child(node.get(), "configuration"), row).value_or("");
    domain.removed = Flag(Child(node.get(), "removed"), row).value_or(false);
    MP_RETURN_IF_ERROR(sink(std::move(domain)));
  }
  auto sidecar = column("sidecar");
  if (Has(sidecar.get(), row)) {
    return Fail(ErrorKind::kUnsupported,
                "the checkpoint needs the reader feature 'v2Checkpoint', which this version of "
                "Millpond does not read");
  }
  return OkStatus();
}

constexpr const char* kStats = "add.stats";

// Calls visit(batch) for the row groups of `path`, reading the given columns.
Status ForEachBatch(const Environment& env, const std::string& path,
                    const std::vector<std::string>& columns,
                    const std::function<Status(const arrow::RecordBatch&)>& visit) {
  MP_ASSIGN_OR_RETURN(auto file, ParquetReader::Open(env, path, 4096));
  auto leaves = file->LeavesUnder(columns);
  // Typed statistics are read only where the checkpoint has them as nothing else.
  bool wants_stats = std::ranges::find(columns, kStats) != columns.end();
  if (wants_stats && file->LeavesUnder({kStats}).empty()) {
    auto typed = file->LeavesUnder({"add.stats_parsed"});
    leaves.insert(leaves.end(), typed.begin(), typed.end());
    std::ranges::sort(leaves);
  }
  if (leaves.empty()) return OkStatus();
  MP_ASSIGN_OR_RETURN(auto reader, file->Read(leaves));
  while (true) {
    MP_RETURN_IF_ERROR(env.cancellation.Check());
    MP_ASSIGN_OR_RETURN(auto batch, file->Next(*reader));
    if (batch == nullptr) return OkStatus();
    MP_RETURN_IF_ERROR_CONTEXT(visit(*batch), "checkpoint {}", path);
  }
}

}  // namespace

Status ReadCheckpoint(const Environment& env, const std::string& path,
                      const std::function<Status(Action)>& sink) {
  static const std::vector<std::string> kColumns = {"add.path",
                                                    "add.partitionValues",
                                                    "add.size",
                                                    "add.modificationTime",
                                                    kStats,
                                                    "add.tags",
                                                    "add.deletionVector",
                                                    "add.baseRowId",
                                                    "add.defaultRowCommitVersion",
                                                    "add.clusteringProvider",
                                                    "metaData",
                                                    "protocol",
                                                    "txn",
                                                    "domainMetadata",
                                                    "sidecar"};
  return ForEachBatch(env, path, kColumns, [&](const arrow::RecordBatch& batch) -> Status {
    auto adds = batch.GetColumnByName("add");
    for (int64_t row = 0; row < batch.num_rows(); ++row) {
      if (Has(adds.get(), row)) {
        MP_ASSIGN_OR_RETURN(auto add, ReadAdd(adds.get(), row));
        MP_RETURN_IF_ERROR(sink(std::move(add)));
      } else {
        MP_RETURN_IF_ERROR(ReadSmallActions(batch, row, sink));
      }
    }
    return OkStatus();
  });
}

Status ReadCheckpointRemoves(const Environment& env, const std::string& path,
                             const std::function<Status(RemoveFile)>& sink) {
  return ForEachBatch(env, path, {"remove"}, [&](const arrow::RecordBatch& batch) -> Status {
    auto removes = batch.GetColumnByName("remove");
    for (int64_t row = 0; row < batch.num_rows(); ++row) {
      if (!Has(removes.get(), row)) continue;
      MP_ASSIGN_OR_RETURN(auto remove, ReadRemove(removes.get(), row));
      MP_RETURN_IF_ERROR(sink(std::move(remove)));
    }
    return OkStatus();
  });
}

}  // namespace millpond::data
