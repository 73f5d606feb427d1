#include <arrow/api.h>

#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"
#include "data/delta/care/bin_plan.h"
#include "data/delta/care/optimize.h"
#include "data/delta/commit/delta_test_rows.h"

namespace millpond::data {
namespace {

using testing::IsOk;

// Neighbouring bins share a writer, which begins a new file at each target.
TEST(OptimizedFiles, ManySmallFilesBecomeFilesOfTheTargetInOnePass) {
  testing::TempDir dir;
  testing::TestEnvironment machine;
  const auto schema = arrow::schema({arrow::field("noise", arrow::float64())});
  CreateOptions options;
  options.schema = *Schema::FromArrow(*schema);
  options.properties = {{kTargetFileSizeProperty, "2mb"}};
  MP_ASSERT_OK_AND_ASSIGN(auto table, DeltaTable::Create(machine.env, dir / "noise", options));
  for (int file = 0; file < 40; ++file) {
    arrow::DoubleBuilder noise;
    for (int row = 0; row < 30'000; ++row) {
      ASSERT_TRUE(noise.Append(static_cast<double>(machine.env.random.Next()) * 1e-19).ok());
    }
    const auto rows = arrow::RecordBatch::Make(schema, 30'000, arrow::ArrayVector{*noise.Finish()});
    const auto reader = *arrow::RecordBatchReader::Make({rows});
    ASSERT_THAT(WriteTable(table, *reader), IsOk());
  }
  const int64_t target = 2 << 20;
  MP_ASSERT_OK_AND_ASSIGN(const auto result, OptimizeTable(table));
  EXPECT_EQ(result.files_removed, 40);  // each once
  MP_ASSERT_OK_AND_ASSIGN(const auto snapshot, table.Latest());
  int small = 0;
  int64_t rows = 0;
  for (size_t file = 0; file < snapshot->files().size(); ++file) {
    small += snapshot->files().size_bytes(file) < target;
    rows += snapshot->files().num_records(file).value_or(0);
    EXPECT_LT(snapshot->files().size_bytes(file), 2 * target);
  }
  EXPECT_LE(small, 2);  // those that do not fit one target together
  EXPECT_EQ(rows, 40 * 30'000);
  MP_ASSERT_OK_AND_ASSIGN(const auto again, OptimizeTable(table));
  EXPECT_EQ(again.commits, 0);
}

}  // namespace
}  // namespace millpond::data
