#include "data/sql/statements/partition_clause_internal.h"

#include <arrow/record_batch.h>

#include "data/arrow/status.h"
#include "data/delta/metadata/column_mapping.h"
#include "data/delta/metadata/text_limits.h"
#include "data/delta/rows/partition_key.h"
#include "data/delta/rows/text_fit.h"
#include "data/sql/composed_query.h"

namespace millpond::data {
namespace {

// A constant as the column takes it, its text as the log holds it.
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
  MP_ASSIGN_OR_RETURN(const auto limits, TextLimitsOf(field));
  MP_ASSIGN_OR_RETURN(const auto fitted,
                      FitTexts(batch->column(0), field.type, limits, field.name));
  MP_ASSIGN_OR_RETURN(const auto texts, PartitionTexts(*fitted, field));
  return texts.front();
}

}  // namespace

Result<StaticValues> TakePartitionClause(TokenCursor& at, const ChangeTarget& target,
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

}  // namespace millpond::data
