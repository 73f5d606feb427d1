// UPDATE t [AS x] SET a = …, s.b = … [WHERE condition].
#include "data/sql/statements/assignments_internal.h"
#include "data/sql/statements/change_statement_internal.h"
#include "data/sql/statements/table_fill_internal.h"
#include "data/sql/tokenizer.h"

namespace millpond::data {
namespace {

// The columns that the table computes itself: generated ones that are not set, or set to DEFAULT.
Result<std::set<std::string>> FilledColumns(const ChangeTarget& target, const TableFill& fill,
                                            const std::vector<Assignment>& assignments) {
  std::set<std::string> filled;
  const auto& fields = target.snapshot->schema().fields();
  for (size_t i = 0; i < fields.size(); ++i) {
    MP_ASSIGN_OR_RETURN(const ColumnFill how, fill.Of(fields[i].name));
    const auto set = OfColumn(assignments, fields[i].name);
    const bool given = !set.empty();
    if (how == ColumnFill::kIdentity && given) {
      return Fail(ErrorKind::kInvalidArgument,
                  "column {} is an identity column: its values stay as they were given",
                  fields[i].name);
    }
    if (how != ColumnFill::kGenerated || (given && !IsDefaultWord(set.front()->value))) continue;
    filled.insert(fields[i].name);
  }
  return filled;
}

Result<std::vector<Assignment>> TakeAssignments(TokenCursor& at, const ChangeTarget& target,
                                                const SourceText& source) {
  std::vector<Assignment> assignments;
  do {
    MP_ASSIGN_OR_RETURN(Assignment one, TakeAssigned(at, target));
    MP_RETURN_IF_ERROR(at.Expect("="));
    MP_ASSIGN_OR_RETURN(one.value, at.TakeExpression("a value", {"WHERE"}));
    MP_RETURN_IF_ERROR(CheckAssigned(one, target.snapshot->schema(), target.name, source));
    MP_RETURN_IF_ERROR(AddAssignment(assignments, std::move(one), source));
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
      const auto set = OfColumn(assignments, fields[i].name);
      const std::string before = QuoteName(target.alias) + "." + QuoteName(fields[i].name);
      if (set.empty()) {
        sql.Text(before);
      } else if (!set.front()->fields.empty()) {
        MP_RETURN_IF_ERROR(ComposeFields(sql, before, fields[i], set));
      } else if (IsDefaultWord(set.front()->value)) {
        MP_ASSIGN_OR_RETURN(const std::string value, fill.DefaultText(fields[i].name));
        sql.Text(value);
      } else {
        MP_RETURN_IF_ERROR(sql.Expression(set.front()->value));
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
