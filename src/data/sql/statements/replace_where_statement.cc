// INSERT INTO [TABLE] t REPLACE WHERE condition [BY NAME] query
//
// Rows of the table that match the condition go, the query's rows come, in one commit. Every new
// row must match the condition too, or the statement fails and names one that does not. A condition
// over partition columns alone takes whole files; any other marks rows in deletion vectors.
#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>

#include "data/arrow/status.h"
#include "data/delta/change/overwrite.h"
#include "data/sql/statements/change_statement_internal.h"
#include "data/sql/statements/fitted_rows_internal.h"
#include "data/sql/statements/insert_rows_internal.h"
#include "data/sql/syntax.h"
#include "data/sql/tokenizer.h"

namespace millpond::data {
namespace {

// The new rows as a relation of the statement, and the condition that they must match.
struct NewRows {
  std::string relation;  // as SQL names it
  std::shared_ptr<arrow::Schema> schema;
  std::string_view condition;
};

bool IsPartitionOnly(const SqlExpr& condition, const Snapshot& snapshot) {
  bool only = true;
  ForEachExpression(condition, [&](const SqlExpr& part) {
    const bool column = part.kind == SqlExprKind::kColumn;
    if (column && !snapshot.IsPartitionColumn(part.names.back())) only = false;
    if (part.kind == SqlExprKind::kSubquery || part.subquery != nullptr) only = false;
  });
  return only;
}

// The table's column of a new row; the query may lack some.
std::string ColumnText(const NewRows& rows, const StructField& field) {
  for (const std::string& name : rows.schema->field_names()) {
    if (EqualNames(name, field.name)) return QuoteName(name);
  }
  return "NULL";
}

// " FROM (new rows, under the table's alias)".
void AppendNewRows(ComposedQuery& sql, const ChangeTarget& target, const NewRows& rows) {
  std::string columns;
  for (const StructField& field : target.snapshot->schema().fields()) {
    columns += fmt::format("{}{} AS {}", columns.empty() ? "" : ", ", ColumnText(rows, field),
                           QuoteName(field.name));
  }
  sql.Text(fmt::format(" FROM (SELECT {} FROM {}) AS {}", columns, rows.relation,
                       QuoteName(target.alias)));
}

// "CASE WHEN condition THEN … ELSE error(…) END".
Status AppendChecked(ComposedQuery& sql, const ChangeTarget& target, const NewRows& rows,
                     std::string_view then) {
  std::string row;
  for (const StructField& field : target.snapshot->schema().fields()) {
    row += fmt::format("{}{}: {}.{}", row.empty() ? "" : ", ", QuoteString(field.name),
                       QuoteName(target.alias), QuoteName(field.name));
  }
  sql.Text("CASE WHEN ");
  MP_RETURN_IF_ERROR(sql.Expression(rows.condition));
  const std::string message =
      fmt::format("a new row does not match REPLACE WHERE {}: ", rows.condition);
  sql.Text(fmt::format(" THEN {} ELSE error({} || CAST({{{}}} AS VARCHAR)) END", then,
                       QuoteString(message), row));
  return OkStatus();
}

bool Gives(const NewRows& rows, const std::string& column) {
  return std::ranges::any_of(rows.schema->fields(),
                             [&](const auto& field) { return EqualNames(field->name(), column); });
}

// The files of which the condition, over partition columns, takes the rows.
class ConditionScope : public OverwriteScope {
 public:
  ConditionScope(const ChangeTarget& target, std::string_view condition, StatementContext& context)
      : target_(target), condition_(condition), context_(context) {}

  Result<std::vector<size_t>> Taken(const std::shared_ptr<const Snapshot>& snapshot,
                                    const std::vector<size_t>& files,
                                    const std::vector<AddFile>& /*written*/) override {
    const std::string name =
        context_.tables().AddTarget(snapshot, std::vector<uint32_t>(files.begin(), files.end()));
    const std::string alias = QuoteName(target_.alias);
    ComposedQuery sql(context_.source(), target_.offset);
    sql.Text(fmt::format("SELECT DISTINCT CAST({}.{} AS BIGINT) FROM {} AS {} WHERE ", alias,
                         kFilePlace, name, alias));
    MP_RETURN_IF_ERROR(sql.Expression(condition_));
    RunOptions options;
    options.columns.push_back({kFilePlace, DataType(TypeKind::kLong)});
    MP_ASSIGN_OR_RETURN(auto rows, context_.Run(sql.sql(), std::move(options)));
    std::vector<size_t> taken;
    std::shared_ptr<arrow::RecordBatch> batch;
    while (true) {
      MP_ARROW_RETURN_IF_ERROR(rows->ReadNext(&batch));
      if (batch == nullptr) break;
      const auto& found = static_cast<const arrow::Int64Array&>(*batch->column(0));
      for (int64_t i = 0; i < found.length(); ++i) {
        taken.push_back(static_cast<size_t>(found.Value(i)));
      }
    }
    std::ranges::sort(taken);
    return taken;
  }

 private:
  const ChangeTarget& target_;
  std::string_view condition_;
  StatementContext& context_;
};

Result<CommitResult> ReplaceFiles(ChangeTarget& target, const NewRows& rows,
                                  StatementContext& context) {
  ComposedQuery sql(context.source(), target.offset);
  std::string columns;
  RunOptions options;
  for (const StructField& field : target.snapshot->schema().fields()) {
    if (!Gives(rows, field.name)) continue;  // the table fills it in
    columns += (columns.empty() ? "SELECT " : ", ") + QuoteName(field.name);
    options.columns.push_back({field.name, field.type});
  }
  sql.Text(columns);
  AppendNewRows(sql, target, rows);
  sql.Text(" WHERE ");
  MP_RETURN_IF_ERROR(AppendChecked(sql, target, rows, "true"));
  PartitionOverwrite overwrite{target.snapshot,
                               std::make_shared<ConditionScope>(target, rows.condition, context)};
  overwrite.parameters["predicate"] = std::string(rows.condition);
  overwrite.reads_table = context.tables().HeldWasRead();
  MP_ASSIGN_OR_RETURN(auto checked, context.Run(sql.sql(), std::move(options)));
  return OverwritePartitions(target.table, *checked, overwrite);
}

Result<CommitResult> ReplaceRows(const ChangeTarget& target, const NewRows& rows,
                                 StatementContext& context) {
  const bool row_ids = TracksRowIds(target);
  const auto& fields = target.snapshot->schema().fields();
  std::string nulls, news;
  std::set<std::string> filled;
  for (const StructField& field : fields) {
    if (!Gives(rows, field.name)) filled.insert(field.name);
    nulls += ", NULL";
    news += fmt::format(", {}.{}", QuoteName(target.alias), QuoteName(field.name));
  }
  const auto compose_old = [&](ComposedQuery& sql, const std::string& name) {
    sql.Text(fmt::format("SELECT {}{}{}{} FROM {} AS {} WHERE ", PlaceColumns(target, row_ids),
                         static_cast<int64_t>(RowAction::kDelete), nulls,
                         TracksChanges(target) ? OldColumns(target) : "", name,
                         QuoteName(target.alias)));
    return sql.Expression(rows.condition);
  };
  ChangeQuery query{"WRITE", {{"mode", "Overwrite"}, {"predicate", std::string(rows.condition)}}};
  query.filled_in_inserts = std::move(filled);
  query.compose = [&](const std::string& name) -> Result<RewrittenSql> {
    ComposedQuery sql(context.source(), target.offset);
    MP_RETURN_IF_ERROR(compose_old(sql, name));
    sql.Text(row_ids ? " UNION ALL SELECT NULL, NULL, NULL, " : " UNION ALL SELECT NULL, NULL, ");
    MP_RETURN_IF_ERROR(AppendChecked(sql, target, rows,
                                     fmt::format("{}", static_cast<int64_t>(RowAction::kInsert))));
    sql.Text(news + (TracksChanges(target) ? nulls : ""));
    AppendNewRows(sql, target, rows);
    return sql.sql();
  };
  if (!context.tables().HeldWasRead()) {
    query.compose_dependency = [&](const std::string& name) -> Result<RewrittenSql> {
      ComposedQuery sql(context.source(), target.offset);
      MP_RETURN_IF_ERROR(compose_old(sql, name));
      return sql.sql();
    };
  }
  MP_ASSIGN_OR_RETURN(auto outcome, ExecuteChange(target, query, context));
  outcome.commit.rows = outcome.counts.inserted;  // and not those of files that were rewritten
  return std::move(outcome.commit);
}

Result<QueryResult> ReplaceWhere(const Statement& statement, StatementContext& context,
                                 std::optional<ChangeTarget>& found) {
  const SourceText& source = statement.source;
  TokenCursor at(statement.tokens, source);
  MP_RETURN_IF_ERROR(at.Expect("INSERT"));
  MP_RETURN_IF_ERROR(at.Expect("INTO"));
  (void)at.Accept("TABLE");
  MP_ASSIGN_OR_RETURN(found, TakeTargetTable(at, context));
  ChangeTarget& target = *found;
  if (context.explanation() != nullptr) {
    return FailAt(source, at.offset(), ErrorKind::kUnsupported,
                  "EXPLAIN of REPLACE WHERE is not built: explain its query, and DELETE FROM {} "
                  "with its condition",
                  target.name);
  }
  MP_RETURN_IF_ERROR(at.Expect("REPLACE"));
  MP_RETURN_IF_ERROR(at.Expect("WHERE"));
  NewRows rows;
  MP_ASSIGN_OR_RETURN(rows.condition,
                      at.TakeExpression("a condition", {"SELECT", "VALUES", "WITH", "BY"}));
  MP_ASSIGN_OR_RETURN(const SqlExpr condition, ParseExpression(rows.condition, source));
  const TableFill fill(target.snapshot, target.table.expressions());
  MP_ASSIGN_OR_RETURN(auto reader,
                      TakeInsertRows(at, context, target.snapshot->schema(), target.name, fill));
  MP_ASSIGN_OR_RETURN(reader, WithTextsFitted(std::move(reader), target.snapshot->schema()));
  rows.schema = reader->schema();
  const QueryName stream = context.tables().Add(std::move(reader));
  rows.relation = fmt::format("lake.{}.{}", QuoteName(stream.schema), QuoteName(stream.table));
  auto commit = IsPartitionOnly(condition, *target.snapshot) ? ReplaceFiles(target, rows, context)
                                                             : ReplaceRows(target, rows, context);
  if (!commit) return ErrorAt(source, target.offset, commit.error());
  return QueryResult{
      nullptr, fmt::format("{} rows written over those of {} where {}{}", commit->rows, target.name,
                           rows.condition, CommitText(*commit))};
}

}  // namespace

Result<QueryResult> ExecuteReplaceWhere(const Statement& statement, StatementContext& context) {
  return RunBehindIdentity(context, [&](std::optional<ChangeTarget>& target) {
    return ReplaceWhere(statement, context, target);
  });
}

}  // namespace millpond::data
