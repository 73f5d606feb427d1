// Changes of a table beside writers of its rows: who goes on top of whom.
#include "data/delta/commit/table_change.h"

#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"
#include "data/delta/change/drop_feature.h"
#include "data/delta/commit/delta_test_rows.h"
#include "data/delta/metadata/column_mapping.h"
#include "data/delta/metadata/schema_edit.h"
#include "data/delta/metadata/table_features.h"
#include "data/delta/metadata/type_widening.h"

namespace millpond::data {
namespace {

using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOkAnd;
using namespace testing_rows;  // NOLINT: short names in tests

const auto kV = arrow::schema({arrow::field("v", arrow::int64())});

TableChange Set(StringMap properties) {
  TableChange change{"SET TBLPROPERTIES", {}, nullptr};
  change.apply = [properties = std::move(properties)](const std::shared_ptr<const Snapshot>&,
                                                      TableEdit& edit) {
    return SetProperties(properties, edit.shape);
  };
  return change;
}

TableChange AddNote() {
  TableChange change{"ADD COLUMNS", {}, nullptr};
  change.apply = [](const std::shared_ptr<const Snapshot>&, TableEdit& edit) -> Status {
    MP_ASSIGN_OR_RETURN(edit.shape.schema,
                        AddColumn(edit.shape.schema, {}, {"note", TypeKind::kString}, {}));
    return OkStatus();
  };
  return change;
}

class TableChangeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    CreateOptions options;
    options.schema = Schema({{"v", TypeKind::kLong}});
    auto table = DeltaTable::Create(machine_.env, dir_ / "t", options);
    MP_ASSERT_OK(table);
    table_ = *table;
    MP_ASSERT_OK(Append(*table_, kV, R"([{"v":1}])"));
  }

  // Rows that were made on the table as it is now, committed after `change`.
  Result<CommitResult> AppendAcross(const TableChange& change) {
    WriteOptions options;
    MP_ASSIGN_OR_RETURN(options.base, table_->Latest());
    MP_RETURN_IF_ERROR(ChangeTable(*table_, change));
    return Append(*table_, kV, R"([{"v":2}])", options);
  }

  testing::TempDir dir_;
  testing::TestEnvironment machine_;
  std::optional<DeltaTable> table_;
};

TEST_F(TableChangeTest, AppendsGoOnTopOfWhatChangesNoRow) {
  MP_ASSERT_OK(AppendAcross(Set({{"owner", "me"}})));
  // Turning column mapping on keeps the names that the rows' files have.
  MP_ASSERT_OK(AppendAcross(Set({{"delta.columnMapping.mode", "name"}})));
  EXPECT_THAT(ReadLatest(*table_), IsOkAnd(ElementsAre("v=1", "v=2", "v=2")));
}

TEST_F(TableChangeTest, AppendsDoNotGoOnTopOfAnotherSchema) {
  EXPECT_THAT(AppendAcross(AddNote()), FailsWith(ErrorKind::kConflict, HasSubstr("schema")));
  EXPECT_THAT(ReadLatest(*table_), IsOkAnd(ElementsAre("v=1 note=null")));
}

TEST_F(TableChangeTest, AreAskedAgainAfterALostRace) {
  int asked = 0;
  TableChange change = AddNote();
  const auto apply = change.apply;
  change.apply = [&](const std::shared_ptr<const Snapshot>& snapshot, TableEdit& edit) -> Status {
    if (++asked == 1) {
      DeltaTable other = *DeltaTable::Open(machine_.env, dir_ / "t");
      MP_RETURN_IF_ERROR(ChangeTable(other, Set({{"owner", "other"}})));
    }
    return apply(snapshot, edit);
  };
  MP_ASSERT_OK(ChangeTable(*table_, change));
  EXPECT_EQ(asked, 2);
  MP_ASSERT_OK_AND_ASSIGN(const auto snapshot, table_->Latest());
  EXPECT_EQ(snapshot->property("owner"), "other");
  EXPECT_NE(snapshot->schema().Find("note"), nullptr);
}

TEST_F(TableChangeTest, WhatLookedAtRowsMeetsNewOnes) {
  int asked = 0;
  TableChange change = Set({{"checked", "true"}});
  const auto apply = change.apply;
  change.apply = [&](const std::shared_ptr<const Snapshot>& snapshot, TableEdit& edit) -> Status {
    edit.looked_at_rows = true;
    if (++asked == 1) {
      DeltaTable other = *DeltaTable::Open(machine_.env, dir_ / "t");
      MP_RETURN_IF_ERROR(Append(other, kV, R"([{"v":3}])"));
    }
    return apply(snapshot, edit);
  };
  MP_ASSERT_OK(ChangeTable(*table_, change));
  EXPECT_EQ(asked, 2);
}

TEST_F(TableChangeTest, RowTrackingGivesIdsToTheFilesThatAreThere) {
  MP_ASSERT_OK(ChangeTable(*table_, Set({{"delta.enableRowTracking", "true"}})));
  MP_ASSERT_OK(Append(*table_, kV, R"([{"v":2}])"));
  MP_ASSERT_OK_AND_ASSIGN(auto snapshot, table_->Latest());
  EXPECT_EQ(snapshot->files().add(0).base_row_id, 0);
  EXPECT_EQ(snapshot->files().add(1).base_row_id, 1);

  MP_ASSERT_OK(DropFeature(*table_, "rowTracking"));
  MP_ASSERT_OK_AND_ASSIGN(snapshot, table_->Latest());
  EXPECT_FALSE(snapshot->files().add(0).base_row_id);
  EXPECT_FALSE(snapshot->domains().contains("delta.rowTracking"));
  EXPECT_FALSE(HasFeature(snapshot->protocol(), "rowTracking"));
  EXPECT_THAT(ReadLatest(*table_), IsOkAnd(ElementsAre("v=1", "v=2")));
}

TEST_F(TableChangeTest, EvolutionAddsColumnsWithIdsOfTheirOwn) {
  MP_ASSERT_OK(ChangeTable(*table_, Set({{"delta.columnMapping.mode", "name"}})));
  const auto rows =
      arrow::schema({arrow::field("v", arrow::int64()),
                     arrow::field("s", arrow::struct_({arrow::field("x", arrow::int32())}))});
  WriteOptions options;
  options.merge_schema = true;
  MP_ASSERT_OK(Append(*table_, rows, R"([{"v":2,"s":{"x":5}}])", options));
  MP_ASSERT_OK_AND_ASSIGN(const auto snapshot, table_->Latest());
  EXPECT_EQ(ColumnId(*snapshot->schema().Find("s")), 2);
  EXPECT_EQ(ColumnId(snapshot->schema().Find("s")->type.fields()[0]), 3);
  EXPECT_EQ(snapshot->property("delta.columnMapping.maxColumnId"), "3");
}

TEST(TypeWideningTest, IsTheProtocolsList) {
  const auto decimal = DataType::Decimal;
  for (const auto& [from, to] :
       std::vector<std::pair<DataType, DataType>>{{TypeKind::kByte, TypeKind::kShort},
                                                  {TypeKind::kByte, TypeKind::kLong},
                                                  {TypeKind::kInteger, TypeKind::kLong},
                                                  {TypeKind::kFloat, TypeKind::kDouble},
                                                  {TypeKind::kInteger, TypeKind::kDouble},
                                                  {TypeKind::kDate, TypeKind::kTimestampNtz},
                                                  {decimal(5, 2), decimal(7, 4)},
                                                  {decimal(5, 2), decimal(6, 2)},
                                                  {TypeKind::kByte, decimal(10, 0)},
                                                  {TypeKind::kInteger, decimal(12, 2)},
                                                  {TypeKind::kLong, decimal(20, 0)}}) {
    EXPECT_TRUE(MayWiden(from, to)) << from.ToString() << " " << to.ToString();
    EXPECT_FALSE(MayWiden(to, from)) << to.ToString() << " " << from.ToString();
  }
  for (const auto& [from, to] :
       std::vector<std::pair<DataType, DataType>>{{TypeKind::kLong, TypeKind::kDouble},
                                                  {TypeKind::kByte, TypeKind::kFloat},
                                                  {TypeKind::kDate, TypeKind::kTimestamp},
                                                  {TypeKind::kTimestampNtz, TypeKind::kTimestamp},
                                                  {TypeKind::kInteger, TypeKind::kString},
                                                  {TypeKind::kByte, decimal(5, 0)},
                                                  {TypeKind::kLong, decimal(19, 0)},
                                                  {decimal(5, 2), decimal(6, 4)},
                                                  {decimal(5, 2), decimal(6, 1)},
                                                  {decimal(5, 2), decimal(5, 2)}}) {
    EXPECT_FALSE(MayWiden(from, to)) << from.ToString() << " " << to.ToString();
  }
}

TEST(TypeWideningTest, ChangesAreWrittenDownAtTheNearestColumn) {
  const Schema schema(
      {{"a", DataType::Array(DataType::Map(TypeKind::kString, TypeKind::kInteger, true), true)}});
  MP_ASSERT_OK_AND_ASSIGN(const Schema widened,
                          WidenColumn(schema, {"a", "element", "value"}, TypeKind::kLong));
  EXPECT_EQ(widened.fields()[0].type.ToString(), "array<map<string,long>>");
  EXPECT_THAT(widened.fields()[0].metadata.at("delta.typeChanges"),
              HasSubstr(R"("fieldPath":"element.value")"));
  MP_EXPECT_OK(CheckTypeChanges(widened));
  StructField odd{"x", TypeKind::kString};
  odd.metadata["delta.typeChanges"] = R"([{"fromType":"long","toType":"string"}])";
  EXPECT_THAT(CheckTypeChanges(Schema({odd})),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("column 'x'")));
}

}  // namespace
}  // namespace millpond::data
