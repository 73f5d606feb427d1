#include "data/delta/new_table_internal.h"

#include <algorithm>

#include "base/json.h"
#include "base/random.h"
#include "data/delta/properties.h"
#include "data/delta/protocol.h"
#include "data/delta/table_internal.h"
#include "data/delta/transaction.h"

namespace millpond::data {
namespace {

bool UsesTimestampNtz(const DataType& type) {
  switch (type.kind()) {
    case TypeKind::kTimestampNtz:
      return true;
    case TypeKind::kStruct:
      return std::ranges::any_of(type.fields(),
                                 [](const auto& field) { return UsesTimestampNtz(field.type); });
    case TypeKind::kMap:
      return UsesTimestampNtz(type.key()) || UsesTimestampNtz(type.element());
    case TypeKind::kArray:
      return UsesTimestampNtz(type.element());
    default:
      return false;
  }
}

// The least protocol from `protocol` on that the schema and the properties need.
Protocol ProtocolFor(Protocol protocol, const CreateOptions& options) {
  bool ntz = std::ranges::any_of(options.schema.fields(),
                                 [](const auto& field) { return UsesTimestampNtz(field.type); });
  if (ntz) protocol = WithReaderFeature(std::move(protocol), feature::kTimestampNtz);
  Metadata metadata;
  metadata.configuration = options.properties;
  if (metadata.IsEnabled(property::kEnableInCommitTimestamps)) {
    protocol = WithWriterFeatures(std::move(protocol), {feature::kInCommitTimestamp});
  }
  if (metadata.IsEnabled(property::kEnableRowTracking)) {
    protocol =
        WithWriterFeatures(std::move(protocol), {feature::kRowTracking, feature::kDomainMetadata});
  }
  const auto policy = options.properties.find(property::kCheckpointPolicy);
  if (policy != options.properties.end() && EqualNames(policy->second, "v2")) {
    protocol = WithReaderFeature(std::move(protocol), feature::kV2Checkpoint);
  }
  for (const auto& [key, value] : options.properties) {
    if (key.starts_with("delta.feature.") && EqualNames(value, "supported")) {
      protocol = WithWriterFeatures(std::move(protocol), {key.substr(14)});
    }
  }
  return protocol;
}

Status CheckCreateOptions(const CreateOptions& options) {
  if (options.schema.size() == 0) {
    return Fail(ErrorKind::kInvalidArgument, "a table needs at least one column");
  }
  MP_RETURN_IF_ERROR(options.schema.Validate());
  MP_RETURN_IF_ERROR(CheckProperties(options.properties));

  for (const auto& column : options.partition_columns) {
    const StructField* field = options.schema.Find(column);
    if (field == nullptr) {
      return Fail(ErrorKind::kInvalidArgument, "partition column '{}' is not in the schema",
                  column);
    }
    if (field->type.kind() == TypeKind::kBinary) {
      return Fail(ErrorKind::kUnsupported,
                  "column '{}' is BINARY: tables are not partitioned by bytes, which the log would "
                  "have to hold as text; partition by hex({}) as a STRING column",
                  column, column);
    }
    if (!field->type.is_primitive()) {
      return Fail(ErrorKind::kInvalidArgument,
                  "partition column '{}' is {}: only a primitive type can partition a table",
                  column, field->type.ToString());
    }
  }
  if (options.partition_columns.size() >= options.schema.size()) {
    return Fail(ErrorKind::kInvalidArgument,
                "a table needs at least one column that does not partition it");
  }
  return OkStatus();
}

// What the options say of a table, put into `metadata`.
void Describe(const Environment& env, const CreateOptions& options, Metadata& metadata) {
  metadata.description = options.description;
  metadata.schema_json = options.schema.ToJson();
  metadata.partition_columns.clear();
  for (const auto& column : options.partition_columns) {
    metadata.partition_columns.push_back(options.schema.Find(column)->name);
  }
  for (const auto& [key, value] : options.properties) {
    if (!key.starts_with("delta.feature.")) metadata.configuration[key] = value;
  }
  if (metadata.IsEnabled(property::kEnableRowTracking)) {
    metadata.configuration.try_emplace(property::kRowIdColumn,
                                       "_row-id-col-" + NewUuid4(env.random));
    metadata.configuration.try_emplace(property::kRowCommitVersionColumn,
                                       "_row-commit-version-col-" + NewUuid4(env.random));
  }
}

Metadata MetadataFor(const Environment& env, const CreateOptions& options) {
  Metadata metadata;
  metadata.id = NewUuid4(env.random);
  metadata.name = options.name;
  metadata.created_time_ms = env.clock.NowMillis();
  Describe(env, options, metadata);
  return metadata;
}

}  // namespace

Result<TableShape> ReplacedShape(const Environment& env, TableShape shape,
                                 const CreateOptions& options) {
  MP_RETURN_IF_ERROR(CheckCreateOptions(options));
  shape.schema = options.schema;
  shape.protocol = ProtocolFor(std::move(shape.protocol), options);
  Describe(env, options, shape.metadata);
  return shape;
}

Result<NewTable> NewTable::Prepare(const Environment& env, std::string path,
                                   const CreateOptions& options, DataRoots roots) {
  MP_RETURN_IF_ERROR(CheckCreateOptions(options));
  DeltaTable table(std::make_shared<DeltaTable::Shared>(env, WithoutTrailingSlash(std::move(path)),
                                                        std::move(roots)));
  Protocol protocol = ProtocolFor(Protocol(), options);
  Metadata metadata = MetadataFor(env, options);
  MP_RETURN_IF_ERROR(CheckWritable(protocol, metadata, options.schema, table.path()));

  const LogStore& log = table.shared_->log;
  MP_RETURN_IF_ERROR(env.fs.CreateDirectories(ParentPath(log.CommitPath(0))));
  MP_ASSIGN_OR_RETURN(auto listing, log.List());
  if (!listing.empty()) {
    return Fail(ErrorKind::kAlreadyExists, "there is already a Delta table at {}", table.path());
  }
  MP_RETURN_IF_ERROR(log.ProbePutIfAbsent());
  CommitInfo info;
  info.operation = options.operation;
  info.operation_parameters = {{"partitionBy", DumpJson(Json(metadata.partition_columns))},
                               {"properties", DumpJson(Json(options.properties))}};
  return NewTable(std::move(table), std::move(protocol), std::move(metadata), std::move(info));
}

Result<CommitResult> NewTable::Commit(std::vector<AddFile> adds, StringMap metrics) {
  info_.operation_metrics = std::move(metrics);
  return Transaction::CommitFirst(table_, std::move(protocol_), std::move(metadata_),
                                  std::move(info_), std::move(adds));
}

Result<DeltaTable> DeltaTable::Create(const Environment& env, std::string path,
                                      const CreateOptions& options, DataRoots roots) {
  MP_ASSIGN_OR_RETURN(auto made,
                      NewTable::Prepare(env, std::move(path), options, std::move(roots)));
  MP_RETURN_IF_ERROR(made.Commit({}, {}));
  return made.table();
}

}  // namespace millpond::data
