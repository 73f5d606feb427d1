// Reads every table of tests/golden by SQL and by ScanTable: both give the same rows, or refuse the
// table for the same reason. That ScanTable is right says data/delta/golden_test.cc.
#include <arrow/api.h>

#include <cstdlib>
#include <filesystem>

#include "data/arrow/status.h"
#include "data/delta/column_cast.h"
#include "data/delta/scan.h"
#include "data/delta/table.h"
#include "data/sql/sql_test_session.h"

namespace millpond::data {
namespace {

using Rows = std::vector<std::string>;

class SqlGoldenTest : public testing_sql::SessionFixture {
 protected:
  static std::vector<std::string> TableNames() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(MILLPOND_GOLDEN_DIR)) {
      const std::string name = entry.path().filename();
      if (name.ends_with(".tar.zst")) names.push_back(name.substr(0, name.size() - 8));
    }
    std::ranges::sort(names);
    return names;
  }

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

  Result<Rows> ByScan(const std::string& path, Schema* schema) {
    MP_ASSIGN_OR_RETURN(auto table, DeltaTable::Open(machine_.env, path));
    MP_ASSIGN_OR_RETURN(auto snapshot, table.Latest());
    *schema = snapshot->schema();
    MP_ASSIGN_OR_RETURN(auto reader, ScanTable(machine_.env, snapshot));
    return Texts(*reader, *schema);
  }

  Result<Rows> BySql(const std::string& path, const Schema& schema) {
    MP_ASSIGN_OR_RETURN(
        auto result,
        session_->Execute(fmt::format("SELECT * FROM delta.`{}`", path), "golden.sql"));
    return Texts(*result.rows, schema);
  }

  void CheckTable(const std::string& name, int* read) {
    SCOPED_TRACE(name);
    const std::string command = fmt::format("tar --zstd -xf '{}/{}.tar.zst' -C '{}'",
                                            MILLPOND_GOLDEN_DIR, name, dir_.path());
    ASSERT_EQ(std::system(command.c_str()), 0);
    const std::string path = dir_ / name + "/delta";
    Schema schema;
    const auto scanned = ByScan(path, &schema);
    const auto queried = BySql(path, schema);
    ASSERT_EQ(scanned.has_value(), queried.has_value())
        << (scanned ? queried.error() : scanned.error()).ToString();
    if (!scanned.has_value()) {
      EXPECT_EQ(scanned.error().kind(), queried.error().kind()) << queried.error().ToString();
      EXPECT_THAT(queried.error().ToString(), ::testing::HasSubstr(name));
      return;
    }
    ++*read;
    EXPECT_TRUE(*scanned == *queried) << "scan " << ::testing::PrintToString(*scanned) << "\nSQL "
                                      << ::testing::PrintToString(*queried);
    auto counted = Run(fmt::format("SELECT count(*) AS n FROM delta.`{}`", path));
    MP_ASSERT_OK(counted);
    EXPECT_EQ(*counted, fmt::format("n\n{}\n", scanned->size()));
  }
};

TEST_F(SqlGoldenTest, SqlAndScanReadTheSame) {
  const auto names = TableNames();
  ASSERT_EQ(names.size(), 43u);
  int read = 0;
  for (const auto& name : names) CheckTable(name, &read);
  EXPECT_GE(read, 36);
}

}  // namespace
}  // namespace millpond::data
