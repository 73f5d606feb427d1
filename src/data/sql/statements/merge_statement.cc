// MERGE as one query: target and source joined as the clauses need it, the first clause whose
// condition holds chosen by a CASE, one CASE for each column of the row as it will be. Source rows
// are read once; a target row that more than one of them would change is an error.
#include <arrow/type.h>

#include <algorithm>
#include <array>

#include "data/delta/metadata/column_mapping.h"
#include "data/delta/metadata/protocol.h"
#include "data/delta/metadata/schema_merge.h"
#include "data/sql/statements/merge_clauses_internal.h"
#include "data/sql/statements/table_fill_internal.h"
#include "data/sql/syntax.h"
#include "data/sql/tokenizer.h"

namespace millpond::data {
namespace {

constexpr ErrorKind kBad = ErrorKind::kInvalidArgument;
constexpr std::string_view kSourceMark = "__millpond_source";

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

class MergeComposer {
 public:
  MergeComposer(const ChangeTarget& target, const MergeText& merge, const Schema& schema,
                const TableFill& fill, std::vector<std::string> source_columns,
                const SourceText& source)
      : target_(target),
        merge_(merge),
        schema_(schema),
        fill_(fill),
        source_columns_(std::move(source_columns)),
        source_(source) {}

  // All assignments name columns that are there.
  Status Check() const {
    for (const MergeClause& clause : merge_.clauses) {
      for (const Assignment& one : clause.assignments) {
        MP_RETURN_IF_ERROR(CheckAssigned(one, schema_, target_.name, source_));
      }
      if (!clause.condition.empty())
        MP_RETURN_IF_ERROR(CheckDeterministic(clause.condition, source_));
      if (clause.all && !merge_.evolves) MP_RETURN_IF_ERROR(CheckAll(clause));
      MP_RETURN_IF_ERROR(CheckIdentity(clause));
    }
    return CheckDeterministic(merge_.condition, source_);
  }

  // Columns that the table fills in for the rows of an action: generated ones, and identity columns
  // of new rows, that no clause of it gives.
  Result<std::set<std::string>> FilledIn(RowAction action) const {
    std::set<std::string> filled;
    for (const StructField& field : schema_.fields()) {
      MP_ASSIGN_OR_RETURN(const ColumnFill how, fill_.Of(field.name));
      const bool is_new = action == RowAction::kInsert;
      if (how != ColumnFill::kGenerated && !(how == ColumnFill::kIdentity && is_new)) continue;
      size_t giving = 0, clauses = 0;
      for (const MergeClause& clause : merge_.clauses) {
        if (clause.action != action) continue;
        ++clauses;
        if (Gives(clause, field.name)) ++giving;
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

  Result<RewrittenSql> Compose(const std::string& target) const {
    ComposedQuery sql(source_, target_.offset);
    if (SeesTarget()) {
      sql.Text("SELECT " + PlaceColumns(target_, TracksRowIds(target_)));
    } else {
      sql.Text(TracksRowIds(target_) ? "SELECT NULL, NULL, NULL, " : "SELECT NULL, NULL, ");
    }
    MP_RETURN_IF_ERROR(Choose(sql, [&](const MergeClause& clause) -> Status {
      sql.Text(fmt::format("{}", static_cast<int64_t>(clause.action)));
      return OkStatus();
    }));
    sql.Text(" AS __millpond_action");
    for (const StructField& field : schema_.fields()) {
      sql.Text(", ");
      MP_RETURN_IF_ERROR(
          Choose(sql, [&](const MergeClause& clause) { return Stored(sql, clause, field); }));
    }
    if (TracksChanges(target_)) sql.Text(SeesTarget() ? OldColumns(target_) : NoColumns());
    sql.Text(" FROM ");
    MP_RETURN_IF_ERROR(From(sql, target));
    sql.Text(" WHERE ");
    MP_RETURN_IF_ERROR(Choose(sql, [&](const MergeClause&) -> Status {
      sql.Text("true");
      return OkStatus();
    }));
    return sql.sql();
  }

  // Rows of the target that match the source at all.
  Result<RewrittenSql> ComposeMatches(const std::string& target) const {
    ComposedQuery sql(source_, target_.offset);
    sql.Text(fmt::format("SELECT 1 FROM {} AS {} JOIN ", target, QuoteName(target_.alias)));
    MP_RETURN_IF_ERROR(Source(sql));
    sql.Text(" ON ");
    MP_RETURN_IF_ERROR(sql.Expression(merge_.condition));
    sql.Text(" LIMIT 1");
    return sql.sql();
  }

 private:
  bool SeesTarget() const {
    return merge_.Has(MergeMatch::kMatched) || merge_.Has(MergeMatch::kNotMatchedBySource);
  }

  Status CheckAll(const MergeClause& clause) const {
    for (const std::string& name : source_columns_) {
      if (schema_.Find(name) != nullptr) continue;
      return FailAt(source_, clause.offset, kBad,
                    "the source has the column {}, which table {} does not have: name the columns, "
                    "or say MERGE WITH SCHEMA EVOLUTION INTO to add it",
                    name, target_.name);
    }
    return OkStatus();
  }

  bool SourceHas(const std::string& column) const {
    return std::ranges::any_of(source_columns_,
                               [&](const auto& name) { return EqualNames(name, column); });
  }

  // Does the clause set the column to a value of its own?
  bool Gives(const MergeClause& clause, const std::string& column) const {
    for (const Assignment& one : clause.assignments) {
      if (EqualNames(one.column, column)) return !IsDefaultWord(one.value);
    }
    return clause.all && SourceHas(column);
  }

  // Values of identity columns stay: SET * passes over them.
  Status CheckIdentity(const MergeClause& clause) const {
    if (clause.action != RowAction::kUpdate) return OkStatus();
    for (const Assignment& one : clause.assignments) {
      MP_ASSIGN_OR_RETURN(const ColumnFill how, fill_.Of(one.column));
      if (how != ColumnFill::kIdentity) continue;
      return FailAt(source_, one.offset, kBad,
                    "column {} is an identity column: its values stay as they were given",
                    one.column);
    }
    return OkStatus();
  }

  // Where the column stands as it was; "" if the query does not see it.
  std::string PlaceOf(const StructField& field) const {
    const bool seen = SeesTarget() && target_.snapshot->schema().Find(field.name) != nullptr;
    return seen ? QuoteName(target_.alias) + "." + QuoteName(field.name) : "";
  }

  std::string NoColumns() const {
    std::string columns;
    for (size_t i = 0; i < target_.snapshot->schema().size(); ++i) columns += ", NULL";
    return columns;
  }

  // The same as what is stored: one clause may keep a variant where another parses JSON.
  Status Stored(ComposedQuery& sql, const MergeClause& clause, const StructField& field) const {
    if (field.type.kind() != TypeKind::kVariant) return Value(sql, clause, field);
    sql.Text("CAST(");
    MP_RETURN_IF_ERROR(Value(sql, clause, field));
    sql.Text(fmt::format(" AS {})", kStoredVariant));
    return OkStatus();
  }

  // What a clause makes of a column.
  Status Value(ComposedQuery& sql, const MergeClause& clause, const StructField& field) const {
    if (clause.action == RowAction::kDelete) {
      sql.Text("NULL");
      return OkStatus();
    }
    const bool updates = clause.action == RowAction::kUpdate;
    const std::string place = PlaceOf(field);
    if (const auto set = OfColumn(clause.assignments, field.name); !set.empty()) {
      const std::string_view value = set.front()->value;
      if (!set.front()->fields.empty()) return ComposeFields(sql, place, field, set);
      if (IsDefaultWord(value)) return Default(sql, field);
      return ComposeExact(sql, field.type, field.name, [&] { return sql.Expression(value); });
    }
    MP_ASSIGN_OR_RETURN(const ColumnFill how, fill_.Of(field.name));
    const bool keeps = updates && how == ColumnFill::kIdentity;
    if (clause.all && SourceHas(field.name) && !keeps) {
      return ComposeExact(sql, field.type, field.name, [&] {
        sql.Text(QuoteName(merge_.source_alias) + "." + QuoteName(field.name));
        return OkStatus();
      });
    } else if (updates) {
      return Kept(sql, field, place);
    } else {
      return Default(sql, field);
    }
    return OkStatus();
  }

  // As it was, in the type that the column has from now on.
  Status Kept(ComposedQuery& sql, const StructField& field, const std::string& place) const {
    const auto old = [&] {
      sql.Text(place.empty() ? "NULL" : place);
      return OkStatus();
    };
    const StructField* before = target_.snapshot->schema().Find(field.name);
    if (before == nullptr || before->type == field.type) return old();
    return ComposeExact(sql, field.type, field.name, old);
  }

  Status Default(ComposedQuery& sql, const StructField& field) const {
    MP_ASSIGN_OR_RETURN(const std::string text, fill_.DefaultText(field.name));
    sql.Text(text);
    return OkStatus();
  }

  // CASE WHEN (clause applies) THEN (what `then` writes) … END.
  Status Choose(ComposedQuery& sql, const std::function<Status(const MergeClause&)>& then) const {
    sql.Text("CASE");
    for (const MergeClause& clause : merge_.clauses) {
      sql.Text(" WHEN " + Applies(clause.match));
      if (!clause.condition.empty()) {
        sql.Text(" AND ");
        MP_RETURN_IF_ERROR(sql.Expression(clause.condition));
      }
      sql.Text(" THEN ");
      MP_RETURN_IF_ERROR(then(clause));
    }
    sql.Text(" END");
    return OkStatus();
  }

  std::string Applies(MergeMatch match) const {
    if (!SeesTarget()) return "true";
    const std::string in_target = fmt::format("{}.{}", QuoteName(target_.alias), kRowPlace);
    const std::string in_source = fmt::format("{}.{}", QuoteName(merge_.source_alias), kSourceMark);
    switch (match) {
      case MergeMatch::kMatched:
        return fmt::format("{} IS NOT NULL AND {} IS NOT NULL", in_target, in_source);
      case MergeMatch::kNotMatched:
        return in_target + " IS NULL";
      case MergeMatch::kNotMatchedBySource:
        return in_source + " IS NULL";
    }
    return "";
  }

  Status Source(ComposedQuery& sql) const {
    sql.Text(fmt::format("(SELECT *, true AS {} FROM", kSourceMark));
    MP_RETURN_IF_ERROR(sql.Relation(merge_.source));
    sql.Text(") AS " + QuoteName(merge_.source_alias));
    return OkStatus();
  }

  Status From(ComposedQuery& sql, const std::string& target) const {
    const bool inserts = merge_.Has(MergeMatch::kNotMatched);
    const std::string table = target + " AS " + QuoteName(target_.alias);
    if (!SeesTarget()) {
      MP_RETURN_IF_ERROR(Source(sql));
      sql.Text(" ANTI JOIN " + table);
    } else {
      const bool by_source = merge_.Has(MergeMatch::kNotMatchedBySource);
      sql.Text(table);
      sql.Text(by_source ? (inserts ? " FULL JOIN " : " LEFT JOIN ")
                         : (inserts ? " RIGHT JOIN " : " JOIN "));
      MP_RETURN_IF_ERROR(Source(sql));
    }
    sql.Text(" ON ");
    return sql.Expression(merge_.condition);
  }

  const ChangeTarget& target_;
  const MergeText& merge_;
  const Schema& schema_;
  const TableFill& fill_;
  std::vector<std::string> source_columns_;
  const SourceText& source_;
};

// The table's schema with what only the source has: columns, fields of structs, and, where the
// table says so, wider types.
Result<Schema> Evolved(const Snapshot& snapshot, const arrow::Schema& source) {
  MP_ASSIGN_OR_RETURN(const Schema columns, Schema::FromArrow(source));
  const bool widen = snapshot.metadata().IsEnabled(property::kEnableTypeWidening);
  return MergedSchema(snapshot.schema(), columns, widen);
}

Result<std::shared_ptr<arrow::Schema>> SourceSchema(const MergeText& merge,
                                                    const SourceText& source,
                                                    StatementContext& context) {
  ComposedQuery sql(source, merge.source_offset);
  sql.Text("SELECT * FROM");
  MP_RETURN_IF_ERROR(sql.Relation(merge.source));
  return context.Describe(sql.sql());
}

std::string Said(const ChangeTarget& target, const ChangeOutcome& outcome) {
  const ChangeCounts& counts = outcome.counts;
  return fmt::format("{} rows updated, {} deleted, {} inserted in {}{}", counts.updated,
                     counts.deleted, counts.inserted, target.name, CommitText(outcome.commit));
}

}  // namespace

Result<QueryResult> ExecuteMerge(const Statement& statement, StatementContext& context) {
  const SourceText& source = statement.source;
  TokenCursor at(statement.tokens, source);
  MP_RETURN_IF_ERROR(at.Expect("MERGE"));
  const bool evolves = at.Accept("WITH", "SCHEMA", "EVOLUTION");
  MP_RETURN_IF_ERROR(at.Expect("INTO"));
  MP_ASSIGN_OR_RETURN(const ChangeTarget target, TakeChangeTarget(at, context));
  MP_ASSIGN_OR_RETURN(MergeText merge, TakeMerge(at, target, source));
  merge.evolves = evolves;
  MP_ASSIGN_OR_RETURN(const auto source_schema, SourceSchema(merge, source, context));

  ChangeQuery query{"MERGE", {{"predicate", std::string(merge.condition)}}};
  if (evolves) {
    MP_ASSIGN_OR_RETURN(Schema schema, Evolved(*target.snapshot, *source_schema));
    if (schema != target.snapshot->schema()) query.schema = std::move(schema);
  }
  const Schema& schema = query.schema ? *query.schema : target.snapshot->schema();
  const auto names = source_schema->field_names();
  const TableFill fill(target.snapshot, target.table.expressions());
  const MergeComposer composer(target, merge, schema, fill, names, source);
  MP_RETURN_IF_ERROR(composer.Check());
  for (const RowAction action : {RowAction::kUpdate, RowAction::kInsert}) {
    auto filled = composer.FilledIn(action);
    if (!filled) return ErrorAt(source, target.offset, filled.error());
    (action == RowAction::kUpdate ? query.filled_in_updates : query.filled_in_inserts) =
        *std::move(filled);
  }
  query.may_match_twice = merge.clauses.size() == 1 && merge.clauses[0].condition.empty() &&
                          merge.clauses[0].action == RowAction::kDelete;
  query.compose = [&](const std::string& name) { return composer.Compose(name); };
  if (!merge.Has(MergeMatch::kNotMatchedBySource)) {
    query.compose_dependency = [&](const std::string& name) {
      return composer.ComposeMatches(name);
    };
  }
  auto outcome = ExecuteChange(target, query, context);
  if (!outcome) return ErrorAt(source, target.offset, outcome.error());
  return QueryResult{nullptr, Said(target, *outcome)};
}

}  // namespace millpond::data
