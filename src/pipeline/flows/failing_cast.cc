#include "pipeline/flows/failing_cast.h"

#include <optional>

#include "data/delta/metadata/schema.h"
#include "data/sql/syntax.h"

namespace millpond::pipeline {
namespace {

using data::SqlExpr;
using data::SqlExprKind;

bool IsColumn(const SqlExpr& e, std::string_view column) {
  return e.kind == SqlExprKind::kColumn && data::EqualNames(e.names.back(), column);
}

// Keeps the first place at which the column is cast.
auto Finder(std::string_view column, std::optional<size_t>& found) {
  return [column, &found](const SqlExpr& e) {
    if (e.kind != SqlExprKind::kCast || e.try_cast || found.has_value()) return;
    if (IsColumn(e.children[0], column)) found = e.offset;
  };
}

std::optional<size_t> FindInConditions(const FlowStatement& statement, std::string_view column) {
  std::optional<size_t> found;
  for (const Expectation& e : statement.expectations) {
    std::string_view part = statement.source.text().substr(e.begin, e.end - e.begin);
    auto condition = data::ParseExpression(part, statement.source);
    if (!condition.has_value()) continue;
    if (!found.has_value() && IsColumn(*condition, column)) found = condition->offset;
    data::ForEachExpression(*condition, Finder(column, found));
  }
  return found;
}

std::optional<size_t> FindInQuery(const FlowStatement& statement, std::string_view column) {
  std::optional<size_t> found;
  auto tree = data::ParseSelect(statement.body, statement.source);
  if (tree.has_value()) data::ForEachExpression(*tree, Finder(column, found));
  for (const ColumnDeclaration& one : statement.columns) {
    if (found.has_value() || one.type.empty() || !data::EqualNames(one.name, column)) continue;
    found = one.offset;
  }
  return found;
}

}  // namespace

Error WithPlaceOfCast(Error error, const FlowStatement& statement) {
  constexpr std::string_view kFrom = " when casting from source column ";
  const std::string& message = error.message();
  const data::SourceText& source = statement.source;
  std::string begin = source.Place(source.OffsetOf(statement.body)) + ": ";
  size_t from = message.find(kFrom);
  if (from == std::string::npos) return error;
  constexpr std::string_view kRemedy =
      "; write try_cast, which gives NULL, and check that with an expectation";
  if (!message.starts_with(begin)) {  // DuckDB knew the place
    return Error(error.kind(),
                 message.substr(0, message.find_last_not_of(" \n") + 1).append(kRemedy));
  }
  std::string_view column = std::string_view(message).substr(from + kFrom.size());
  bool to_condition = message.substr(0, from).ends_with(" to BOOL");
  auto found = to_condition ? FindInConditions(statement, column) : FindInQuery(statement, column);
  if (!found.has_value()) {
    found = to_condition ? FindInQuery(statement, column) : FindInConditions(statement, column);
  }
  std::string place = found.has_value() ? source.Place(*found) + ": " : begin;
  return Error(error.kind(), fmt::format("{}{}{}", place, message.substr(begin.size()), kRemedy));
}

}  // namespace millpond::pipeline
