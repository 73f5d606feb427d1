#include "data/delta/change/overwrite.h"

#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"
#include "data/delta/commit/delta_test_rows.h"
#include "data/delta/commit/table_change.h"
#include "data/delta/metadata/text_limits.h"

namespace millpond::data {
namespace {

using ::testing::ElementsAre;
using testing::IsOkAnd;
using testing_rows::Append;
using testing_rows::Reader;
using testing_rows::ReadLatest;

const auto kRows =
    arrow::schema({arrow::field("id", arrow::int64()), arrow::field("c", arrow::utf8())});

// Spark stores a CHAR as it is given, with spaces or without.
TEST(OverwriteTest, APartitionOfCharIsFoundWithSpacesAndWithout) {
  testing::TempDir dir;
  testing::TestEnvironment machine;
  CreateOptions options;
  options.schema = Schema({{"id", TypeKind::kLong}, {"c", TypeKind::kString}});
  options.partition_columns = {"c"};
  auto table = DeltaTable::Create(machine.env, dir / "t", options);
  MP_ASSERT_OK(table);
  MP_ASSERT_OK(Append(*table, kRows,
                      R"([{"id": 1, "c": "a  "}, {"id": 2, "c": "a"}, {"id": 3, "c": "b "},
                          {"id": 4, "c": "b"}, {"id": 5, "c": "c "}])"));
  TableChange change{"CHANGE COLUMN", {}, nullptr};
  change.apply = [](const std::shared_ptr<const Snapshot>&, TableEdit& edit) -> Status {
    std::vector<StructField> fields = edit.shape.schema.fields();
    SetLimitsOnColumn({{{}, {.length = 3, .is_char = true}}}, fields[1]);
    edit.shape.schema = Schema(std::move(fields));
    return OkStatus();
  };
  MP_ASSERT_OK(ChangeTable(*table, change));

  const auto overwrite = [&](std::shared_ptr<OverwriteScope> scope, const std::string& rows) {
    const auto reader = Reader(kRows, rows);
    MP_ASSERT_OK(OverwritePartitions(*table, *reader, {*table->Latest(), std::move(scope)}));
  };
  overwrite(StaticPartition({{"c", "a"}}), R"([{"id": 6, "c": "a  "}])");
  EXPECT_THAT(ReadLatest(*table),
              IsOkAnd(ElementsAre("id=3 c=b ", "id=4 c=b", "id=5 c=c ", "id=6 c=a")));
  overwrite(WrittenPartitions(), R"([{"id": 7, "c": "b   "}])");
  EXPECT_THAT(ReadLatest(*table), IsOkAnd(ElementsAre("id=5 c=c ", "id=6 c=a", "id=7 c=b")));
}

}  // namespace
}  // namespace millpond::data
