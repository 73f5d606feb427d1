#include "data/delta/commit/row_rules.h"

#include <thread>

#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"
#include "data/delta/commit/delta_test_rows.h"
#include "data/delta/commit/table_rules.h"
#include "data/delta/commit/transaction.h"

namespace millpond::data {
namespace {

using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOkAnd;
using testing_rows::Append;
using testing_rows::Reader;
using testing_rows::ReadLatest;

// Rows that, while they are read, let something else happen.
class InterruptedReader : public arrow::RecordBatchReader {
 public:
  InterruptedReader(std::shared_ptr<arrow::RecordBatchReader> rows, std::function<void()> meanwhile)
      : rows_(std::move(rows)), meanwhile_(std::move(meanwhile)) {}
  std::shared_ptr<arrow::Schema> schema() const override { return rows_->schema(); }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    if (meanwhile_ != nullptr) std::exchange(meanwhile_, nullptr)();
    return rows_->ReadNext(batch);
  }

 private:
  std::shared_ptr<arrow::RecordBatchReader> rows_;
  std::function<void()> meanwhile_;
};

class RowRulesTest : public ::testing::Test {
 protected:
  // (id BIGINT GENERATED … AS IDENTITY, name STRING)
  DeltaTable MakeIdentityTable(IdentityRule rule = {}, std::vector<std::string> partitions = {}) {
    CreateOptions options;
    StructField id{"id", DataType(TypeKind::kLong)};
    SetIdentityRule(id, rule);
    options.schema = Schema({id, {"name", DataType(TypeKind::kString)}});
    options.partition_columns = std::move(partitions);
    auto table = DeltaTable::Create(machine_.env, path_, options);
    EXPECT_TRUE(table.has_value()) << table.error().ToString();
    return *table;
  }

  DeltaTable OpenAgain() { return *DeltaTable::Open(machine_.env, path_); }

  static std::optional<int64_t> MarkOf(DeltaTable& table) {
    const auto rule = IdentityRuleOf(table.Latest().value()->schema().fields()[0]);
    return rule.value()->high_water_mark;
  }

  testing::TempDir dir_;
  testing::TestEnvironment machine_;
  std::string path_ = dir_ / "t";
  const std::shared_ptr<arrow::Schema> name_ = arrow::schema({arrow::field("name", arrow::utf8())});
};

TEST_F(RowRulesTest, IdentityValuesAreGivenInTheCommitThatMovesTheMark) {
  DeltaTable table = MakeIdentityTable({.start = 5, .step = 3});
  EXPECT_EQ(MarkOf(table), std::nullopt);
  MP_ASSERT_OK(Append(table, name_, R"([{"name": "a"}, {"name": "b"}])"));
  EXPECT_EQ(MarkOf(table), 8);
  MP_ASSERT_OK(Append(table, name_, R"([{"name": "c"}])"));
  EXPECT_THAT(ReadLatest(table),
              IsOkAnd(ElementsAre("id=11 name=c", "id=5 name=a", "id=8 name=b")));
  EXPECT_EQ(MarkOf(table), 11);
}

TEST_F(RowRulesTest, TheLoserOfARaceMovesItsIdentityValuesBehindTheWinners) {
  for (const auto& partitions : {std::vector<std::string>{}, std::vector<std::string>{"name"}}) {
    path_ = dir_ / ("raced" + std::to_string(partitions.size()));
    DeltaTable table = MakeIdentityTable({}, partitions);
    DeltaTable other = OpenAgain();
    InterruptedReader rows(Reader(name_, R"([{"name": "late"}, {"name": "later"}])"), [&] {
      MP_ASSERT_OK(Append(other, name_, R"([{"name": "first"}, {"name": "second"}])"));
    });
    MP_ASSERT_OK_AND_ASSIGN(const auto commit, WriteTable(table, rows));
    EXPECT_EQ(commit.version, 2);
    EXPECT_EQ(commit.rows, 2);
    EXPECT_THAT(ReadLatest(table), IsOkAnd(ElementsAre("id=1 name=first", "id=2 name=second",
                                                       "id=3 name=late", "id=4 name=later")));
    EXPECT_EQ(MarkOf(table), 4);
  }
}

TEST_F(RowRulesTest, RacingWritersNeverGiveOneValueTwice) {
  DeltaTable table = MakeIdentityTable();
  constexpr int kWriters = 3, kWrites = 4;
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&] {
      DeltaTable mine = OpenAgain();
      for (int i = 0; i < kWrites; ++i) {
        MP_EXPECT_OK(Append(mine, name_, R"([{"name": "x"}, {"name": "y"}])"));
      }
    });
  }
  for (auto& writer : writers) writer.join();
  std::set<std::string> lines;
  MP_ASSERT_OK_AND_ASSIGN(const auto read, ReadLatest(table));
  for (const std::string& line : read) lines.insert(line.substr(0, line.find(' ')));
  EXPECT_EQ(lines.size(), size_t{kWriters} * kWrites * 2);
  EXPECT_EQ(MarkOf(table), kWriters * kWrites * 2);
}

TEST_F(RowRulesTest, WhoGivesNoIdentityValuesDoesNotMindOthersThatDo) {
  DeltaTable table = MakeIdentityTable({.allow_explicit_insert = true});
  DeltaTable other = OpenAgain();
  const auto both = arrow::schema({arrow::field("id", arrow::int64()), name_->field(0)});
  InterruptedReader rows(Reader(both, R"([{"id": 100, "name": "mine"}])"),
                         [&] { MP_ASSERT_OK(Append(other, name_, R"([{"name": "theirs"}])")); });
  MP_ASSERT_OK(WriteTable(table, rows));
  EXPECT_THAT(ReadLatest(table), IsOkAnd(ElementsAre("id=1 name=theirs", "id=100 name=mine")));
  EXPECT_EQ(MarkOf(table), 1);
}

TEST_F(RowRulesTest, AMarkBetweenTwoValuesIsPassed) {
  DeltaTable table = MakeIdentityTable({.start = 1, .step = 10, .high_water_mark = 15});
  MP_ASSERT_OK(Append(table, name_, R"([{"name": "a"}])"));
  EXPECT_THAT(ReadLatest(table), IsOkAnd(ElementsAre("id=21 name=a")));
}

TEST_F(RowRulesTest, ATableWithRulesInSqlIsNotWrittenWithoutAnEngine) {
  CreateOptions options;
  options.schema = Schema({{"name", DataType(TypeKind::kString)}});
  options.properties["delta.constraints.some"] = "length(name) > 0";
  MP_ASSERT_OK_AND_ASSIGN(auto table, DeltaTable::Create(machine_.env, path_, options));
  EXPECT_THAT(Append(table, name_, R"([{"name": "a"}])"),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("checkConstraints")));
}

TEST_F(RowRulesTest, AConstraintThatComesMeanwhileIsAConflict) {
  CreateOptions options;
  options.schema = Schema({{"name", DataType(TypeKind::kString)}});
  MP_ASSERT_OK_AND_ASSIGN(auto table, DeltaTable::Create(machine_.env, path_, options));
  DeltaTable other = OpenAgain();
  InterruptedReader rows(Reader(name_, R"([{"name": ""}])"), [&] {
    MP_ASSERT_OK_AND_ASSIGN(auto transaction, Transaction::Begin(other));
    Metadata metadata = transaction.snapshot().metadata();
    metadata.configuration["delta.constraints.some"] = "length(name) > 0";
    transaction.SetMetadata(std::move(metadata));
    transaction.SetOperation("ADD CONSTRAINT");
    MP_ASSERT_OK(transaction.Commit());
  });
  EXPECT_THAT(WriteTable(table, rows), FailsWith(ErrorKind::kConflict, HasSubstr("constraints")));
}

}  // namespace
}  // namespace millpond::data
