// ALTER TABLE t ALTER COLUMN c SYNC IDENTITY: what the column gives out next lies behind the values
// that are stored, wherever these came from (PROTOCOL.md, "Identity Columns"). As in Spark, the
// mark becomes the value of start + k * step that is not before the last one stored, and never goes
// back.
#include <arrow/array.h>
#include <arrow/record_batch.h>

#include "data/arrow/status.h"
#include "data/delta/commit/table_rules.h"
#include "data/sql/statements/alter_internal.h"
#include "data/sql/tokenizer.h"

namespace millpond::data {
namespace {

// The greatest value, or the least where the steps lead down; nothing if there is none.
Result<std::optional<int64_t>> LastStored(const std::shared_ptr<const Snapshot>& snapshot,
                                          const StructField& field, int64_t step,
                                          const AlterTarget& target, StatementContext& context) {
  RewrittenSql sql;
  sql.Append(fmt::format("SELECT {}({}) AS last FROM {}", step > 0 ? "max" : "min",
                         QuoteName(field.name), context.tables().AddTarget(snapshot)),
             target.offset);
  RunOptions options;
  options.columns = {{"last", DataType(TypeKind::kLong)}};
  MP_ASSIGN_OR_RETURN(auto rows, context.Run(sql, std::move(options)));
  std::shared_ptr<arrow::RecordBatch> batch;
  do {
    MP_ARROW_RETURN_IF_ERROR(rows->ReadNext(&batch));
  } while (batch != nullptr && batch->num_rows() == 0);
  if (batch == nullptr || batch->column(0)->IsNull(0)) return std::nullopt;
  return static_cast<const arrow::Int64Array&>(*batch->column(0)).Value(0);
}

// nullopt: the stored values lie before the first one that the column gives.
Result<std::optional<int64_t>> MarkFor(const IdentityRule& rule, int64_t last) {
  using Wide = __int128;
  const Wide step = rule.step;
  const Wide past = (Wide{last} - rule.start) * (step > 0 ? 1 : -1);
  if (past < 0) return std::nullopt;
  const Wide size = step > 0 ? step : -step;
  const Wide mark = rule.start + (past + size - 1) / size * step;
  if (mark >= INT64_MIN && mark <= INT64_MAX) return static_cast<int64_t>(mark);
  return Fail(ErrorKind::kInvalidArgument, "behind {} the column has no more values: BIGINT ends",
              last);
}

}  // namespace

Result<QueryResult> AlterSyncIdentity(TokenCursor& at, AlterTarget& target,
                                      StatementContext& context) {
  MP_ASSIGN_OR_RETURN(const std::string column, at.TakeName("a column"));
  for (const char* word : {"SYNC", "IDENTITY"}) MP_RETURN_IF_ERROR(at.Expect(word));
  MP_RETURN_IF_ERROR(at.ExpectEnd());
  TableChange change{"SYNC IDENTITY", {{"column", column}}, nullptr};
  change.apply = [&](const std::shared_ptr<const Snapshot>& snapshot, TableEdit& edit) -> Status {
    MP_ASSIGN_OR_RETURN(const StructField field, ColumnAt(edit.shape.schema, {column}));
    MP_ASSIGN_OR_RETURN(auto rule, IdentityRuleOf(field));
    if (!rule) {
      return Fail(ErrorKind::kInvalidArgument, "column '{}' is no identity column", field.name);
    }
    edit.looked_at_rows = true;
    MP_ASSIGN_OR_RETURN(const auto last, LastStored(snapshot, field, rule->step, target, context));
    if (!last) return OkStatus();
    MP_ASSIGN_OR_RETURN(const auto mark, MarkFor(*rule, *last));
    const auto known = rule->high_water_mark;
    if (!mark || (known && (rule->step > 0 ? *known >= *mark : *known <= *mark))) {
      return OkStatus();
    }
    rule->high_water_mark = mark;
    MP_ASSIGN_OR_RETURN(edit.shape.schema,
                        EditColumn(edit.shape.schema, {column}, [&](StructField& one) {
                          SetIdentityRule(one, *rule);
                          return OkStatus();
                        }));
    return OkStatus();
  };
  return Alter(target, change, fmt::format("column {} goes on behind the values stored", column),
               context);
}

}  // namespace millpond::data
