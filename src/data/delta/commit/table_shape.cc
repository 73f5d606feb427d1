#include "data/delta/commit/table_shape.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "data/delta/metadata/column_mapping.h"
#include "data/delta/metadata/properties.h"
#include "data/delta/metadata/protocol.h"
#include "data/delta/metadata/table_features.h"
#include "data/delta/rows/change_feed.h"

namespace millpond::data {
namespace {

constexpr std::string_view kModes[] = {"none", "id", "name"};

std::string_view TextOf(ColumnMappingMode mode) {
  return kModes[static_cast<int>(mode)];
}

int64_t MaxIdSoFar(const TableShape& shape) {
  int64_t max = MaxColumnId(shape.schema);
  const auto& properties = shape.metadata.configuration;
  if (const auto known = properties.find(property::kMaxColumnId); known != properties.end()) {
    int64_t id = 0;
    const std::string& text = known->second;
    std::from_chars(text.data(), text.data() + text.size(), id);
    max = std::max(max, id);
  }
  return max;
}

// Files name their columns as the mode says when they are written, so with files that stay only
// one change is possible: from the names as they are to names that are written down.
Status CheckMode(const SettleOptions& options, ColumnMappingMode now) {
  if (options.before == nullptr || !options.files_stay) return OkStatus();
  MP_ASSIGN_OR_RETURN(const auto was, ColumnMappingModeOf(options.before->metadata));
  if (was == now || (was == ColumnMappingMode::kNone && now == ColumnMappingMode::kName)) {
    return OkStatus();
  }
  return Fail(ErrorKind::kInvalidArgument,
              "property {} of table {} cannot change from '{}' to '{}', as its files were written "
              "for the former: write the table anew by CREATE OR REPLACE TABLE t TBLPROPERTIES "
              "('{}' = '{}') AS SELECT * FROM t",
              property::kColumnMappingMode, options.table_path, TextOf(was), TextOf(now),
              property::kColumnMappingMode, TextOf(now));
}

Status MapColumns(const SettleOptions& options, RandomSource& random, TableShape& shape) {
  MP_ASSIGN_OR_RETURN(const ColumnMappingMode mode, ColumnMappingModeOf(shape.metadata));
  MP_RETURN_IF_ERROR(CheckMode(options, mode));
  auto& properties = shape.metadata.configuration;
  if (mode == ColumnMappingMode::kNone) {
    if (!options.files_stay) shape.schema = WithoutColumnMapping(shape.schema);
    return OkStatus();
  }
  bool keep_names = false;
  if (options.before != nullptr && options.files_stay) {
    MP_ASSIGN_OR_RETURN(const auto was, ColumnMappingModeOf(options.before->metadata));
    keep_names = was == ColumnMappingMode::kNone;
  }
  int64_t max_id = MaxIdSoFar(shape);
  shape.schema = WithColumnMapping(shape.schema, keep_names, random, &max_id);
  properties[property::kMaxColumnId] = fmt::format("{}", max_id);
  return OkStatus();
}

// The names that the change data feed gives to its own columns.
Status CheckFeedColumns(const Metadata& metadata, const Schema& schema) {
  if (!metadata.IsEnabled(property::kEnableChangeDataFeed)) return OkStatus();
  for (const char* column : {kChangeTypeColumn, kCommitVersionColumn, kCommitTimestampColumn}) {
    if (schema.Find(column) == nullptr) continue;
    return Fail(ErrorKind::kInvalidArgument,
                "a table with a column {} cannot have a change data feed, which adds one of that "
                "name: rename the column, or leave {} out",
                column, property::kEnableChangeDataFeed);
  }
  return OkStatus();
}

// The leaves and structs of a schema as statistics.h names them.
void AddPaths(const std::vector<StructField>& fields, const std::string& prefix,
              std::set<std::string>& paths) {
  for (const StructField& field : fields) {
    paths.insert(prefix + field.name);
    if (field.type.kind() == TypeKind::kStruct) {
      AddPaths(field.type.fields(), prefix + field.name + ".", paths);
    }
  }
}

// A column that is not there has no statistics, which whoever misspelt it would not learn.
Status CheckStatsColumns(const std::string& list, const Schema& schema) {
  std::set<std::string> paths;
  AddPaths(schema.fields(), "", paths);
  for (const std::string& name : ParseColumnList(list)) {
    if (paths.contains(name)) continue;
    return Fail(ErrorKind::kInvalidArgument,
                "property {} takes names of columns such as '{}', found '{}': the table has no "
                "column '{}'",
                property::kStatsColumns, paths.empty() ? "a" : *paths.begin(), list, name);
  }
  return OkStatus();
}

Result<int> VersionIn(const std::string& key, const std::string& value, int max) {
  int version = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), version);
  if (error == std::errc() && end == value.data() + value.size() && version >= 1 &&
      version <= max) {
    return version;
  }
  return Fail(ErrorKind::kInvalidArgument,
              "property {} takes a whole number from 1 to {}, found "
              "'{}'",
              key, max, value);
}

}  // namespace

TableShape ShapeOf(const Snapshot& snapshot) {
  return {snapshot.schema(), snapshot.protocol(), snapshot.metadata()};
}

Status SetProperties(const StringMap& properties, TableShape& shape) {
  MP_RETURN_IF_ERROR(CheckProperties(properties));
  int reader = 1, writer = 1;
  for (const auto& [key, value] : properties) {
    if (key.starts_with(property::kFeaturePrefix)) {
      const std::string name = key.substr(std::string_view(property::kFeaturePrefix).size());
      shape.protocol = WithFeatures(std::move(shape.protocol), {name}, /*listed=*/true);
    } else if (key == property::kMinReaderVersion) {
      MP_ASSIGN_OR_RETURN(reader, VersionIn(key, value, 3));
    } else if (key == property::kMinWriterVersion) {
      MP_ASSIGN_OR_RETURN(writer, VersionIn(key, value, 7));
    } else {
      if (key == property::kStatsColumns) {
        MP_RETURN_IF_ERROR(CheckStatsColumns(value, shape.schema));
      }
      shape.metadata.configuration[key] = value;
    }
  }
  shape.protocol = WithVersions(std::move(shape.protocol), reader, writer);
  return OkStatus();
}

Status SettleShape(const SettleOptions& options, RandomSource& random, TableShape& shape) {
  MP_RETURN_IF_ERROR(MapColumns(options, random, shape));
  MP_ASSIGN_OR_RETURN(const ColumnMappingMode mode, ColumnMappingModeOf(shape.metadata));
  MP_RETURN_IF_ERROR(ValidateSchema(shape.schema, mode));
  Metadata& metadata = shape.metadata;
  MP_RETURN_IF_ERROR(CheckFeedColumns(metadata, shape.schema));
  if (metadata.partition_columns.size() >= shape.schema.size()) {
    return Fail(ErrorKind::kInvalidArgument,
                "a table needs at least one column that does not partition it");
  }
  if (metadata.IsEnabled(property::kEnableRowTracking)) {
    metadata.configuration.try_emplace(property::kRowIdColumn, "_row-id-col-" + NewUuid4(random));
    metadata.configuration.try_emplace(property::kRowCommitVersionColumn,
                                       "_row-commit-version-col-" + NewUuid4(random));
  }
  std::set<std::string> used = FeaturesInUse(metadata, shape.schema);
  if (options.before !=
      nullptr) {  // what was in use without being supported is not ours to turn on
    const TableShape& before = *options.before;
    for (const auto& name : FeaturesInUse(before.metadata, before.schema)) {
      if (!HasFeature(before.protocol, name)) used.erase(name);
    }
  }
  shape.protocol = WithFeatures(std::move(shape.protocol), used);
  // The text of a schema that did not change stays, with whatever in it Millpond does not know.
  const std::string text = shape.schema.ToJson();
  if (options.before == nullptr || text != options.before->schema.ToJson()) {
    metadata.schema_json = text;
  }
  return CheckWritable(shape.protocol, metadata, shape.schema, options.table_path);
}

}  // namespace millpond::data
