// For tests of data/delta only: rows from JSON, tables read back as text.
#pragma once

#include <arrow/api.h>
#include <arrow/json/from_string.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/testing/result_matchers.h"
#include "data/arrow/status.h"
#include "data/delta/commit/write.h"
#include "data/delta/rows/scan.h"

namespace millpond::data::testing_rows {

// [{"id": 1}, …] as one batch of the schema.
inline std::shared_ptr<arrow::RecordBatch> Batch(const std::shared_ptr<arrow::Schema>& schema,
                                                 const std::string& json) {
  auto array = arrow::json::ArrayFromJSONString(arrow::struct_(schema->fields()), json);
  EXPECT_TRUE(array.ok()) << array.status().ToString();
  auto batch = arrow::RecordBatch::FromStructArray(*array);
  EXPECT_TRUE(batch.ok()) << batch.status().ToString();
  return (*batch)->ReplaceSchemaMetadata(nullptr);
}

inline std::shared_ptr<arrow::RecordBatchReader> Reader(
    const std::shared_ptr<arrow::Schema>& schema, const std::string& json) {
  return *arrow::RecordBatchReader::Make({Batch(schema, json)}, schema);
}

// One line a row, "id=1 name=x", sorted.
inline Result<std::vector<std::string>> ReadLines(const Environment& env,
                                                  std::shared_ptr<const Snapshot> snapshot,
                                                  ScanOptions options = {}) {
  MP_ASSIGN_OR_RETURN(auto reader, ScanTable(env, std::move(snapshot), std::move(options)));
  std::vector<std::string> lines;
  std::shared_ptr<arrow::RecordBatch> batch;
  while (true) {
    MP_ARROW_RETURN_IF_ERROR(reader->ReadNext(&batch));
    if (batch == nullptr) break;
    for (int64_t row = 0; row < batch->num_rows(); ++row) {
      std::string line;
      for (int c = 0; c < batch->num_columns(); ++c) {
        if (c > 0) line += " ";
        line += batch->schema()->field(c)->name() + "=";
        line += (*batch->column(c)->GetScalar(row))->ToString();
      }
      lines.push_back(std::move(line));
    }
  }
  std::ranges::sort(lines);
  return lines;
}

inline Result<std::vector<std::string>> ReadLatest(DeltaTable& table) {
  MP_ASSIGN_OR_RETURN(auto snapshot, table.Latest());
  return ReadLines(table.environment(), snapshot);
}

inline Result<CommitResult> Append(DeltaTable& table, const std::shared_ptr<arrow::Schema>& schema,
                                   const std::string& json, const WriteOptions& options = {}) {
  auto reader = Reader(schema, json);
  return WriteTable(table, *reader, options);
}

}  // namespace millpond::data::testing_rows
