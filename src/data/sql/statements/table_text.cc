#include "data/sql/statements/table_text.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/json.h"
#include "data/delta/commit/table_rules.h"
#include "data/delta/metadata/column_mapping.h"
#include "data/delta/metadata/protocol.h"
#include "data/delta/metadata/table_features.h"
#include "data/sql/statements/column_type.h"
#include "data/sql/tokenizer.h"

namespace millpond::data {
namespace {

bool IsOwn(const std::string& key) {
  return key == property::kMaxColumnId || key == property::kRowIdColumn ||
         key == property::kRowCommitVersionColumn || key == property::kInCommitTimestampVersion ||
         key == property::kInCommitTimestampTime || key.starts_with(property::kConstraintPrefix);
}

std::string NumberIn(const StructField& field, const std::string& key) {
  const auto found = field.metadata.find(key);
  return found == field.metadata.end() ? "1" : found->second;
}

std::string ColumnClauses(const StructField& field) {
  const TextLimits limits = TextLimitsOf(field).value_or(TextLimits());
  std::string text = fmt::format("{} {}", NameText(field.name), TypeText(field.type, limits));
  if (!field.nullable) text += " NOT NULL";
  const std::string generation = ColumnText(field, "delta.generationExpression");
  if (!generation.empty()) text += fmt::format(" GENERATED ALWAYS AS ({})", generation);
  if (field.metadata.contains("delta.identity.start")) {
    const auto free = field.metadata.find("delta.identity.allowExplicitInsert");
    const bool by_default = free != field.metadata.end() && free->second == "true";
    text +=
        fmt::format(" GENERATED {} AS IDENTITY (START WITH {} INCREMENT BY {})",
                    by_default ? "BY DEFAULT" : "ALWAYS", NumberIn(field, "delta.identity.start"),
                    NumberIn(field, "delta.identity.step"));
  }
  const std::string value = ColumnText(field, "CURRENT_DEFAULT");
  if (!value.empty()) text += " DEFAULT " + value;
  const std::string comment = ColumnText(field, "comment");
  if (!comment.empty()) text += " COMMENT " + QuoteString(comment);
  return text;
}

// What a new table needs said so that it has this one's features.
StringMap GivenProperties(const Snapshot& snapshot) {
  StringMap given;
  for (const auto& [key, value] : snapshot.metadata().configuration) {
    if (!IsOwn(key)) given[key] = value;
  }
  std::set<std::string> known = {feature::kAppendOnly, feature::kInvariants};
  Protocol made;
  made = WithFeatures(made, FeaturesInUse(snapshot.metadata(), snapshot.schema()));
  known.merge(WriterFeatures(made));
  for (const std::string& name : snapshot.protocol().writer_features) {
    if (!known.contains(name) && name != feature::kClustering && name != feature::kDomainMetadata) {
      given[property::kFeaturePrefix + name] = "supported";
    }
  }
  return given;
}

// The path of logical names to the column that has these physical ones; "" if there is none.
std::string LogicalPath(const std::vector<StructField>& fields, const Json& physical, size_t at) {
  if (at == physical.size()) return "";
  for (const StructField& field : fields) {
    if (Json(PhysicalName(field)) != physical[at]) continue;
    if (at + 1 == physical.size()) return NameText(field.name);
    if (field.type.kind() != TypeKind::kStruct) return "";
    return NameText(field.name) + "." + LogicalPath(field.type.fields(), physical, at + 1);
  }
  return "";
}

}  // namespace

std::string ColumnText(const StructField& field, const std::string& key) {
  const auto found = field.metadata.find(key);
  if (found == field.metadata.end()) return "";
  const auto json = ParseJson(found->second, "a column's metadata");
  return json.has_value() && json->is_string() ? json->get<std::string>() : found->second;
}

StringMap AllProperties(const Snapshot& snapshot) {
  StringMap all = snapshot.metadata().configuration;
  const Protocol& protocol = snapshot.protocol();
  all[property::kMinReaderVersion] = fmt::format("{}", protocol.min_reader_version);
  all[property::kMinWriterVersion] = fmt::format("{}", protocol.min_writer_version);
  for (const std::string& name : protocol.writer_features) {
    all[property::kFeaturePrefix + name] = "supported";
  }
  return all;
}

std::string ClusteringText(const Snapshot& snapshot) {
  const auto domain = snapshot.domains().find("delta.clustering");
  if (domain == snapshot.domains().end()) return "";
  const auto json = ParseJson(domain->second.configuration, "the clustering");
  if (!json.has_value() || !json->is_object() || !json->contains("clusteringColumns")) return "";
  std::vector<std::string> columns;
  for (const Json& path : (*json)["clusteringColumns"]) {
    if (path.is_array()) columns.push_back(LogicalPath(snapshot.schema().fields(), path, 0));
  }
  return fmt::format("{}", fmt::join(columns, ", "));
}

std::string NeededFeaturesText(const Snapshot& snapshot) {
  // An older version stands for features that nobody asked for.
  std::set<std::string> needed = snapshot.protocol().min_writer_version < 7
                                     ? FeaturesInUse(snapshot.metadata(), snapshot.schema())
                                     : WriterFeatures(snapshot.protocol());
  needed.erase(feature::kAppendOnly);
  needed.erase(feature::kInvariants);
  if (needed.empty()) return "";
  return fmt::format("; it needs the feature{} {}", needed.size() > 1 ? "s" : "",
                     fmt::join(needed, ", "));
}

std::string CreateTableText(const std::string& name, const Snapshot& snapshot,
                            const std::string& location) {
  const Metadata& metadata = snapshot.metadata();
  std::vector<std::string> columns;
  for (const StructField& field : snapshot.schema().fields()) {
    columns.push_back("  " + ColumnClauses(field));
  }
  for (const RowCheck& check : ConstraintsOf(metadata.configuration)) {
    columns.push_back(
        fmt::format("  CONSTRAINT {} CHECK ({})", NameText(check.name), check.expression));
  }
  std::string text =
      fmt::format("CREATE TABLE {} (\n{})\nUSING DELTA", name, fmt::join(columns, ",\n"));
  if (!metadata.partition_columns.empty()) {
    std::vector<std::string> names;
    for (const std::string& column : metadata.partition_columns) names.push_back(NameText(column));
    text += fmt::format("\nPARTITIONED BY ({})", fmt::join(names, ", "));
  }
  const std::string clustering = ClusteringText(snapshot);
  if (!clustering.empty()) text += fmt::format("\nCLUSTER BY ({})", clustering);
  if (metadata.description) text += "\nCOMMENT " + QuoteString(*metadata.description);
  if (!location.empty()) text += "\nLOCATION " + QuoteString(location);
  std::vector<std::string> properties;
  for (const auto& [key, value] : GivenProperties(snapshot)) {
    properties.push_back(fmt::format("  {} = {}", QuoteString(key), QuoteString(value)));
  }
  if (!properties.empty()) {
    text += fmt::format("\nTBLPROPERTIES (\n{})", fmt::join(properties, ",\n"));
  }
  return text;
}

}  // namespace millpond::data
