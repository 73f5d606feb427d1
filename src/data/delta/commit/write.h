// Rows in, one commit out. Rows are checked against the table's schema (by column name, without
// regard to case; safe widening casts only) and its rules (row_rules.h), written to Parquet files
// of a target size, made durable, and committed. Appends survive lost races; memory is bounded and
// reserved from the arbiter. A failed write leaves at most unreferenced data files.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/delta/log/table.h"

namespace millpond::data {

enum class WriteMode {
  kAppend,
  kOverwrite,  // removes every file the snapshot has; conflicts with concurrent changes
};

struct WriteOptions {
  WriteMode mode = WriteMode::kAppend;
  std::string operation = "WRITE";
  StringMap parameters = {};
  // (appId, version) already in the table: nothing is written, and the result says so.
  std::optional<Txn> txn = {};
  std::vector<DomainMetadata> domain_metadata = {};
  StringMap commit_tags = {};  // commitInfo.tags
  int64_t target_file_bytes = int64_t{128} << 20;
  // The version that the rows were made from, where they were made from this table: an overwrite
  // conflicts with everything committed since. Null: the latest when the writing begins.
  std::shared_ptr<const Snapshot> base = nullptr;
  // Columns that only the rows have become columns of the table, behind the others and nullable, at
  // every level; with type widening on, columns also become as wide as the rows' (Delta's option
  // mergeSchema).
  bool merge_schema = false;
  // With kOverwrite: the table's schema from this commit on (partition columns stay).
  std::optional<Schema> overwrite_schema = {};
  // With kOverwrite: the table is from this commit on what these would make (CREATE OR REPLACE),
  // with schema, partitioning and comment. Its id stays, and so do properties that are not given
  // anew.
  std::optional<CreateOptions> replace = {};
};

struct CommitResult {
  int64_t version = 0;
  int64_t rows = 0;          // written
  int64_t rows_removed = 0;  // rows changed count as removed and written
  int64_t files = 0;
  int64_t bytes = 0;
  bool skipped_by_txn = false;
  Micros commit_time = 0;
  std::vector<std::string> new_features = {};  // table features that this commit turned on
};

Result<CommitResult> WriteTable(DeltaTable& table, arrow::RecordBatchReader& rows,
                                const WriteOptions& options = {});

struct CreatedTable {
  DeltaTable table;
  CommitResult commit;
};

// Makes a table with its rows in one commit, version 0: it is there whole or not at all. The rows
// have the columns of options.schema. A failure leaves at most unreferenced data files beside a log
// without a commit. kAlreadyExists: there is a table, or another writer was faster.
Result<CreatedTable> CreateTableFrom(const Environment& env, std::string path,
                                     const CreateOptions& options, arrow::RecordBatchReader& rows,
                                     DataRoots roots = nullptr,
                                     std::shared_ptr<RowExpressionEngine> expressions = nullptr);

struct UpgradeResult {
  int64_t version = 0;                // of the table after the call
  std::vector<std::string> features;  // what was turned on; empty: all was there, nothing written
};

// Turns on in-commit timestamps, row tracking and domain metadata, which a feature view needs to
// know when a row became visible. Existing files get row ids in the same commit.
Result<UpgradeResult> UpgradeForFeatureView(DeltaTable& table);

}  // namespace millpond::data
