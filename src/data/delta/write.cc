#include "data/delta/write.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "base/json.h"
#include "base/log.h"
#include "data/arrow/status.h"
#include "data/delta/column_mapping.h"
#include "data/delta/data_writer.h"
#include "data/delta/new_table_internal.h"
#include "data/delta/protocol.h"
#include "data/delta/row_mapper_internal.h"
#include "data/delta/schema_merge.h"
#include "data/delta/table_shape.h"
#include "data/delta/transaction.h"

namespace millpond::data {
namespace {

constexpr int64_t kSliceRows = 64 * 1024;  // bounds what one step holds besides the open files
constexpr int kRestarts = 20;

bool AlreadyThere(const Snapshot& snapshot, const std::optional<Txn>& txn) {
  if (!txn) return false;
  auto known = snapshot.txn_version(txn->app_id);
  return known && *known >= txn->version;
}

CommitResult Skipped(const Snapshot& snapshot) {
  CommitResult result;
  result.version = snapshot.version();
  result.commit_time = snapshot.commit_time();
  result.skipped_by_txn = true;
  return result;
}

Status WriteBatch(const arrow::RecordBatch& batch, const RowMapper& mapper, DataWriter& writer) {
  for (int64_t at = 0; at < batch.num_rows(); at += kSliceRows) {
    MP_ASSIGN_OR_RETURN(auto mapped, mapper.Map(*batch.Slice(at, kSliceRows)));
    MP_RETURN_IF_ERROR(writer.Write(*mapped));
  }
  return OkStatus();
}

// An error of the rows' source is told as it is: it knows its own place.
Status WriteRows(const DeltaTable& table, arrow::RecordBatchReader& rows, const RowMapper& mapper,
                 DataWriter& writer) {
  std::shared_ptr<arrow::RecordBatch> batch;
  while (true) {
    MP_RETURN_IF_ERROR(table.environment().cancellation.Check());
    MP_ARROW_RETURN_IF_ERROR(rows.ReadNext(&batch));
    if (batch == nullptr) return OkStatus();
    MP_RETURN_IF_ERROR_CONTEXT(WriteBatch(*batch, mapper, writer), "while writing to table {}",
                               table.path());
  }
}

// May rows written against `before` be committed on top of `now`?
bool SameRows(const Snapshot& before, const Snapshot& now) {
  return before.metadata().id == now.metadata().id && before.schema() == now.schema() &&
         PhysicalSchema(before.schema()) == PhysicalSchema(now.schema()) &&
         before.metadata().partition_columns == now.metadata().partition_columns;
}

StringMap MetricsOf(const std::vector<AddFile>& adds, int64_t rows) {
  int64_t bytes = 0;
  for (const auto& add : adds) bytes += add.size_bytes;
  return {{"numFiles", fmt::format("{}", adds.size())},
          {"numOutputRows", fmt::format("{}", rows)},
          {"numOutputBytes", fmt::format("{}", bytes)}};
}

// Does the write make another table of it, not only other rows?
bool ChangesTable(const Snapshot& snapshot, const WriteOptions& options, const TableShape& shape) {
  return options.mode == WriteMode::kOverwrite || shape.protocol != snapshot.protocol() ||
         shape.metadata != snapshot.metadata();
}

Result<Transaction> Prepare(DeltaTable& table, std::shared_ptr<const Snapshot> snapshot,
                            const WriteOptions& options, const TableShape& shape,
                            const std::vector<AddFile>& adds, int64_t rows, bool changes_table) {
  MP_ASSIGN_OR_RETURN(auto transaction, Transaction::BeginAt(table, snapshot));
  StringMap parameters = options.parameters;
  bool overwrite = options.mode == WriteMode::kOverwrite;
  parameters.try_emplace("mode", overwrite ? "Overwrite" : "Append");
  parameters.try_emplace("partitionBy", DumpJson(Json(shape.metadata.partition_columns)));
  transaction.SetOperation(options.operation, std::move(parameters));
  transaction.SetCommitTags(options.commit_tags);
  for (const auto& add : adds) transaction.Add(add);
  transaction.SetMetrics(MetricsOf(adds, rows));
  if (options.txn) transaction.SetTxn(*options.txn);
  for (const auto& domain : options.domain_metadata) transaction.SetDomain(domain);
  if (overwrite) {
    transaction.DependOnWholeTable();
    for (size_t i = 0; i < snapshot->files().size(); ++i) {
      transaction.Remove(snapshot->files().add(i));
    }
  }
  if (!changes_table) return transaction;
  if (options.replace) {
    MP_ASSIGN_OR_RETURN(auto domains, NewDomains(snapshot.get(), shape, *options.replace));
    for (auto& domain : domains) transaction.SetDomain(std::move(domain));
  }
  if (shape.protocol != snapshot->protocol()) transaction.SetProtocol(shape.protocol);
  if (shape.metadata != snapshot->metadata()) transaction.SetMetadata(shape.metadata);
  return transaction;
}

Status CheckOptions(const Snapshot& snapshot, const WriteOptions& options) {
  const std::string& path = snapshot.path();
  if (!options.domain_metadata.empty() &&
      !SupportsWriterFeature(snapshot.protocol(), feature::kDomainMetadata)) {
    return Fail(ErrorKind::kInvalidArgument,
                "table {} does not have the feature 'domainMetadata', which domain metadata needs",
                path);
  }
  if (options.mode != WriteMode::kOverwrite && (options.overwrite_schema || options.replace)) {
    return Fail(ErrorKind::kInvalidArgument, "a new schema for table {} needs mode overwrite",
                path);
  }
  if (!options.overwrite_schema) return OkStatus();
  for (const auto& column : snapshot.metadata().partition_columns) {
    if (options.overwrite_schema->Find(column) != nullptr) continue;
    return Fail(ErrorKind::kInvalidArgument,
                "the new schema of table {} lacks its partition column '{}'", path, column);
  }
  return OkStatus();
}

// What the table is once the rows are committed.
Result<TableShape> ShapeAfter(const Environment& env, const Snapshot& snapshot,
                              const arrow::Schema& rows, const WriteOptions& options) {
  if (options.replace) return ReplacedShape(env, snapshot, *options.replace);
  const TableShape before = ShapeOf(snapshot);
  TableShape shape = before;
  const bool files_stay = !options.overwrite_schema;
  if (options.overwrite_schema) {
    shape.schema = WithKnownMapping(*options.overwrite_schema, before.schema);
  } else if (options.merge_schema) {
    MP_ASSIGN_OR_RETURN(const Schema columns, Schema::FromArrow(rows));
    const bool widen = before.metadata.IsEnabled(property::kEnableTypeWidening);
    MP_ASSIGN_OR_RETURN(shape.schema, MergedSchema(before.schema, columns, widen));
    if (shape.schema == before.schema) return shape;
  } else {
    return shape;
  }
  MP_RETURN_IF_ERROR(SettleShape({&before, files_stay, snapshot.path()}, env.random, shape));
  return shape;
}

// Commits the files, and again on a newer snapshot where an append may.
Result<CommitResult> CommitFiles(DeltaTable& table, std::shared_ptr<const Snapshot> snapshot,
                                 const WriteOptions& options, const TableShape& shape,
                                 const std::vector<AddFile>& adds, int64_t rows) {
  const bool changes_table = ChangesTable(*snapshot, options, shape);
  for (int restart = 0;; ++restart) {
    MP_ASSIGN_OR_RETURN(auto transaction,
                        Prepare(table, snapshot, options, shape, adds, rows, changes_table));
    auto result = transaction.Commit();
    if (result.has_value() || result.error().kind() != ErrorKind::kConflict) return result;
    MP_ASSIGN_OR_RETURN(auto now, table.Latest());
    if (AlreadyThere(*now, options.txn)) return Skipped(*now);
    const bool again = !changes_table && SameRows(*snapshot, *now);
    if (!again || restart == kRestarts) return result;
    snapshot = std::move(now);
  }
}

// Writes and syncs all rows. What a failure leaves is removed.
Result<std::vector<AddFile>> WriteFiles(const DeltaTable& table, arrow::RecordBatchReader& rows,
                                        const RowMapper& mapper, DataWriter& writer) {
  const auto write = [&]() -> Result<std::vector<AddFile>> {
    MP_RETURN_IF_ERROR(WriteRows(table, rows, mapper, writer));
    MP_ASSIGN_OR_RETURN_CONTEXT(auto adds, writer.Finish(), "while writing to table {}",
                                table.path());
    return adds;
  };
  auto adds = write();
  if (!adds.has_value()) writer.Discard();
  return adds;
}

// The commit did or did not happen; its files stay if it may have.
Result<CommitResult> Settle(Result<CommitResult> result, DataWriter& writer) {
  if (!result.has_value()) {
    if (result.error().kind() != ErrorKind::kOutcomeUnknown) writer.Discard();
  } else if (result->skipped_by_txn) {
    writer.Discard();
  } else {
    result->rows = writer.rows();
  }
  return result;
}

}  // namespace

Result<CommitResult> WriteTable(DeltaTable& table, arrow::RecordBatchReader& rows,
                                const WriteOptions& options) {
  std::shared_ptr<const Snapshot> snapshot = options.base;
  if (snapshot == nullptr) {
    MP_ASSIGN_OR_RETURN(snapshot, table.Latest());
  }
  if (AlreadyThere(*snapshot, options.txn)) return Skipped(*snapshot);
  MP_RETURN_IF_ERROR(CheckWritable(snapshot->protocol(), snapshot->metadata(), snapshot->schema(),
                                   snapshot->path()));
  MP_RETURN_IF_ERROR(CheckOptions(*snapshot, options));
  MP_ASSIGN_OR_RETURN(const TableShape shape,
                      ShapeAfter(table.environment(), *snapshot, *rows.schema(), options));
  MP_RETURN_IF_ERROR(CheckWritable(shape.protocol, shape.metadata, shape.schema, table.path()));
  MP_ASSIGN_OR_RETURN(auto mapper, RowMapper::Make(shape.schema, *rows.schema(), table.path()));

  DataWriterOptions write_options;
  write_options.target_file_bytes = options.target_file_bytes;
  DataWriter writer(table.environment(), table.path(), shape.schema, shape.metadata, write_options);
  MP_ASSIGN_OR_RETURN(const auto adds, WriteFiles(table, rows, mapper, writer));
  return Settle(CommitFiles(table, snapshot, options, shape, adds, writer.rows()), writer);
}

Result<CreatedTable> CreateTableFrom(const Environment& env, std::string path,
                                     const CreateOptions& options, arrow::RecordBatchReader& rows,
                                     DataRoots roots) {
  MP_ASSIGN_OR_RETURN(auto made,
                      NewTable::Prepare(env, std::move(path), options, std::move(roots)));
  const DeltaTable& table = made.table();
  MP_ASSIGN_OR_RETURN(auto mapper,
                      RowMapper::Make(made.shape().schema, *rows.schema(), table.path()));
  DataWriter writer(env, table.path(), made.shape().schema, made.shape().metadata);
  MP_ASSIGN_OR_RETURN(auto adds, WriteFiles(table, rows, mapper, writer));
  StringMap metrics = MetricsOf(adds, writer.rows());
  MP_ASSIGN_OR_RETURN(auto commit,
                      Settle(made.Commit(std::move(adds), std::move(metrics)), writer));
  return CreatedTable{table, commit};
}

}  // namespace millpond::data
