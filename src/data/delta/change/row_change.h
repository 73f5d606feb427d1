// One statement's change of a table's rows (DELETE, UPDATE, MERGE): rows of the snapshot go by
// their places, other rows come, and all of it is one commit. What it promises:
//
// - Rows that go are marked in deletion vectors; files are not rewritten. Where the table's
// property
//   delta.enableDeletionVectors says false, their files are rewritten without them instead. Where
//   it says nothing, the commit turns the feature on if it needs it, and its result says so.
// - A changed row keeps its row id where the table tracks rows (PROTOCOL.md, "Row Tracking").
// - Where the change data feed is on, the rows before and after stand in change files
//   (PROTOCOL.md, "Add CDC File").
// - Memory: a few bits for each row that goes, one batch, and the open files.
//
// Which rows go and what comes is for the caller to find out. Used by one thread.
#pragma once

#include <arrow/type_fwd.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "data/delta/commit/table_shape.h"
#include "data/delta/commit/transaction.h"
#include "data/delta/log/table.h"
#include "data/delta/rows/data_writer.h"

namespace millpond::data {

class IdentityValues;
class RowMapper;
class RowRules;

// _change_type of a row in a change file.
enum class ChangeType { kInsert, kDelete, kUpdateBefore, kUpdateAfter };

struct RowChangeCommit {
  std::string operation;
  StringMap parameters = {};
  StringMap metrics = {};                                // besides those that are counted here
  std::shared_ptr<ReadDependency> dependency = nullptr;  // null: any added row conflicts
  // Committed even where no row changed; another commit of the same application conflicts.
  std::optional<Txn> txn = {};
};

class RowChange {
 public:
  // `schema`: of the table from the commit on, where that differs (new columns behind the old
  // ones). kUnsupported: a feature that Millpond does not write. The table may be changed by others
  // meanwhile; Commit finds out.
  static Result<std::unique_ptr<RowChange>> Begin(DeltaTable table,
                                                  std::shared_ptr<const Snapshot> snapshot,
                                                  std::optional<Schema> schema = std::nullopt);
  ~RowChange();

  bool wants_changes() const { return changes_ != nullptr; }  // the change data feed is on
  bool wants_row_ids() const { return row_ids_; }

  // Rows by file (index into the snapshot's files()) and position in the file. Gives how many of
  // them were not marked yet.
  Result<int64_t> Delete(const arrow::Int64Array& files, const arrow::Int64Array& positions);
  // Rows by column name, checked, cast and filled in as write.h says: new ones (kInsert), or rows
  // as they are from now on (kUpdateAfter), which keep their identity values. Every batch of a type
  // has the same columns. They stand in the change data feed too.
  // `row_ids` (int64): the ids that changed rows had; NULL, or null altogether: new rows.
  Status Write(const arrow::RecordBatch& rows, ChangeType type,
               std::shared_ptr<arrow::Array> row_ids = nullptr);
  // Rows as they were (kDelete, kUpdateBefore) for the change data feed. Does nothing where that is
  // off.
  Status WriteBefore(const arrow::RecordBatch& rows, ChangeType type);

  // Nothing changed: no commit, the result has the snapshot's version.
  Result<CommitResult> Commit(RowChangeCommit commit);

 private:
  RowChange(DeltaTable table, std::shared_ptr<const Snapshot> snapshot, TableShape shape);

  Result<std::shared_ptr<arrow::RecordBatch>> Ready(const arrow::RecordBatch& rows,
                                                    ChangeType type);
  Result<std::shared_ptr<arrow::RecordBatch>> AsTheyAre(const arrow::RecordBatch& rows);
  Status Keep(const arrow::RecordBatch& rows, std::shared_ptr<arrow::Array> row_ids,
              std::shared_ptr<arrow::Array> row_versions);
  Status WriteKept(const arrow::RecordBatch& rows);
  Status Feed(const arrow::RecordBatch& rows, ChangeType type);
  bool MayMarkRows() const;
  Status TakeRows(Transaction& transaction);
  Status Rewrite(size_t file, const RowSet& rows);
  void TurnOnDeletionVectors();
  void Discard();

  DeltaTable table_;
  std::shared_ptr<const Snapshot> snapshot_;
  bool row_ids_ = false;
  Schema schema_;  // from the commit on, as protocol and metadata
  Protocol protocol_;
  Metadata metadata_;
  // Once the first rows are there.
  std::unique_ptr<RowMapper> before_mapper_;
  std::unique_ptr<RowRules> new_rules_, changed_rules_;
  std::unique_ptr<IdentityValues> identity_;
  std::map<size_t, RowSet> gone_;  // by file
  std::unique_ptr<DataWriter> writer_;
  std::unique_ptr<DataWriter> changes_;  // null: the feed is off
  int64_t rows_gone_ = 0;
};

}  // namespace millpond::data
