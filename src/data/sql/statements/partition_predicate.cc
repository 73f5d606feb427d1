#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <fmt/ranges.h>

#include <unordered_map>

#include "data/arrow/status.h"
#include "data/delta/care/bin_plan.h"
#include "data/sql/composed_query.h"
#include "data/sql/statements/partition_predicate_internal.h"
#include "data/sql/syntax.h"

namespace millpond::data {
namespace {

int64_t LiveRows(const FileList& files, size_t file) {
  const DeletionVector* vector = files.deletion_vector(file);
  return files.num_records(file).value_or(1) - (vector == nullptr ? 0 : vector->cardinality);
}

// current_date and current_timestamp without parentheses read as columns, and are where one has the
// name.
bool IsClock(const SqlExpr& column, const Snapshot& snapshot) {
  const std::string& name = column.names[0];
  const bool clock = EqualNames(name, "current_date") || EqualNames(name, "current_timestamp");
  return clock && column.names.size() == 1 && snapshot.schema().Find(name) == nullptr;
}

}  // namespace

Status CheckPartitionPredicate(std::string_view condition, const Snapshot& snapshot,
                               StatementContext& context) {
  MP_ASSIGN_OR_RETURN(const SqlExpr tree, ParseExpression(condition, context.source()));
  Status status = OkStatus();
  ForEachExpression(tree, [&](const SqlExpr& one) {
    const bool fits = one.kind != SqlExprKind::kColumn ||
                      snapshot.IsPartitionColumn(one.names[0]) || IsClock(one, snapshot);
    if (!status || (fits && one.kind != SqlExprKind::kSubquery)) return;
    const auto& columns = snapshot.metadata().partition_columns;
    status = FailAt(context.source(), one.offset, ErrorKind::kInvalidArgument,
                    "the condition chooses whole partitions, so it has partition columns only; {}",
                    columns.empty() ? "the table has none"
                                    : fmt::format("these are {}", fmt::join(columns, ", ")));
  });
  return status;
}

Result<std::vector<bool>> FilesOfPartitions(std::string_view condition,
                                            std::shared_ptr<const Snapshot> snapshot,
                                            StatementContext& context) {
  const FileList& files = snapshot->files();
  std::unordered_map<std::string, uint32_t> by_partition;  // the file that is asked
  for (size_t i = 0; i < files.size(); ++i) {
    const auto file = static_cast<uint32_t>(i);
    auto [entry, is_new] = by_partition.emplace(PartitionText(*snapshot, i), file);
    if (!is_new && LiveRows(files, entry->second) < LiveRows(files, i)) entry->second = file;
  }
  std::vector<uint32_t> asked;
  for (const auto& [partition, file] : by_partition) asked.push_back(file);
  std::ranges::sort(asked);

  const size_t offset = context.source().OffsetOf(condition);
  ComposedQuery sql(context.source(), offset);
  sql.Text(fmt::format("SELECT DISTINCT {} FROM {} WHERE ", kFilePlace,
                       context.tables().AddTarget(snapshot, asked)));
  MP_RETURN_IF_ERROR(sql.Expression(condition));
  RunOptions options;
  options.columns = {{kFilePlace, DataType(TypeKind::kLong)}};
  MP_ASSIGN_OR_RETURN(auto rows, context.Run(sql.sql(), options));
  std::unordered_map<std::string, bool> chosen;
  std::shared_ptr<arrow::RecordBatch> batch;
  while (true) {
    MP_ARROW_RETURN_IF_ERROR(rows->ReadNext(&batch));
    if (batch == nullptr) break;
    const auto& places = static_cast<const arrow::Int64Array&>(*batch->column(0));
    for (int64_t row = 0; row < places.length(); ++row) {
      chosen[PartitionText(*snapshot, static_cast<size_t>(places.Value(row)))] = true;
    }
  }
  std::vector<bool> wanted(files.size());
  for (size_t i = 0; i < files.size(); ++i)
    wanted[i] = chosen.contains(PartitionText(*snapshot, i));
  return wanted;
}

}  // namespace millpond::data
