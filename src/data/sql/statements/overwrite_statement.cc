// INSERT OVERWRITE [TABLE] t [WITH ('partitionOverwriteMode' = 'static' | 'dynamic')]
//   [PARTITION (p = value, q)] [(a, b) | BY NAME] query
//
// As in Spark: static, the default, takes the partition that PARTITION names by values, or the
// whole table; dynamic takes the partitions that get rows. Whole files go and come, so that no
// change files are needed (PROTOCOL.md, "Add CDC File": they are derived).
#include <arrow/record_batch.h>

#include "data/arrow/status.h"
#include "data/delta/change/overwrite.h"
#include "data/delta/metadata/column_mapping.h"
#include "data/delta/rows/partition_key.h"
#include "data/sql/statements/change_statement_internal.h"
#include "data/sql/statements/insert_rows_internal.h"
#include "data/sql/tokenizer.h"

namespace millpond::data {
namespace {

constexpr const char* kMode = "partitionOverwriteMode";

// Is it dynamic?
Result<bool> TakeMode(TokenCursor& at, const SourceText& source) {
  bool dynamic = false;
  if (!at.Accept("WITH", "(")) return dynamic;
  do {
    const size_t offset = at.offset();
    MP_ASSIGN_OR_RETURN(const std::string key, at.TakeString("an option"));
    MP_RETURN_IF_ERROR(at.Expect("="));
    MP_ASSIGN_OR_RETURN(const std::string value, at.TakeString("a value"));
    dynamic = EqualNames(value, "dynamic");
    if (EqualNames(key, kMode) && (dynamic || EqualNames(value, "static"))) continue;
    return FailAt(source, offset, ErrorKind::kInvalidArgument,
                  "INSERT OVERWRITE takes the option '{}' = 'static' or 'dynamic', found '{}' = "
                  "'{}'",
                  kMode, key, value);
  } while (at.Accept(","));
  MP_RETURN_IF_ERROR(at.Expect(")"));
  return dynamic;
}

// A constant as the column holds it, its text as the log does.
Result<std::optional<std::string>> PartitionText(std::string_view expression,
                                                 const StructField& field,
                                                 StatementContext& context) {
  const SourceText& source = context.source();
  ComposedQuery sql(source, source.OffsetOf(expression));
  sql.Text("SELECT ");
  MP_RETURN_IF_ERROR(sql.Expression(expression));
  RunOptions options;
  options.columns.push_back({field.name, field.type});
  MP_ASSIGN_OR_RETURN(auto rows, context.Run(sql.sql(), std::move(options)));
  std::shared_ptr<arrow::RecordBatch> batch;
  do {
    MP_ARROW_RETURN_IF_ERROR(rows->ReadNext(&batch));
  } while (batch != nullptr && batch->num_rows() == 0);
  if (batch == nullptr) return std::optional<std::string>();
  MP_ASSIGN_OR_RETURN(const auto texts, PartitionTexts(*batch->column(0), field));
  return texts.front();
}

struct StaticValues {
  std::vector<FixedColumn> columns;
  PartitionValues values;  // by physical name
};

// "PARTITION (p = value, q)": q's values come from the query, as they would without it.
Result<StaticValues> TakePartition(TokenCursor& at, const ChangeTarget& target,
                                   StatementContext& context) {
  StaticValues fixed;
  if (!at.Accept("PARTITION")) return fixed;
  MP_RETURN_IF_ERROR(at.Expect("("));
  do {
    const size_t offset = at.offset();
    MP_ASSIGN_OR_RETURN(const std::string column, at.TakeName("a partition column"));
    const StructField* field = target.snapshot->schema().Find(column);
    if (field == nullptr || !target.snapshot->IsPartitionColumn(field->name)) {
      return FailAt(context.source(), offset, ErrorKind::kInvalidArgument,
                    "table {} is not partitioned by {}", target.name, column);
    }
    if (!at.Accept("=")) continue;
    MP_ASSIGN_OR_RETURN(const auto expression, at.TakeExpression("a value", {}));
    MP_ASSIGN_OR_RETURN(auto text, PartitionText(expression, *field, context));
    MP_ASSIGN_OR_RETURN(auto value, ParsePartitionValue(text.value_or(""), field->type));
    if (!fixed.values.emplace(PhysicalName(*field), std::move(text)).second) {
      return FailAt(context.source(), offset, ErrorKind::kInvalidArgument,
                    "partition column {} stands twice", column);
    }
    fixed.columns.push_back({field->name, std::move(value)});
  } while (at.Accept(","));
  MP_RETURN_IF_ERROR(at.Expect(")"));
  return fixed;
}

}  // namespace

Result<QueryResult> ExecuteInsertOverwrite(const Statement& statement, StatementContext& context) {
  TokenCursor at(statement.tokens, statement.source);
  MP_RETURN_IF_ERROR(at.Expect("INSERT"));
  MP_RETURN_IF_ERROR(at.Expect("OVERWRITE"));
  (void)at.Accept("TABLE");
  MP_ASSIGN_OR_RETURN(ChangeTarget target, TakeTargetTable(at, context));
  MP_ASSIGN_OR_RETURN(const bool dynamic, TakeMode(at, statement.source));
  MP_ASSIGN_OR_RETURN(const StaticValues fixed, TakePartition(at, target, context));
  if (context.explanation() != nullptr) {
    MP_RETURN_IF_ERROR(
        ExplainInsertRows(at, context, target.snapshot->schema(), target.name, fixed.columns));
    return QueryResult{};
  }
  const TableFill fill(target.snapshot, target.table.expressions());
  MP_ASSIGN_OR_RETURN(auto rows, TakeInsertRows(at, context, target.snapshot->schema(), target.name,
                                                fill, fixed.columns));
  PartitionOverwrite overwrite{target.snapshot, nullptr};
  if (dynamic && !target.snapshot->metadata().partition_columns.empty()) {
    overwrite.parameters["isDynamicPartitionOverwrite"] = "true";
    overwrite.scope = WrittenPartitions();
  } else if (!fixed.values.empty()) {
    overwrite.scope = StaticPartition(fixed.values);
  }
  overwrite.reads_table = context.tables().HeldWasRead();
  WriteOptions whole;
  whole.mode = WriteMode::kOverwrite;
  whole.base = target.snapshot;
  auto commit = overwrite.scope != nullptr ? OverwritePartitions(target.table, *rows, overwrite)
                                           : WriteTable(target.table, *rows, whole);
  if (!commit) return ErrorAt(statement.source, target.offset, commit.error());
  return QueryResult{nullptr, fmt::format("{} rows written over {}{}", commit->rows, target.name,
                                          CommitText(*commit))};
}

}  // namespace millpond::data
