// INSERT OVERWRITE [TABLE] t [WITH ('partitionOverwriteMode' = 'static' | 'dynamic')]
//   [PARTITION (p = value, q)] [(a, b) | BY NAME] query
//
// As in Spark: static, the default, takes the partition that PARTITION names by values, or the
// whole table; dynamic takes the partitions that get rows. Whole files go and come, so that no
// change files are needed (PROTOCOL.md, "Add CDC File": they are derived).
#include <arrow/record_batch.h>

#include "data/delta/change/overwrite.h"
#include "data/sql/statements/change_statement_internal.h"
#include "data/sql/statements/insert_rows_internal.h"
#include "data/sql/statements/partition_clause_internal.h"

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

}  // namespace

Result<QueryResult> ExecuteInsertOverwrite(const Statement& statement, StatementContext& context) {
  TokenCursor at(statement.tokens, statement.source);
  MP_RETURN_IF_ERROR(at.Expect("INSERT"));
  MP_RETURN_IF_ERROR(at.Expect("OVERWRITE"));
  (void)at.Accept("TABLE");
  MP_ASSIGN_OR_RETURN(ChangeTarget target, TakeTargetTable(at, context));
  MP_ASSIGN_OR_RETURN(const bool dynamic, TakeMode(at, statement.source));
  MP_ASSIGN_OR_RETURN(const StaticValues fixed, TakePartitionClause(at, target, context));
  MP_ASSIGN_OR_RETURN(auto rows, TakeRowsFor(target, at, context, fixed.columns));
  if (rows == nullptr) return QueryResult{};  // EXPLAIN has its plan
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
