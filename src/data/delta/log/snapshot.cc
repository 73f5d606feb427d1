#include "data/delta/log/snapshot.h"

#include <arrow/type.h>

#include <algorithm>

#include "data/delta/metadata/protocol.h"
#include "data/delta/metadata/type_widening.h"

namespace millpond::data {
namespace {

Status CheckColumns(const Metadata& metadata, const Schema& schema, const std::string& path) {
  if (schema.size() == 0) {
    return Fail(ErrorKind::kCorrupt, "the metadata of table {} has no schema", path);
  }
  for (const auto& column : metadata.partition_columns) {
    const StructField* field = schema.Find(column);
    if (field == nullptr || !field->type.is_primitive()) {
      return Fail(ErrorKind::kCorrupt, "table {} is partitioned by '{}', which is no {} column",
                  path, column, field == nullptr ? "" : "primitive");
    }
  }
  return OkStatus();
}

}  // namespace

Result<std::shared_ptr<const Snapshot>> Snapshot::Make(std::string path, int64_t version,
                                                       Micros commit_time, TableState state,
                                                       SnapshotOrigin origin) {
  if (!state.protocol) {
    return Fail(ErrorKind::kCorrupt, "the log of table {} has no protocol action up to version {}",
                path, version);
  }
  if (!state.metadata) {
    return Fail(ErrorKind::kCorrupt, "the log of table {} has no metaData action up to version {}",
                path, version);
  }
  MP_RETURN_IF_ERROR(CheckReadable(*state.protocol, *state.metadata, path));
  if (state.metadata->schema_json.empty()) {
    return Fail(ErrorKind::kCorrupt, "the metadata of table {} has no schema", path);
  }
  if (state.schema == nullptr || state.schema->size() == 0) {
    MP_ASSIGN_OR_RETURN_CONTEXT(auto schema, Schema::FromJson(state.metadata->schema_json),
                                "table {}", path);
    state.schema = std::make_shared<const Schema>(std::move(schema));
  }
  MP_RETURN_IF_ERROR(CheckColumns(*state.metadata, *state.schema, path));
  MP_RETURN_IF_ERROR_CONTEXT(CheckTypeChanges(*state.schema), "table {}", path);

  std::shared_ptr<Snapshot> snapshot(new Snapshot());
  snapshot->path_ = std::move(path);
  snapshot->version_ = version;
  snapshot->commit_time_ = commit_time;
  snapshot->state_ = std::move(state);
  snapshot->origin_ = std::move(origin);
  snapshot->arrow_schema_ = snapshot->schema().ToArrow();
  return snapshot;
}

bool Snapshot::IsPartitionColumn(std::string_view column) const {
  return std::ranges::any_of(metadata().partition_columns,
                             [&](const auto& name) { return EqualNames(name, column); });
}

std::optional<int64_t> Snapshot::txn_version(const std::string& app_id) const {
  auto found = state_.txns.find(app_id);
  if (found == state_.txns.end()) return std::nullopt;
  return found->second.version;
}

std::optional<std::string> Snapshot::property(const std::string& key) const {
  auto found = metadata().configuration.find(key);
  if (found == metadata().configuration.end()) return std::nullopt;
  return found->second;
}

}  // namespace millpond::data
