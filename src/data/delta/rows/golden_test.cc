// Reads every Delta table of tests/golden (its README says what they are) and compares the rows
// with those that Spark read: equal as multisets, or refused for a reason that the README or the
// protocol names.
#include <arrow/api.h>

#include <cstdlib>
#include <filesystem>

#include "base/testing/result_matchers.h"
#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"
#include "data/arrow/status.h"
#include "data/delta/log/table.h"
#include "data/delta/rows/column_cast.h"
#include "data/delta/rows/scan.h"
#include "data/parquet/reader.h"

namespace millpond::data {
namespace {

namespace stdfs = std::filesystem;
using Rows = std::vector<std::string>;

// Listed by the README: there is no expected/ because the table must be refused.
const std::set<std::string> kRefusedAsListed = {
    "deltalog-state-reconstruction-from-checkpoint-missing-protocol",
    "deltalog-state-reconstruction-without-protocol", "update-deleted-directory", "checkpoint",
    "log-replay-special-characters-b"};
const std::set<std::string> kEmpty = {"canonicalized-paths-special-a",
                                      "canonicalized-paths-special-b"};

Status AppendRows(const arrow::RecordBatch& batch, Rows* rows) {
  for (int64_t row = 0; row < batch.num_rows(); ++row) {
    std::string text;
    for (const auto& column : batch.columns()) {
      MP_ARROW_ASSIGN_OR_RETURN(auto scalar, column->GetScalar(row));
      text += scalar->ToString() + "|";
    }
    rows->push_back(std::move(text));
  }
  return OkStatus();
}

Result<Rows> Drain(arrow::RecordBatchReader& reader) {
  Rows rows;
  std::shared_ptr<arrow::RecordBatch> batch;
  while (true) {
    MP_ARROW_RETURN_IF_ERROR(reader.ReadNext(&batch));
    if (batch == nullptr) break;
    MP_RETURN_IF_ERROR(AppendRows(*batch, &rows));
  }
  std::ranges::sort(rows);
  return rows;
}

Result<Rows> ReadExpected(const Environment& env, const std::string& folder, const Schema& schema) {
  Rows rows;
  for (const auto& entry : stdfs::recursive_directory_iterator(folder)) {
    std::string name = entry.path().filename();
    if (!entry.is_regular_file() || name.starts_with('.') || name.starts_with('_')) continue;
    MP_ASSIGN_OR_RETURN(auto file, ParquetReader::Open(env, entry.path()));
    if (file->schema()->num_fields() != static_cast<int>(schema.size())) {
      return Fail(ErrorKind::kInternal, "expected {} columns, found {}", file->schema()->ToString(),
                  schema.ToJson());
    }
    std::vector<int> all(file->schema()->num_fields());
    for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int>(i);
    MP_ASSIGN_OR_RETURN(auto reader, file->Read(file->LeavesOf(all)));
    std::shared_ptr<arrow::RecordBatch> batch;
    while (true) {
      MP_ARROW_RETURN_IF_ERROR(reader->ReadNext(&batch));
      if (batch == nullptr) break;
      arrow::ArrayVector columns;
      for (const auto& field : schema.fields()) {
        auto column = batch->GetColumnByName(field.name);
        if (column == nullptr) return Fail(ErrorKind::kInternal, "no column '{}'", field.name);
        MP_ASSIGN_OR_RETURN(column, CastColumn(column, field.type, CastRule::kRead, field.name));
        columns.push_back(column);
      }
      MP_RETURN_IF_ERROR(AppendRows(
          *arrow::RecordBatch::Make(schema.ToArrow(), batch->num_rows(), columns), &rows));
    }
  }
  std::ranges::sort(rows);
  return rows;
}

Result<Rows> ReadTable(const Environment& env, const std::string& path, Schema* schema) {
  MP_ASSIGN_OR_RETURN(auto table, DeltaTable::Open(env, path));
  MP_ASSIGN_OR_RETURN(auto snapshot, table.Latest());
  *schema = snapshot->schema();
  MP_ASSIGN_OR_RETURN(auto reader, ScanTable(env, snapshot));
  return Drain(*reader);
}

std::vector<std::string> TableNames() {
  std::vector<std::string> names;
  for (const auto& entry : stdfs::directory_iterator(MILLPOND_GOLDEN_DIR)) {
    std::string name = entry.path().filename();
    if (name.ends_with(".tar.zst")) names.push_back(name.substr(0, name.size() - 8));
  }
  std::ranges::sort(names);
  return names;
}

struct Counts {
  int right = 0, by_feature = 0, as_listed = 0;
};

void CheckTable(const std::string& name, Counts* counts) {
  SCOPED_TRACE(name);
  testing::TempDir dir;
  testing::TestEnvironment machine;
  std::string command =
      fmt::format("tar --zstd -xf '{}/{}.tar.zst' -C '{}'", MILLPOND_GOLDEN_DIR, name, dir.path());
  ASSERT_EQ(std::system(command.c_str()), 0);
  std::string folder = dir / name;
  Schema schema;
  auto rows = ReadTable(machine.env, folder + "/delta", &schema);
  if (kRefusedAsListed.contains(name)) {
    ASSERT_FALSE(rows.has_value()) << "read " << rows->size() << " rows";
    EXPECT_THAT(rows.error().ToString(), ::testing::HasSubstr(folder));
    std::printf("  as listed   %s: %s\n", name.c_str(), rows.error().ToString().c_str());
    ++counts->as_listed;
    return;
  }
  if (!rows.has_value() && rows.error().kind() == ErrorKind::kUnsupported) {
    EXPECT_THAT(rows.error().ToString(), ::testing::HasSubstr("needs the reader feature"));
    std::printf("  by feature  %s: %s\n", name.c_str(), rows.error().ToString().c_str());
    ++counts->by_feature;
    return;
  }
  MP_ASSERT_OK(rows);
  if (kEmpty.contains(name)) {
    EXPECT_TRUE(rows->empty());
  } else {
    MP_ASSERT_OK_AND_ASSIGN(auto expected, ReadExpected(machine.env, folder + "/expected", schema));
    ASSERT_EQ(rows->size(), expected.size());
    EXPECT_EQ(*rows, expected);
  }
  std::printf("  right       %s (%zu rows)\n", name.c_str(), rows->size());
  ++counts->right;
}

TEST(GoldenTest, EveryTableIsReadRightOrRefused) {
  auto names = TableNames();
  ASSERT_EQ(names.size(), 43u);
  Counts counts;
  for (const auto& name : names) CheckTable(name, &counts);
  std::printf("golden tables: read right: %d, refused by feature: %d, refused as listed: %d\n",
              counts.right, counts.by_feature, counts.as_listed);
  EXPECT_EQ(counts.right + counts.by_feature + counts.as_listed, 43);
  EXPECT_GE(counts.right, 38);
  EXPECT_EQ(counts.as_listed, 5);
}

}  // namespace
}  // namespace millpond::data
