#include "data/delta/commit/write.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "base/json.h"
#include "base/log.h"
#include "data/arrow/status.h"
#include "data/delta/commit/identity_values.h"
#include "data/delta/commit/new_table.h"
#include "data/delta/commit/row_rules.h"
#include "data/delta/commit/table_rules.h"
#include "data/delta/commit/table_shape.h"
#include "data/delta/commit/transaction.h"
#include "data/delta/commit/write_rows.h"
#include "data/delta/metadata/column_mapping.h"
#include "data/delta/metadata/protocol.h"
#include "data/delta/metadata/schema_merge.h"
#include "data/delta/rows/data_writer.h"

namespace millpond::data {
namespace {

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

// The data files of one write, on their way into a commit.
struct Writing {
  TableShape shape;  // of the table once the rows are committed
  int64_t target_file_bytes = DataWriterOptions().target_file_bytes;
  IdentityValues identity = {};
  std::unique_ptr<DataWriter> writer = nullptr;
  std::vector<AddFile> adds = {};

  Status Begin(const DeltaTable& table) {
    MP_ASSIGN_OR_RETURN(identity, IdentityValues::Make(shape, table.path()));
    writer = MakeWriter(table);
    return OkStatus();
  }
  std::unique_ptr<DataWriter> MakeWriter(const DeltaTable& table) const {
    DataWriterOptions options;
    options.target_file_bytes = target_file_bytes;
    return std::make_unique<DataWriter>(table.environment(), table.path(), shape.schema,
                                        shape.metadata, options);
  }
};

// May rows written against `before` be committed on top of `now`?
bool SameRows(const Snapshot& before, const Snapshot& now) {
  return before.metadata().id == now.metadata().id && before.schema() == now.schema() &&
         PhysicalSchema(before.schema()) == PhysicalSchema(now.schema()) &&
         before.metadata().partition_columns == now.metadata().partition_columns &&
         SameRules(before.metadata(), before.schema(), now.metadata(), now.schema());
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
                            const WriteOptions& options, const Writing& writing, int64_t rows,
                            bool changes_table) {
  MP_ASSIGN_OR_RETURN(auto transaction, Transaction::BeginAt(table, snapshot));
  const TableShape& shape = writing.shape;
  const bool identity = writing.identity.gave_any();
  StringMap parameters = options.parameters;
  bool overwrite = options.mode == WriteMode::kOverwrite;
  parameters.try_emplace("mode", overwrite ? "Overwrite" : "Append");
  parameters.try_emplace("partitionBy", DumpJson(Json(shape.metadata.partition_columns)));
  transaction.SetOperation(options.operation, std::move(parameters));
  transaction.SetCommitTags(options.commit_tags);
  for (const auto& add : writing.adds) transaction.Add(add);
  transaction.SetMetrics(MetricsOf(writing.adds, rows));
  if (options.txn) transaction.SetTxn(*options.txn);
  for (const auto& domain : options.domain_metadata) transaction.SetDomain(domain);
  if (overwrite) {
    transaction.DependOnWholeTable();
    for (size_t i = 0; i < snapshot->files().size(); ++i) {
      transaction.Remove(snapshot->files().add(i));
    }
  }
  if (!changes_table) {
    if (!identity) return transaction;
    Metadata metadata = snapshot->metadata();
    metadata.schema_json = writing.identity.WithMarks(snapshot->schema()).ToJson();
    transaction.SetMetadata(std::move(metadata));
    return transaction;
  }
  if (options.replace) {
    MP_ASSIGN_OR_RETURN(auto domains, NewDomains(snapshot.get(), shape, *options.replace));
    for (auto& domain : domains) transaction.SetDomain(std::move(domain));
  }
  if (shape.protocol != snapshot->protocol()) transaction.SetProtocol(shape.protocol);
  Metadata metadata = shape.metadata;
  if (identity) metadata.schema_json = writing.identity.WithMarks(shape.schema).ToJson();
  if (metadata != snapshot->metadata()) transaction.SetMetadata(std::move(metadata));
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

// Another writer has given out identity values meanwhile: ours move behind its.
Status MoveIdentity(const DeltaTable& table, const Snapshot& now, Writing& writing) {
  MP_ASSIGN_OR_RETURN(const auto moves, writing.identity.MoveBehind(now.schema()));
  if (moves.empty()) return OkStatus();
  auto writer = writing.MakeWriter(table);
  auto adds = ReissueIdentity(table.environment(), table.path(), writing.shape, writing.adds, moves,
                              *writer);
  (adds.has_value() ? writing.writer : writer)->Discard();
  MP_ASSIGN_OR_RETURN_CONTEXT(writing.adds, std::move(adds), "while writing to table {}",
                              table.path());
  writing.writer = std::move(writer);
  return OkStatus();
}

// Commits the files, and again on a newer snapshot where an append may.
Result<CommitResult> CommitFiles(DeltaTable& table, std::shared_ptr<const Snapshot> snapshot,
                                 const WriteOptions& options, Writing& writing) {
  const int64_t rows = writing.writer->rows();
  const bool changes_table = ChangesTable(*snapshot, options, writing.shape);
  for (int restart = 0;; ++restart) {
    MP_ASSIGN_OR_RETURN(auto transaction,
                        Prepare(table, snapshot, options, writing, rows, changes_table));
    auto result = transaction.Commit();
    if (result.has_value() || result.error().kind() != ErrorKind::kConflict) return result;
    MP_ASSIGN_OR_RETURN(auto now, table.Latest());
    if (AlreadyThere(*now, options.txn)) return Skipped(*now);
    const bool again = !changes_table && SameRows(*snapshot, *now);
    if (!again || restart == kRestarts) return result;
    MP_RETURN_IF_ERROR(MoveIdentity(table, *now, writing));
    snapshot = std::move(now);
  }
}

// Writes and syncs all rows. What a failure leaves is removed.
Status WriteFiles(const DeltaTable& table, arrow::RecordBatchReader& rows, Writing& writing) {
  const auto engine = table.expressions();
  const RowTarget target{writing.shape, table.path(), engine.get(), &writing.identity};
  MP_ASSIGN_OR_RETURN(const auto rules, RowRules::Make(target, *rows.schema()));
  const auto write = [&]() -> Status {
    MP_RETURN_IF_ERROR(WriteRows(table, rows, *rules, *writing.writer));
    MP_ASSIGN_OR_RETURN_CONTEXT(writing.adds, writing.writer->Finish(), "while writing to table {}",
                                table.path());
    return OkStatus();
  };
  Status written = write();
  if (!written.has_value()) writing.writer->Discard();
  return written;
}

// The commit did or did not happen; its files stay if it may have.
Result<CommitResult> Settle(Result<CommitResult> result, const Writing& writing) {
  DataWriter& writer = *writing.writer;
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
  MP_ASSIGN_OR_RETURN(TableShape shape,
                      ShapeAfter(table.environment(), *snapshot, *rows.schema(), options));
  MP_RETURN_IF_ERROR(CheckWritable(shape.protocol, shape.metadata, shape.schema, table.path()));
  Writing writing{std::move(shape), options.target_file_bytes};
  MP_RETURN_IF_ERROR(writing.Begin(table));
  MP_RETURN_IF_ERROR(WriteFiles(table, rows, writing));
  auto committed = CommitFiles(table, snapshot, options, writing);
  return Settle(std::move(committed), writing);
}

Result<CreatedTable> CreateTableFrom(const Environment& env, std::string path,
                                     const CreateOptions& options, arrow::RecordBatchReader& rows,
                                     DataRoots roots,
                                     std::shared_ptr<RowExpressionEngine> expressions) {
  MP_ASSIGN_OR_RETURN(auto made,
                      NewTable::Prepare(env, std::move(path), options, std::move(roots)));
  DeltaTable table = made.table();
  table.SetExpressions(std::move(expressions));
  Writing writing{made.shape()};
  MP_RETURN_IF_ERROR(writing.Begin(table));
  MP_RETURN_IF_ERROR(WriteFiles(table, rows, writing));
  if (writing.identity.gave_any()) {
    made.SetSchema(writing.identity.WithMarks(writing.shape.schema));
  }
  StringMap metrics = MetricsOf(writing.adds, writing.writer->rows());
  MP_ASSIGN_OR_RETURN(auto commit,
                      Settle(made.Commit(std::move(writing.adds), std::move(metrics)), writing));
  return CreatedTable{table, commit};
}

}  // namespace millpond::data
