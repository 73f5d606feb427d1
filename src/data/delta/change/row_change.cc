#include "data/delta/change/row_change.h"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <numeric>

#include "data/arrow/status.h"
#include "data/delta/commit/identity_values.h"
#include "data/delta/commit/row_rules.h"
#include "data/delta/metadata/protocol.h"
#include "data/delta/metadata/table_features.h"
#include "data/delta/rows/change_feed.h"
#include "data/delta/rows/row_ids.h"
#include "data/delta/rows/row_mapper.h"
#include "data/delta/rows/scan.h"

namespace millpond::data {
namespace {

constexpr const char* kChangeFolder = "_change_data";

std::string_view TextOf(ChangeType type) {
  switch (type) {
    case ChangeType::kInsert:
      return "insert";
    case ChangeType::kDelete:
      return "delete";
    case ChangeType::kUpdateBefore:
      return "update_preimage";
    case ChangeType::kUpdateAfter:
      return "update_postimage";
  }
  return "";
}

Schema WithChangeType(const Schema& schema) {
  std::vector<StructField> fields = schema.fields();
  fields.push_back({kChangeTypeColumn, DataType(TypeKind::kString)});
  return Schema(std::move(fields));
}

}  // namespace

RowChange::RowChange(DeltaTable table, std::shared_ptr<const Snapshot> snapshot, TableShape shape)
    : table_(std::move(table)),
      snapshot_(std::move(snapshot)),
      row_ids_(RowTrackingOf(*snapshot_).has_value()),
      schema_(std::move(shape.schema)),
      protocol_(std::move(shape.protocol)),
      metadata_(std::move(shape.metadata)) {
  const Environment& env = table_.environment();
  DataWriterOptions options;
  options.row_ids = row_ids_;
  writer_ = std::make_unique<DataWriter>(env, table_.path(), schema_, metadata_, options);
  if (!metadata_.IsEnabled(property::kEnableChangeDataFeed)) return;
  options = {};
  options.folder = kChangeFolder;
  changes_ =
      std::make_unique<DataWriter>(env, table_.path(), WithChangeType(schema_), metadata_, options);
}

RowChange::~RowChange() = default;

Result<std::unique_ptr<RowChange>> RowChange::Begin(DeltaTable table,
                                                    std::shared_ptr<const Snapshot> snapshot,
                                                    std::optional<Schema> schema) {
  MP_RETURN_IF_ERROR(CheckWritable(snapshot->protocol(), snapshot->metadata(), snapshot->schema(),
                                   snapshot->path()));
  const TableShape before = ShapeOf(*snapshot);
  TableShape shape = before;
  if (schema) {
    shape.schema = *std::move(schema);
    MP_RETURN_IF_ERROR(SettleShape({&before, /*files_stay=*/true, snapshot->path()},
                                   table.environment().random, shape));
  }
  return std::unique_ptr<RowChange>(
      new RowChange(std::move(table), std::move(snapshot), std::move(shape)));
}

Result<int64_t> RowChange::Delete(const arrow::Int64Array& files,
                                  const arrow::Int64Array& positions) {
  int64_t marked = 0;
  RowSet* rows = nullptr;
  int64_t file = -1;
  for (int64_t i = 0; i < files.length(); ++i) {
    if (files.Value(i) != file) {
      file = files.Value(i);
      if (file < 0 || static_cast<size_t>(file) >= snapshot_->files().size()) {
        return Fail(ErrorKind::kInternal, "table {} has no file {}", table_.path(), file);
      }
      rows = &gone_[static_cast<size_t>(file)];
    }
    if (rows->Add(static_cast<uint64_t>(positions.Value(i)))) ++marked;
  }
  rows_gone_ += marked;
  return marked;
}

Result<std::shared_ptr<arrow::RecordBatch>> RowChange::Ready(const arrow::RecordBatch& rows,
                                                             ChangeType type) {
  const bool is_new = type == ChangeType::kInsert;
  std::unique_ptr<RowRules>& rules = is_new ? new_rules_ : changed_rules_;
  if (rules == nullptr) {
    const TableShape shape{schema_, protocol_, metadata_};
    if (is_new) {
      MP_ASSIGN_OR_RETURN(auto identity, IdentityValues::Make(shape, table_.path()));
      identity_ = std::make_unique<IdentityValues>(std::move(identity));
    }
    const auto engine = table_.expressions();
    const RowTarget target{shape, table_.path(), engine.get(), is_new ? identity_.get() : nullptr};
    MP_ASSIGN_OR_RETURN(rules, RowRules::Make(target, *rows.schema()));
  }
  MP_ASSIGN_OR_RETURN_CONTEXT(auto ready, rules->Apply(rows), "while writing to table {}",
                              table_.path());
  return ready;
}

// Rows of the snapshot: nothing is asked of them again.
Result<std::shared_ptr<arrow::RecordBatch>> RowChange::AsTheyAre(const arrow::RecordBatch& rows) {
  if (before_mapper_ == nullptr) {
    MP_ASSIGN_OR_RETURN(auto made, RowMapper::Make(schema_, *rows.schema(), table_.path()));
    before_mapper_ = std::make_unique<RowMapper>(std::move(made));
  }
  return before_mapper_->Map(rows);
}

Status RowChange::Write(const arrow::RecordBatch& rows, ChangeType type,
                        std::shared_ptr<arrow::Array> row_ids) {
  if (rows.num_rows() == 0) return OkStatus();
  MP_ASSIGN_OR_RETURN(const auto ready, Ready(rows, type));
  MP_RETURN_IF_ERROR(Keep(*ready, std::move(row_ids), nullptr));
  return Feed(*ready, type);
}

Status RowChange::WriteBefore(const arrow::RecordBatch& rows, ChangeType type) {
  if (changes_ == nullptr || rows.num_rows() == 0) return OkStatus();
  MP_ASSIGN_OR_RETURN(const auto mapped, AsTheyAre(rows));
  return Feed(*mapped, type);
}

// Rows of the table's columns, into its files; no row versions: that of this commit.
Status RowChange::Keep(const arrow::RecordBatch& rows, std::shared_ptr<arrow::Array> row_ids,
                       std::shared_ptr<arrow::Array> row_versions) {
  if (!row_ids_) return writer_->Write(rows);
  MP_ARROW_ASSIGN_OR_RETURN(auto none, arrow::MakeArrayOfNull(arrow::int64(), rows.num_rows()));
  arrow::FieldVector fields = rows.schema()->fields();
  fields.push_back(arrow::field("row id", arrow::int64()));
  fields.push_back(arrow::field("row commit version", arrow::int64()));
  arrow::ArrayVector columns = rows.columns();
  columns.push_back(row_ids != nullptr ? std::move(row_ids) : none);
  columns.push_back(row_versions != nullptr ? std::move(row_versions) : none);
  return writer_->Write(*arrow::RecordBatch::Make(arrow::schema(std::move(fields)), rows.num_rows(),
                                                  std::move(columns)));
}

Status RowChange::Feed(const arrow::RecordBatch& rows, ChangeType type) {
  if (changes_ == nullptr) return OkStatus();
  const arrow::StringScalar text{std::string(TextOf(type))};
  MP_ARROW_ASSIGN_OR_RETURN(auto types, arrow::MakeArrayFromScalar(text, rows.num_rows()));
  arrow::FieldVector fields = rows.schema()->fields();
  fields.push_back(arrow::field(kChangeTypeColumn, arrow::utf8()));
  arrow::ArrayVector columns = rows.columns();
  columns.push_back(std::move(types));
  return changes_->Write(*arrow::RecordBatch::Make(arrow::schema(std::move(fields)),
                                                   rows.num_rows(), std::move(columns)));
}

bool RowChange::MayMarkRows() const {
  const auto setting = snapshot_->property(property::kEnableDeletionVectors);
  return !setting || EqualNames(*setting, "true");
}

void RowChange::TurnOnDeletionVectors() {
  if (!SupportsWriterFeature(protocol_, feature::kDeletionVectors)) {
    protocol_ = WithFeatures(std::move(protocol_), {feature::kDeletionVectors});
  }
  if (metadata_.IsEnabled(property::kEnableDeletionVectors)) return;
  metadata_.configuration[property::kEnableDeletionVectors] = "true";
}

// Puts the rows that go into the transaction: by file where all of its rows go, by deletion vector
// or by rewriting the file where some stay.
Status RowChange::TakeRows(Transaction& transaction) {
  bool marks = false;
  for (auto& [file, rows] : gone_) {
    AddFile live = snapshot_->files().add(file);
    const int64_t before = live.deletion_vector ? live.deletion_vector->cardinality : 0;
    const auto records = snapshot_->files().num_records(file);
    const bool whole = records && rows.size() + before == *records;
    if (whole || MayMarkRows()) {
      marks = marks || !whole;
      transaction.DeleteRows({std::move(live), std::move(rows)});
    } else {
      MP_RETURN_IF_ERROR(Rewrite(file, rows));
      transaction.Remove(live);
    }
  }
  if (marks) TurnOnDeletionVectors();
  return OkStatus();
}

// Rows as ScanTable gives them, with the columns of places and ids behind the table's.
Status RowChange::WriteKept(const arrow::RecordBatch& rows) {
  std::vector<int> columns(snapshot_->schema().size());
  std::iota(columns.begin(), columns.end(), 0);
  MP_ARROW_ASSIGN_OR_RETURN(const auto table_rows, rows.SelectColumns(columns));
  MP_ASSIGN_OR_RETURN(const auto mapped, AsTheyAre(*table_rows));
  return Keep(*mapped, rows.GetColumnByName(kRowIdColumn),
              rows.GetColumnByName(kRowCommitVersionColumn));
}

// Writes the rows of a file that stay to new files.
Status RowChange::Rewrite(size_t file, const RowSet& rows) {
  ScanOptions options;
  options.files = {file};
  options.with_row_positions = true;
  options.with_row_ids = row_ids_;
  MP_ASSIGN_OR_RETURN(auto reader, ScanTable(table_.environment(), snapshot_, options));
  std::shared_ptr<arrow::RecordBatch> batch;
  while (true) {
    MP_ARROW_RETURN_IF_ERROR(reader->ReadNext(&batch));
    if (batch == nullptr) return OkStatus();
    const auto& positions =
        static_cast<const arrow::Int64Array&>(*batch->GetColumnByName(kRowPositionColumn));
    arrow::Int64Builder builder;
    for (int64_t row = 0; row < batch->num_rows(); ++row) {
      if (rows.Contains(static_cast<uint64_t>(positions.Value(row)))) continue;
      MP_ARROW_RETURN_IF_ERROR(builder.Append(row));
    }
    MP_ARROW_ASSIGN_OR_RETURN(auto kept, builder.Finish());
    MP_ARROW_ASSIGN_OR_RETURN(auto left,
                              arrow::compute::Take(arrow::Datum(batch), arrow::Datum(kept)));
    MP_RETURN_IF_ERROR(WriteKept(*left.record_batch()));
  }
}

Result<CommitResult> RowChange::Commit(RowChangeCommit commit) {
  if (gone_.empty() && writer_->rows() == 0 && !commit.txn) {
    CommitResult nothing;
    nothing.version = snapshot_->version();
    nothing.commit_time = snapshot_->commit_time();
    return nothing;
  }
  const int64_t rows_written = writer_->rows();
  if (identity_ != nullptr && identity_->gave_any()) {
    metadata_.schema_json = identity_->WithMarks(schema_).ToJson();
  }
  const auto prepare = [&]() -> Result<Transaction> {
    MP_ASSIGN_OR_RETURN(auto transaction, Transaction::BeginAt(table_, snapshot_));
    MP_RETURN_IF_ERROR(TakeRows(transaction));
    MP_ASSIGN_OR_RETURN(auto adds, writer_->Finish());
    for (auto& add : adds) transaction.Add(std::move(add));
    if (changes_ != nullptr) {
      MP_ASSIGN_OR_RETURN(const auto changes, changes_->Finish());
      for (const AddFile& add : changes) {
        transaction.AddCdc({add.path, add.partition_values, add.size_bytes, {}});
      }
    }
    if (protocol_ != snapshot_->protocol()) transaction.SetProtocol(protocol_);
    if (metadata_ != snapshot_->metadata()) transaction.SetMetadata(metadata_);
    return transaction;
  };
  auto transaction = prepare();
  if (!transaction.has_value()) {
    Discard();
    return std::unexpected<Error>(std::move(transaction).error());
  }
  commit.metrics["numOutputRows"] = fmt::format("{}", rows_written);
  commit.metrics["numRemovedRows"] = fmt::format("{}", rows_gone_);
  transaction->SetOperation(std::move(commit.operation), std::move(commit.parameters));
  transaction->SetMetrics(std::move(commit.metrics));
  if (commit.txn) transaction->SetTxn(*std::move(commit.txn));
  if (commit.dependency != nullptr) {
    transaction->DependOn(std::move(commit.dependency));
  } else {
    transaction->DependOnWholeTable();
  }
  auto result = transaction->Commit();
  if (!result.has_value()) {
    if (result.error().kind() != ErrorKind::kOutcomeUnknown) Discard();
    return result;
  }
  result->rows = rows_written;
  result->rows_removed = rows_gone_;
  return result;
}

void RowChange::Discard() {
  writer_->Discard();
  if (changes_ != nullptr) changes_->Discard();
}

}  // namespace millpond::data
