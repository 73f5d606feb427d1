// For tests of data/sql only: tables read by SQL and by ScanTable, which must agree, and tables
// whose log and data files the test writes itself.
#pragma once

#include <arrow/api.h>
#include <arrow/json/from_string.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "data/arrow/status.h"
#include "data/delta/log/table.h"
#include "data/delta/rows/column_cast.h"
#include "data/delta/rows/scan.h"
#include "data/parquet/writer.h"
#include "data/sql/sql_test_session.h"

namespace millpond::data::testing_sql {

using Rows = std::vector<std::string>;

class ReadPathsFixture : public SessionFixture {
 protected:
  // The rows as text, sorted, under the table's own types.
  static Result<Rows> Texts(arrow::RecordBatchReader& reader, const Schema& schema) {
    Rows rows;
    std::shared_ptr<arrow::RecordBatch> batch;
    while (true) {
      MP_ARROW_RETURN_IF_ERROR(reader.ReadNext(&batch));
      if (batch == nullptr) break;
      arrow::ArrayVector columns;
      for (const StructField& field : schema.fields()) {
        auto column = batch->GetColumnByName(field.name);
        if (column == nullptr) return Fail(ErrorKind::kInternal, "no column '{}'", field.name);
        MP_ASSIGN_OR_RETURN(column, CastColumn(column, field.type, CastRule::kRead, field.name));
        columns.push_back(std::move(column));
      }
      for (int64_t row = 0; row < batch->num_rows(); ++row) {
        std::string text;
        for (const auto& column : columns) {
          MP_ARROW_ASSIGN_OR_RETURN(auto scalar, column->GetScalar(row));
          text += scalar->ToString() + "|";
        }
        rows.push_back(std::move(text));
      }
    }
    std::ranges::sort(rows);
    return rows;
  }

  Result<std::shared_ptr<const Snapshot>> Latest(const std::string& path) {
    MP_ASSIGN_OR_RETURN(auto table, DeltaTable::Open(machine_.env, path));
    return table.Latest();
  }

  Result<Rows> ByScan(const std::string& path) {
    MP_ASSIGN_OR_RETURN(auto snapshot, Latest(path));
    MP_ASSIGN_OR_RETURN(auto reader, ScanTable(machine_.env, snapshot));
    return Texts(*reader, snapshot->schema());
  }

  Result<Rows> BySql(const std::string& path) {
    const auto snapshot = Latest(path);
    MP_ASSIGN_OR_RETURN(auto result,
                        session_->Execute(fmt::format("SELECT * FROM delta.`{}`", path), "q.sql"));
    return Texts(*result.rows, snapshot ? (*snapshot)->schema() : Schema());
  }

  // The rows, if both paths give the same; the error, if both fail alike.
  Result<Rows> Both(const std::string& path) {
    const auto scanned = ByScan(path);
    const auto queried = BySql(path);
    EXPECT_EQ(scanned.has_value(), queried.has_value())
        << (scanned ? queried.error() : scanned.error()).ToString();
    if (!scanned.has_value()) {
      if (!queried.has_value()) {
        EXPECT_EQ(scanned.error().kind(), queried.error().kind()) << queried.error().ToString();
      }
      return scanned;
    }
    if (queried.has_value()) {
      EXPECT_EQ(*scanned, *queried);
    }
    return scanned;
  }
};

// A field with its id, for the files of tables with column mapping.
inline std::shared_ptr<arrow::Field> WithId(std::shared_ptr<arrow::Field> field, int id) {
  return field->WithMetadata(arrow::key_value_metadata({"PARQUET:field_id"}, {std::to_string(id)}));
}

// A table whose every byte the test decides.
class HandMadeTable {
 public:
  HandMadeTable(const Environment& env, std::string path) : env_(env), path_(std::move(path)) {
    std::filesystem::create_directories(path_ + "/_delta_log");
  }
  const std::string& path() const { return path_; }

  // The next version's actions, one a line.
  void Commit(const Rows& actions) {
    std::ofstream log(fmt::format("{}/_delta_log/{:020}.json", path_, version_++));
    for (const std::string& action : actions) log << action << "\n";
  }

  static std::string Protocol(const std::string& features) {
    return fmt::format(
        R"({{"protocol":{{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":[{0}],"writerFeatures":[{0}]}}}})",
        features);
  }

  // `fields`: the schema's fields as JSON; `configuration` and `partition_by` without brackets.
  static std::string Metadata(const std::string& fields, const std::string& configuration = "",
                              const std::string& partition_by = "") {
    const std::string schema = R"({"type":"struct","fields":[)" + fields + "]}";
    std::string escaped;
    for (char c : schema) {
      if (c == '"' || c == '\\') escaped += '\\';
      escaped += c;
    }
    return fmt::format(
        R"({{"metaData":{{"id":"t","format":{{"provider":"parquet","options":{{}}}},"schemaString":"{}","partitionColumns":[{}],"configuration":{{{}}},"createdTime":0}}}})",
        escaped, partition_by, configuration);
  }

  static std::string Field(const std::string& name, const std::string& type,
                           const std::string& metadata = "") {
    return fmt::format(R"({{"name":"{}","type":{},"nullable":true,"metadata":{{{}}}}})", name,
                       type.starts_with('{') ? type : '"' + type + '"', metadata);
  }
  static std::string Mapping(int id, const std::string& physical) {
    return fmt::format(R"("delta.columnMapping.id":{},"delta.columnMapping.physicalName":"{}")", id,
                       physical);
  }

  // Writes a data file, and gives its add action; `more`: further members of it, `stats` too.
  std::string File(const std::string& name, const std::shared_ptr<arrow::Schema>& schema,
                   const std::string& json, const std::string& more = "",
                   const std::string& stats = "", int64_t row_group_rows = 1 << 20) {
    auto array = *arrow::json::ArrayFromJSONString(arrow::struct_(schema->fields()), json);
    auto batch = *arrow::RecordBatch::FromStructArray(array);
    batch = arrow::RecordBatch::Make(schema, batch->num_rows(), batch->columns());
    auto writer =
        *ParquetWriter::Open(env_, path_ + "/" + name, schema, {.row_group_rows = row_group_rows});
    EXPECT_TRUE(writer->Write(*batch).has_value());
    const int64_t size = *writer->Close();
    const std::string known = fmt::format(R"({{\"numRecords\":{}{}}})", batch->num_rows(),
                                          stats.empty() ? "" : "," + stats);
    return fmt::format(
        R"({{"add":{{"path":"{}","size":{},"partitionValues":{{}},"modificationTime":0,"dataChange":true,"stats":"{}"{}}}}})",
        name, size, known, more.empty() ? "" : "," + more);
  }

 private:
  Environment env_;
  std::string path_;
  int version_ = 0;
};

}  // namespace millpond::data::testing_sql
