#include "data/sql/column_uses.h"

#include "base/json.h"
#include "data/delta/column_mapping.h"
#include "data/delta/protocol.h"
#include "data/sql/source_text.h"
#include "data/sql/tokenizer.h"

namespace millpond::data {
namespace {

constexpr const char* kGeneration = "delta.generationExpression";
constexpr const char* kClusteringDomain = "delta.clustering";

// Do the tokens from `at` on name the column, a part of it, or something that it is a part of?
bool NamesColumn(const std::vector<Token>& tokens, size_t at, const ColumnPath& column) {
  for (const std::string& name : column) {
    if (!tokens[at].IsName() || !EqualNames(tokens[at].Value(), name)) return false;
    if (at + 2 >= tokens.size() || !tokens[at + 1].IsPunctuation(".")) return true;
    at += 2;
  }
  return true;
}

bool SpeaksOf(const std::string& expression, const ColumnPath& column) {
  const SourceText source("expression", expression);
  const auto tokens = Tokenize(source);
  if (!tokens.has_value()) return true;  // not to be read: then it may
  for (size_t i = 0; i < tokens->size(); ++i) {
    if (NamesColumn(*tokens, i, column)) return true;
  }
  return false;
}

std::string TextIn(const std::string& json) {
  const auto text = ParseJson(json, "an expression");
  return text.has_value() && text->is_string() ? text->get<std::string>() : json;
}

bool Clusters(const Snapshot& snapshot, const ColumnPath& column) {
  const auto domain = snapshot.domains().find(kClusteringDomain);
  if (domain == snapshot.domains().end()) return false;
  const auto json = ParseJson(domain->second.configuration, kClusteringDomain);
  const StructField* field = snapshot.schema().Find(column.front());
  if (!json.has_value() || !json->is_object() || !json->contains("clusteringColumns") ||
      field == nullptr) {
    return false;
  }
  const Json physical = PhysicalName(*field);
  for (const Json& path : (*json)["clusteringColumns"]) {
    if (path.is_array() && !path.empty() && path[0] == physical) return true;
  }
  return false;
}

}  // namespace

std::optional<std::string> ExpressionWith(const Snapshot& snapshot, const ColumnPath& column) {
  const std::string_view prefix = property::kConstraintPrefix;
  for (const auto& [key, value] : snapshot.metadata().configuration) {
    if (key.starts_with(prefix) && SpeaksOf(value, column)) {
      return fmt::format("the CHECK constraint '{}' ({})", key.substr(prefix.size()), value);
    }
  }
  for (const StructField& field : snapshot.schema().fields()) {
    const auto generation = field.metadata.find(kGeneration);
    if (generation == field.metadata.end()) continue;
    const std::string expression = TextIn(generation->second);
    if (!SpeaksOf(expression, column)) continue;
    return fmt::format("the generated column '{}' ({})", field.name, expression);
  }
  return std::nullopt;
}

std::optional<std::string> LayoutWith(const Snapshot& snapshot, const ColumnPath& column) {
  if (column.size() == 1 && snapshot.IsPartitionColumn(column.front())) return "the partitioning";
  if (Clusters(snapshot, column)) return "the clustering";
  return std::nullopt;
}

}  // namespace millpond::data
