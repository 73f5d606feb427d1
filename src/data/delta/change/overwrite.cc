#include "data/delta/change/overwrite.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <numeric>

#include "base/json.h"
#include "data/arrow/status.h"
#include "data/delta/commit/identity_values.h"
#include "data/delta/commit/row_rules.h"
#include "data/delta/commit/transaction.h"
#include "data/delta/commit/write_rows.h"
#include "data/delta/metadata/protocol.h"
#include "data/delta/rows/data_writer.h"

namespace millpond::data {
namespace {

// Would rows that were added meanwhile have been overwritten too?
class InScope : public ReadDependency {
 public:
  InScope(std::shared_ptr<OverwriteScope> scope, std::vector<AddFile> written)
      : scope_(std::move(scope)), written_(std::move(written)) {}

  Result<bool> DependsOn(const std::shared_ptr<const Snapshot>& now,
                         const std::vector<size_t>& added) override {
    MP_ASSIGN_OR_RETURN(const auto taken, scope_->Taken(now, added, written_));
    return !taken.empty();
  }

 private:
  std::shared_ptr<OverwriteScope> scope_;
  std::vector<AddFile> written_;
};

Result<CommitResult> CommitOverwrite(DeltaTable table, const PartitionOverwrite& overwrite,
                                     const IdentityValues& identity, std::vector<AddFile> adds,
                                     int64_t rows) {
  const auto& base = overwrite.base;
  std::vector<size_t> all(base->files().size());
  std::iota(all.begin(), all.end(), 0);
  MP_ASSIGN_OR_RETURN(const auto taken, overwrite.scope->Taken(base, all, adds));
  MP_ASSIGN_OR_RETURN(auto transaction, Transaction::BeginAt(table, base));
  for (size_t file : taken) transaction.Remove(base->files().add(file));
  if (overwrite.reads_table) {
    transaction.DependOnWholeTable();
  } else {
    transaction.DependOn(std::make_shared<InScope>(overwrite.scope, adds));
  }
  int64_t bytes = 0;
  for (const AddFile& add : adds) bytes += add.size_bytes;
  StringMap parameters = overwrite.parameters;
  parameters.try_emplace("mode", "Overwrite");
  parameters.try_emplace("partitionBy", DumpJson(Json(base->metadata().partition_columns)));
  transaction.SetOperation("WRITE", std::move(parameters));
  transaction.SetMetrics({{"numFiles", fmt::format("{}", adds.size())},
                          {"numRemovedFiles", fmt::format("{}", taken.size())},
                          {"numOutputRows", fmt::format("{}", rows)},
                          {"numOutputBytes", fmt::format("{}", bytes)}});
  for (AddFile& add : adds) transaction.Add(std::move(add));
  if (identity.gave_any()) {
    Metadata metadata = base->metadata();
    metadata.schema_json = identity.WithMarks(base->schema()).ToJson();
    transaction.SetMetadata(std::move(metadata));
  }
  return transaction.Commit();
}

}  // namespace

Result<CommitResult> OverwritePartitions(DeltaTable table, arrow::RecordBatchReader& rows,
                                         const PartitionOverwrite& overwrite) {
  const Snapshot& base = *overwrite.base;
  MP_RETURN_IF_ERROR(CheckWritable(base.protocol(), base.metadata(), base.schema(), base.path()));
  const TableShape shape = ShapeOf(base);
  MP_ASSIGN_OR_RETURN(IdentityValues identity, IdentityValues::Make(shape, base.path()));
  const auto engine = table.expressions();
  MP_ASSIGN_OR_RETURN(
      const auto rules,
      RowRules::Make({shape, base.path(), engine.get(), &identity}, *rows.schema()));
  DataWriter writer(table.environment(), table.path(), base.schema(), base.metadata());
  const auto write = [&]() -> Result<CommitResult> {
    MP_RETURN_IF_ERROR(WriteRows(table, rows, *rules, writer));
    MP_ASSIGN_OR_RETURN_CONTEXT(auto adds, writer.Finish(), "while writing to table {}",
                                table.path());
    return CommitOverwrite(table, overwrite, identity, std::move(adds), writer.rows());
  };
  auto result = write();
  if (!result.has_value()) {
    if (result.error().kind() != ErrorKind::kOutcomeUnknown) writer.Discard();
    return result;
  }
  result->rows = writer.rows();
  return result;
}

}  // namespace millpond::data
