#include <algorithm>
#include <array>

#include "data/sql/statements/merge_plan_internal.h"
#include "data/sql/syntax.h"

namespace millpond::data {
namespace {

constexpr ErrorKind kBad = ErrorKind::kInvalidArgument;

// Which clause is chosen must not change between one look at it and the next.
Status CheckDeterministic(std::string_view condition, const SourceText& source) {
  MP_ASSIGN_OR_RETURN(const SqlExpr expression, ParseExpression(condition, source));
  Status status = OkStatus();
  ForEachExpression(expression, [&](const SqlExpr& inner) {
    static constexpr std::array<std::string_view, 5> kVolatile = {
        "random", "uuid", "gen_random_uuid", "uuidv4", "uuidv7"};
    if (!status || inner.kind != SqlExprKind::kFunction) return;
    if (std::ranges::find(kVolatile, inner.name) == kVolatile.end()) return;
    status =
        FailAt(source, inner.offset, kBad,
               "{}() gives another value each time, so a MERGE cannot decide by it", inner.name);
  });
  return status;
}

Status CheckAll(const MergePlan& plan, const MergeClause& clause) {
  for (const std::string& name : plan.source_columns) {
    if (plan.schema.Find(name) != nullptr) continue;
    return FailAt(plan.source, clause.offset, kBad,
                  "the source has the column {}, which table {} does not have: name the columns, "
                  "or say MERGE WITH SCHEMA EVOLUTION INTO to add it",
                  name, plan.target.name);
  }
  return OkStatus();
}

// Values of identity columns stay: SET * passes over them.
Status CheckIdentity(const MergePlan& plan, const MergeClause& clause) {
  if (clause.action != RowAction::kUpdate) return OkStatus();
  for (const Assignment& one : clause.assignments) {
    MP_ASSIGN_OR_RETURN(const ColumnFill how, plan.fill.Of(one.column));
    if (how != ColumnFill::kIdentity) continue;
    return FailAt(plan.source, one.offset, kBad,
                  "column {} is an identity column: its values stay as they were given",
                  one.column);
  }
  return OkStatus();
}

// The columns of this row that an expression speaks of: not those inside of subqueries and lambdas,
// which have names of their own.
void ForEachOwnColumn(const SqlExpr& expression, const std::function<void(const SqlExpr&)>& visit) {
  if (expression.kind == SqlExprKind::kOther) return;
  if (expression.kind == SqlExprKind::kColumn) visit(expression);
  for (const SqlExpr& child : expression.children) ForEachOwnColumn(child, visit);
}

// A row that only one side has: columns of the other would all be NULL.
Status CheckSide(const MergePlan& plan, const MergeClause& clause, std::string_view text) {
  const bool no_source = clause.match == MergeMatch::kNotMatchedBySource;
  const std::string& missing = no_source ? plan.merge.source_alias : plan.target.alias;
  const std::string& present = no_source ? plan.target.alias : plan.merge.source_alias;
  const Schema& target = plan.target.snapshot->schema();
  MP_ASSIGN_OR_RETURN(const SqlExpr expression, ParseExpression(text, plan.source));
  Status status = OkStatus();
  ForEachOwnColumn(expression, [&](const SqlExpr& inner) {
    if (!status || inner.names.empty()) return;
    const std::string& first = inner.names.front();
    if (inner.names.size() > 1 && EqualNames(first, present)) return;
    const bool in_source = plan.SourceHas(first), in_target = target.Find(first) != nullptr;
    const bool here = no_source ? in_target : in_source, there = no_source ? in_source : in_target;
    const bool qualified = inner.names.size() > 1 && EqualNames(first, missing) && !here;
    if (!qualified && (here || !there)) return;
    status = FailAt(plan.source, inner.offset, kBad,
                    "WHEN NOT MATCHED{} has no row of the {}: {} has no value there",
                    no_source ? " BY SOURCE" : "", no_source ? "source" : "target",
                    fmt::join(inner.names, "."));
  });
  return status;
}

Status CheckSides(const MergePlan& plan, const MergeClause& clause) {
  if (clause.match == MergeMatch::kMatched) return OkStatus();
  if (!clause.condition.empty()) MP_RETURN_IF_ERROR(CheckSide(plan, clause, clause.condition));
  for (const Assignment& one : clause.assignments) {
    if (!IsDefaultWord(one.value)) MP_RETURN_IF_ERROR(CheckSide(plan, clause, one.value));
  }
  return OkStatus();
}

}  // namespace

bool MergePlan::SourceHas(const std::string& column) const {
  return std::ranges::any_of(source_columns,
                             [&](const auto& name) { return EqualNames(name, column); });
}

bool MergePlan::Gives(const MergeClause& clause, const std::string& column) const {
  for (const Assignment& one : clause.assignments) {
    if (EqualNames(one.column, column)) return !IsDefaultWord(one.value);
  }
  return clause.all && SourceHas(column);
}

Status CheckMerge(const MergePlan& plan) {
  for (const MergeClause& clause : plan.merge.clauses) {
    for (const Assignment& one : clause.assignments) {
      MP_RETURN_IF_ERROR(CheckAssigned(one, plan.schema, plan.target.name, plan.source));
    }
    if (!clause.condition.empty()) {
      MP_RETURN_IF_ERROR(CheckDeterministic(clause.condition, plan.source));
    }
    if (clause.all && !plan.merge.evolves) MP_RETURN_IF_ERROR(CheckAll(plan, clause));
    MP_RETURN_IF_ERROR(CheckIdentity(plan, clause));
    MP_RETURN_IF_ERROR(CheckSides(plan, clause));
  }
  return CheckDeterministic(plan.merge.condition, plan.source);
}

Result<std::set<std::string>> FilledIn(const MergePlan& plan, RowAction action) {
  std::set<std::string> filled;
  for (const StructField& field : plan.schema.fields()) {
    MP_ASSIGN_OR_RETURN(const ColumnFill how, plan.fill.Of(field.name));
    const bool is_new = action == RowAction::kInsert;
    if (how != ColumnFill::kGenerated && !(how == ColumnFill::kIdentity && is_new)) continue;
    size_t giving = 0, clauses = 0;
    for (const MergeClause& clause : plan.merge.clauses) {
      if (clause.action != action) continue;
      ++clauses;
      if (plan.Gives(clause, field.name)) ++giving;
    }
    if (giving == 0) {
      filled.insert(field.name);
    } else if (giving < clauses) {
      return Fail(kBad,
                  "column {} is given by one WHEN and left to the table by another: give it in "
                  "all that {} rows, or in none",
                  field.name, is_new ? "insert" : "update");
    }
  }
  return filled;
}

}  // namespace millpond::data
