// UPDATE t [AS x] SET a = …, b = … [WHERE condition].
#include <algorithm>

#include "data/sql/statements/change_statement_internal.h"
#include "data/sql/statements/table_fill_internal.h"
#include "data/sql/tokenizer.h"

namespace millpond::data {
namespace {

struct Assignment {
  size_t column = 0;  // of the schema
  std::string_view value;
};

// The columns that the table computes itself: generated ones that are not set, or set to DEFAULT.
Result<std::set<std::string>> FilledColumns(const ChangeTarget& target, const TableFill& fill,
                                            const std::vector<Assignment>& assignments) {
  std::set<std::string> filled;
  const auto& fields = target.snapshot->schema().fields();
  for (size_t i = 0; i < fields.size(); ++i) {
    MP_ASSIGN_OR_RETURN(const ColumnFill how, fill.Of(fields[i].name));
    const auto set = std::ranges::find(assignments, i, &Assignment::column);
    const bool given = set != assignments.end();
    if (how == ColumnFill::kIdentity && given) {
      return Fail(ErrorKind::kInvalidArgument,
                  "column {} is an identity column: its values stay as they were given",
                  fields[i].name);
    }
    if (how != ColumnFill::kGenerated || (given && !IsDefaultWord(set->value))) continue;
    filled.insert(fields[i].name);
  }
  return filled;
}

// The column that an assignment names: a, or x.a with the target's alias.
Result<size_t> TakeAssigned(TokenCursor& at, const ChangeTarget& target, const SourceText& source) {
  const size_t offset = at.offset();
  MP_ASSIGN_OR_RETURN(auto path, at.TakePath());
  if (path.size() == 2 && EqualNames(path[0], target.alias)) path.erase(path.begin());
  const int column = path.size() == 1 ? target.snapshot->schema().IndexOf(path[0]) : -1;
  if (column >= 0) return static_cast<size_t>(column);
  const bool nested = path.size() > 1 && target.snapshot->schema().Find(path[0]) != nullptr;
  if (nested) {
    return FailAt(source, offset, ErrorKind::kUnsupported,
                  "a field of a struct is not set alone; write {0} = struct_update({0}, {1} := …)",
                  path[0], path[1]);
  }
  return FailAt(source, offset, ErrorKind::kInvalidArgument, "table {} has no column {}",
                target.name, path.back());
}

Result<std::vector<Assignment>> TakeAssignments(TokenCursor& at, const ChangeTarget& target,
                                                const SourceText& source) {
  std::vector<Assignment> assignments;
  do {
    const size_t offset = at.offset();
    Assignment one;
    MP_ASSIGN_OR_RETURN(one.column, TakeAssigned(at, target, source));
    const bool twice = std::ranges::any_of(
        assignments, [&](const Assignment& other) { return other.column == one.column; });
    if (twice) {
      return FailAt(source, offset, ErrorKind::kInvalidArgument, "column {} is set twice",
                    target.snapshot->schema().fields()[one.column].name);
    }
    MP_RETURN_IF_ERROR(at.Expect("="));
    MP_ASSIGN_OR_RETURN(one.value, at.TakeExpression("a value", {"WHERE"}));
    assignments.push_back(one);
  } while (at.Accept(","));
  return assignments;
}

}  // namespace

Result<QueryResult> ExecuteUpdate(const Statement& statement, StatementContext& context) {
  const SourceText& source = statement.source;
  TokenCursor at(statement.tokens, source);
  MP_RETURN_IF_ERROR(at.Expect("UPDATE"));
  MP_ASSIGN_OR_RETURN(const ChangeTarget target, TakeChangeTarget(at, context));
  MP_RETURN_IF_ERROR(at.Expect("SET"));
  MP_ASSIGN_OR_RETURN(const auto assignments, TakeAssignments(at, target, source));
  std::string_view condition;
  if (at.Accept("WHERE")) {
    MP_ASSIGN_OR_RETURN(condition, at.TakeExpression("a condition", {}));
  }
  MP_RETURN_IF_ERROR(at.ExpectEnd());

  ChangeQuery query{"UPDATE", {{"predicate", std::string(condition)}}};
  const TableFill fill(target.snapshot, target.table.expressions());
  auto filled = FilledColumns(target, fill, assignments);
  if (!filled) return ErrorAt(source, target.offset, filled.error());
  query.filled_in_updates = *std::move(filled);
  query.compose = [&](const std::string& name) -> Result<RewrittenSql> {
    ComposedQuery sql(source, target.offset);
    sql.Text("SELECT " + PlaceColumns(target, TracksRowIds(target)) +
             fmt::format("{}", static_cast<int64_t>(RowAction::kUpdate)));
    const auto& fields = target.snapshot->schema().fields();
    for (size_t i = 0; i < fields.size(); ++i) {
      sql.Text(", ");
      const auto set = std::ranges::find(assignments, i, &Assignment::column);
      if (set != assignments.end() && IsDefaultWord(set->value)) {
        MP_ASSIGN_OR_RETURN(const std::string value, fill.DefaultText(fields[i].name));
        sql.Text(value);
      } else if (set != assignments.end()) {
        MP_RETURN_IF_ERROR(sql.Expression(set->value));
      } else {
        sql.Text(QuoteName(target.alias) + "." + QuoteName(fields[i].name));
      }
    }
    if (TracksChanges(target)) sql.Text(OldColumns(target));
    sql.Text(fmt::format(" FROM {} AS {}", name, QuoteName(target.alias)));
    if (!condition.empty()) {
      sql.Text(" WHERE ");
      MP_RETURN_IF_ERROR(sql.Expression(condition));
    }
    return sql.sql();
  };
  query.compose_dependency = query.compose;
  auto outcome = ExecuteChange(target, query, context);
  if (!outcome) return ErrorAt(source, target.offset, outcome.error());
  return QueryResult{nullptr, fmt::format("{} rows updated in {}{}", outcome->counts.updated,
                                          target.name, CommitText(outcome->commit))};
}

}  // namespace millpond::data
