#include "data/sql/statements/column_uses.h"

#include <algorithm>

#include "base/json.h"
#include "data/delta/metadata/protocol.h"
#include "data/delta/rows/clustering.h"
#include "data/sql/source_text.h"
#include "data/sql/tokenizer.h"

namespace millpond::data {
namespace {

constexpr const char* kGeneration = "delta.generationExpression";

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

bool Clusters(const Snapshot& snapshot, const std::string& column) {
  const auto columns = ClusteringColumns(snapshot);
  if (!columns.has_value()) return true;  // by something that is not understood: it may
  return std::ranges::any_of(*columns,
                             [&](const std::string& one) { return EqualNames(one, column); });
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
  if (Clusters(snapshot, column.front())) return "the clustering";
  return std::nullopt;
}

}  // namespace millpond::data
