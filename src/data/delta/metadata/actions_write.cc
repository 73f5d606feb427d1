#include <type_traits>

#include "base/json.h"
#include "data/delta/metadata/actions_json.h"

namespace millpond::data {
namespace {

template <typename T>
void Put(OrderedJson& json, const char* key, const std::optional<T>& value) {
  if (value) json[key] = *value;
}

// Maps are written even when empty where the protocol requires them; a JSON object, never null.
OrderedJson Object(const StringMap& map) {
  OrderedJson object = OrderedJson::object();
  for (const auto& [key, value] : map) object[key] = value;
  return object;
}

OrderedJson Object(const PartitionValues& values) {
  OrderedJson object = OrderedJson::object();
  for (const auto& [key, value] : values) object[key] = value ? OrderedJson(*value) : OrderedJson();
  return object;
}

void PutVector(OrderedJson& json, const std::optional<DeletionVector>& vector) {
  if (!vector) return;
  OrderedJson body{{"storageType", vector->storage_type},
                   {"pathOrInlineDv", vector->path_or_inline}};
  Put(body, "offset", vector->offset);
  body["sizeInBytes"] = vector->size_bytes;
  body["cardinality"] = vector->cardinality;
  json["deletionVector"] = std::move(body);
}

OrderedJson Body(const AddFile& add) {
  OrderedJson json{{"path", add.path},
                   {"partitionValues", Object(add.partition_values)},
                   {"size", add.size_bytes},
                   {"modificationTime", add.modification_time_ms},
                   {"dataChange", add.data_change}};
  if (!add.stats.empty()) json["stats"] = add.stats;
  if (!add.tags.empty()) json["tags"] = Object(add.tags);
  PutVector(json, add.deletion_vector);
  Put(json, "baseRowId", add.base_row_id);
  Put(json, "defaultRowCommitVersion", add.default_row_commit_version);
  Put(json, "clusteringProvider", add.clustering_provider);
  return json;
}

OrderedJson Body(const RemoveFile& remove) {
  OrderedJson json{{"path", remove.path}};
  Put(json, "deletionTimestamp", remove.deletion_timestamp_ms);
  json["dataChange"] = remove.data_change;
  Put(json, "extendedFileMetadata", remove.extended_file_metadata);
  if (remove.extended_file_metadata.value_or(false)) {
    json["partitionValues"] = Object(remove.partition_values);
    json["size"] = remove.size_bytes.value_or(0);
    json["tags"] = Object(remove.tags);
  }
  if (!remove.stats.empty()) json["stats"] = remove.stats;
  PutVector(json, remove.deletion_vector);
  Put(json, "baseRowId", remove.base_row_id);
  Put(json, "defaultRowCommitVersion", remove.default_row_commit_version);
  return json;
}

OrderedJson Body(const CdcFile& cdc) {
  OrderedJson json{{"path", cdc.path},
                   {"partitionValues", Object(cdc.partition_values)},
                   {"size", cdc.size_bytes},
                   {"dataChange", false}};
  if (!cdc.tags.empty()) json["tags"] = Object(cdc.tags);
  return json;
}

OrderedJson Body(const Metadata& metadata) {
  OrderedJson json{{"id", metadata.id}};
  Put(json, "name", metadata.name);
  Put(json, "description", metadata.description);
  json["format"] = OrderedJson{{"provider", metadata.format_provider},
                               {"options", Object(metadata.format_options)}};
  json["schemaString"] = metadata.schema_json;
  json["partitionColumns"] = metadata.partition_columns;
  json["configuration"] = Object(metadata.configuration);
  Put(json, "createdTime", metadata.created_time_ms);
  return json;
}

OrderedJson Body(const Protocol& protocol) {
  OrderedJson json{{"minReaderVersion", protocol.min_reader_version},
                   {"minWriterVersion", protocol.min_writer_version}};
  if (protocol.min_reader_version >= 3) json["readerFeatures"] = protocol.reader_features;
  if (protocol.min_writer_version >= 7) json["writerFeatures"] = protocol.writer_features;
  return json;
}

OrderedJson Body(const Txn& txn) {
  OrderedJson json{{"appId", txn.app_id}, {"version", txn.version}};
  Put(json, "lastUpdated", txn.last_updated_ms);
  return json;
}

OrderedJson Body(const DomainMetadata& domain) {
  return OrderedJson{{"domain", domain.domain},
                     {"configuration", domain.configuration},
                     {"removed", domain.removed}};
}

OrderedJson Body(const CommitInfo& info) {
  OrderedJson json = OrderedJson::object();
  Put(json, "inCommitTimestamp", info.in_commit_timestamp_ms);
  Put(json, "timestamp", info.timestamp_ms);
  json["operation"] = info.operation;
  json["operationParameters"] = Object(info.operation_parameters);
  json["isBlindAppend"] = info.is_blind_append;
  if (!info.operation_metrics.empty()) json["operationMetrics"] = Object(info.operation_metrics);
  if (!info.tags.empty()) json["tags"] = Object(info.tags);
  json["engineInfo"] = info.engine_info;
  json["txnId"] = info.txn_id;
  return json;
}

const char* NameOf(const CommitInfo&) {
  return "commitInfo";
}
const char* NameOf(const Protocol&) {
  return "protocol";
}
const char* NameOf(const Metadata&) {
  return "metaData";
}
const char* NameOf(const Txn&) {
  return "txn";
}
const char* NameOf(const DomainMetadata&) {
  return "domainMetadata";
}
const char* NameOf(const AddFile&) {
  return "add";
}
const char* NameOf(const RemoveFile&) {
  return "remove";
}
const char* NameOf(const CdcFile&) {
  return "cdc";
}

}  // namespace

// DumpJson would put another character in the place of one that is not UTF-8: in a path or a
// partition value that loses a file or a value.
Result<std::string> ActionLine(const Action& action) {
  return std::visit(
      [](const auto& body) -> Result<std::string> {
        try {
          return OrderedJson{{NameOf(body), Body(body)}}.dump() + "\n";
        } catch (const OrderedJson::exception& error) {
          return Fail(ErrorKind::kInvalidArgument,
                      "the '{}' action cannot be written to the log, which is UTF-8: {}",
                      NameOf(body), error.what());
        }
      },
      action);
}

}  // namespace millpond::data
