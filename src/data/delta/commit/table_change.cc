#include "data/delta/commit/table_change.h"

#include "data/delta/commit/transaction.h"
#include "data/delta/log/data_paths.h"
#include "data/delta/metadata/protocol.h"
#include "data/delta/metadata/table_features.h"
#include "data/delta/metadata/text_limits.h"
#include "data/parquet/reader.h"

namespace millpond::data {
namespace {

constexpr int kTries = 20;

// Files without row ids are added again, as the same rows, so that the commit gives them ids. A
// file whose statistics do not say how many rows it has is asked.
Status BackfillRowIds(const Environment& env, Transaction& transaction) {
  const FileList& files = transaction.snapshot().files();
  for (size_t i = 0; i < files.size(); ++i) {
    AddFile add = files.add(i);
    if (add.base_row_id) continue;
    add.data_change = false;
    if (!files.num_records(i)) {
      MP_ASSIGN_OR_RETURN(const std::string path, DataFilePath(transaction.snapshot(), i));
      MP_ASSIGN_OR_RETURN(auto reader, ParquetReader::Open(env, path));
      add.stats = fmt::format(R"({{"numRecords":{}}})", reader->num_rows());
    }
    transaction.Add(std::move(add));
  }
  return OkStatus();
}

bool TracksRows(const TableShape& shape) {
  return HasFeature(shape.protocol, feature::kRowTracking) &&
         shape.metadata.IsEnabled(property::kEnableRowTracking);
}

CommitResult Unchanged(const Snapshot& snapshot) {
  CommitResult result;
  result.version = snapshot.version();
  result.commit_time = snapshot.commit_time();
  return result;
}

Result<CommitResult> TryChange(DeltaTable& table, const TableChange& change) {
  MP_ASSIGN_OR_RETURN(const auto snapshot, table.Latest());
  const TableShape before = ShapeOf(*snapshot);
  TableEdit edit{before};
  TableShape& shape = edit.shape;
  shape.schema = WithLimitsOnFields(shape.schema);
  MP_RETURN_IF_ERROR(change.apply(snapshot, edit));
  shape.schema = WithLimitsOnColumns(shape.schema);
  MP_RETURN_IF_ERROR(
      SettleShape({&before, /*files_stay=*/true, table.path()}, table.environment().random, shape));
  const bool same_protocol = shape.protocol == before.protocol;
  const bool same_metadata = shape.metadata == before.metadata;
  if (same_protocol && same_metadata && edit.domains.empty() && edit.adds.empty()) {
    return Unchanged(*snapshot);
  }

  MP_ASSIGN_OR_RETURN(auto transaction, Transaction::BeginAt(table, snapshot));
  transaction.SetOperation(change.operation, change.parameters);
  if (!same_protocol) transaction.SetProtocol(shape.protocol);
  if (!same_metadata) transaction.SetMetadata(shape.metadata);
  for (AddFile& add : edit.adds) transaction.Add(std::move(add));
  for (DomainMetadata& domain : edit.domains) transaction.SetDomain(std::move(domain));
  const bool tracks_rows = TracksRows(shape) && !TracksRows(before);
  if (tracks_rows) MP_RETURN_IF_ERROR(BackfillRowIds(table.environment(), transaction));
  if (tracks_rows || edit.looked_at_rows) transaction.DependOnWholeTable();
  return transaction.Commit();
}

}  // namespace

Result<CommitResult> ChangeTable(DeltaTable& table, const TableChange& change) {
  for (int attempt = 0;; ++attempt) {
    auto result = TryChange(table, change);
    const bool lost = !result.has_value() && result.error().kind() == ErrorKind::kConflict;
    if (!lost || attempt == kTries) return result;
  }
}

}  // namespace millpond::data
