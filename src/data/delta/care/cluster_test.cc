// Curves, the sorter, cubes, and what clustering promises: few files for a selective query.
#include <arrow/api.h>

#include <algorithm>
#include <bit>
#include <filesystem>
#include <set>

#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"
#include "data/delta/care/cluster_plan.h"
#include "data/delta/care/optimize.h"
#include "data/delta/commit/delta_test_rows.h"
#include "data/delta/rows/curve.h"
#include "data/delta/rows/row_sorter.h"

namespace millpond::data {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;
using namespace testing_rows;  // NOLINT: short names in tests

TEST(CurveTest, EveryPointOnceAndNeighboursOnTheHilbertCurveAreNeighbours) {
  for (const size_t dimensions : {1, 2, 3}) {
    const int bits = 3;
    const uint64_t points = uint64_t{1} << (bits * dimensions);
    for (const Curve curve : {Curve::kHilbert, Curve::kZOrder}) {
      std::vector<std::vector<uint32_t>> at(points);
      for (uint64_t i = 0; i < points; ++i) {
        std::vector<uint32_t> point(dimensions);
        for (size_t d = 0; d < dimensions; ++d) point[d] = i >> (bits * d) & ((1 << bits) - 1);
        const uint64_t index = CurveIndex(curve, point, bits);
        ASSERT_LT(index, points);
        EXPECT_TRUE(at[index].empty());
        at[index] = point;
      }
      if (curve != Curve::kHilbert) continue;
      for (uint64_t i = 1; i < points; ++i) {
        int64_t steps = 0;
        for (size_t d = 0; d < dimensions; ++d) {
          steps += std::abs(int64_t{at[i][d]} - int64_t{at[i - 1][d]});
        }
        EXPECT_EQ(steps, 1) << dimensions << " dimensions, step " << i;
      }
    }
  }
  EXPECT_EQ(CurveBits(2), 16);
  EXPECT_EQ(CurveBits(5), 12);
}

class SorterTest : public ::testing::Test {
 protected:
  // Sorts `rows` numbers and checks the order; gives the bytes that were spilled.
  int64_t Sorts(int64_t rows, SortOptions options) {
    RowSorter sorter(machine_.env, std::move(options));
    const auto schema =
        arrow::schema({arrow::field("k", arrow::uint64()), arrow::field("s", arrow::utf8())});
    constexpr int64_t kStep = 1000;
    for (int64_t first = 0; first < rows; first += kStep) {
      arrow::UInt64Builder keys;
      arrow::StringBuilder texts;
      std::vector<uint64_t> values;
      for (int64_t i = first; i < first + kStep; ++i) {
        values.push_back(static_cast<uint64_t>(i) * 2654435761u % 100'003);
        EXPECT_TRUE(keys.Append(values.back()).ok());
        EXPECT_TRUE(texts.Append("row " + std::to_string(i)).ok());
      }
      auto batch = arrow::RecordBatch::Make(schema, kStep, {*keys.Finish(), *texts.Finish()});
      EXPECT_THAT(sorter.Add(batch, std::move(values)), IsOk());
    }
    uint64_t last = 0;
    std::set<std::string> seen;
    EXPECT_THAT(sorter.Finish([&](const arrow::RecordBatch& batch) -> Status {
      const auto& keys = static_cast<const arrow::UInt64Array&>(*batch.column(0));
      const auto& texts = static_cast<const arrow::StringArray&>(*batch.column(1));
      for (int64_t i = 0; i < batch.num_rows(); ++i) {
        EXPECT_LE(last, keys.Value(i));
        last = keys.Value(i);
        seen.insert(texts.GetString(i));
      }
      return OkStatus();
    }),
                IsOk());
    EXPECT_EQ(static_cast<int64_t>(seen.size()), rows);
    return sorter.spilled_bytes();
  }

  testing::TempDir dir_;
  testing::TestEnvironment machine_;
};

TEST_F(SorterTest, InMemoryAndBySpilling) {
  EXPECT_EQ(Sorts(20'000, {}), 0);
  SortOptions tight;
  tight.memory_bytes = 200 << 10;
  tight.expected_bytes = 1 << 20;
  tight.spill_folder = dir_ / "spill";
  for (uint64_t key = 0; key < 100'003; key += 500) tight.key_sample.push_back(key);
  EXPECT_GT(Sorts(20'000, tight), 400'000);
  EXPECT_FALSE(std::filesystem::exists(dir_ / "spill"));
  EXPECT_EQ(machine_.arbiter.reserved_bytes(), 0);
}

TEST_F(SorterTest, WithNowhereToSpillItSaysSo) {
  RowSorter sorter(machine_.env, {.memory_bytes = 1000});
  const auto batch = Batch(arrow::schema({arrow::field("v", arrow::int64())}), R"([{"v":1}])");
  Status added = OkStatus();
  for (int i = 0; i < 100 && added; ++i) added = sorter.Add(batch, {1});
  EXPECT_THAT(added, FailsWith(ErrorKind::kResourceExhausted, HasSubstr("do not fit")));
}

const auto kPoint =
    arrow::schema({arrow::field("a", arrow::int64()), arrow::field("b", arrow::float64()),
                   arrow::field("s", arrow::utf8())});

class ClusterTest : public ::testing::Test {
 protected:
  DeltaTable Make(const std::string& name, StringMap properties,
                  std::vector<std::string> clustering) {
    CreateOptions options;
    options.schema = *Schema::FromArrow(*kPoint);
    options.properties = std::move(properties);
    options.clustering_columns = std::move(clustering);
    auto table = DeltaTable::Create(machine_.env, dir_ / name, options);
    EXPECT_THAT(table, IsOk());
    return *table;
  }

  // Scattered points, `rows` of them.
  void Fill(DeltaTable& table, int64_t rows) {
    arrow::Int64Builder a;
    arrow::DoubleBuilder b;
    arrow::StringBuilder s;
    for (int64_t i = 0; i < rows; ++i) {
      state_ = state_ * 6364136223846793005u + 1442695040888963407u;
      EXPECT_TRUE(a.Append(static_cast<int64_t>(state_ >> 44)).ok());
      // Far from even.
      const double u = static_cast<double>((state_ >> 12) & 0xfffff) / 0x100000;
      EXPECT_TRUE(b.Append(u * u * u * 1000).ok());
      EXPECT_TRUE(s.Append(std::to_string(i % 10)).ok());
    }
    auto batch = arrow::RecordBatch::Make(kPoint, rows, {*a.Finish(), *b.Finish(), *s.Finish()});
    auto reader = *arrow::RecordBatchReader::Make({batch}, kPoint);
    ASSERT_THAT(WriteTable(table, *reader), IsOk());
  }

  // The share of files that a range with `selectivity` of the rows touches, on average.
  double Share(const Snapshot& snapshot, const std::string& column, std::vector<double> values,
               double selectivity) {
    std::ranges::sort(values);
    const FileList& files = snapshot.files();
    double touched = 0;
    constexpr int kQueries = 50;
    for (int query = 0; query < kQueries; ++query) {
      const double start = (1 - selectivity) * query / kQueries;
      const double low = values[static_cast<size_t>(start * static_cast<double>(values.size()))];
      const double high =
          values[static_cast<size_t>((start + selectivity) * static_cast<double>(values.size()))];
      for (size_t i = 0; i < files.size(); ++i) {
        const FileBounds bounds = files.bounds(i, {column});
        const auto number = [](const ColumnValue& value) {
          return std::holds_alternative<double>(value)
                     ? std::get<double>(value)
                     : static_cast<double>(std::get<int64_t>(value));
        };
        if (number(bounds.min) <= high && number(bounds.max) >= low) ++touched;
      }
    }
    return touched / kQueries / static_cast<double>(files.size());
  }

  std::vector<double> Values(DeltaTable& table, int column) {
    std::vector<double> values;
    auto rows = *ScanTable(machine_.env, *table.Latest());
    std::shared_ptr<arrow::RecordBatch> batch;
    while (rows->ReadNext(&batch).ok() && batch != nullptr) {
      for (int64_t i = 0; i < batch->num_rows(); ++i) {
        values.push_back(
            column == 0 ? static_cast<double>(
                              static_cast<const arrow::Int64Array&>(*batch->column(0)).Value(i))
                        : static_cast<const arrow::DoubleArray&>(*batch->column(1)).Value(i));
      }
    }
    return values;
  }

  testing::TempDir dir_;
  testing::TestEnvironment machine_;
  uint64_t state_ = 1;
};

TEST_F(ClusterTest, ASelectiveQueryOnEitherColumnReadsFewFiles) {
  auto table = Make("t", {{"delta.targetFileSize", "1kb"}}, {"a", "b"});
  Fill(table, 250'000);
  ASSERT_THAT(OptimizeTable(table), IsOk());
  MP_ASSERT_OK_AND_ASSIGN(const auto snapshot, table.Latest());
  const auto files = static_cast<double>(snapshot->files().size());
  ASSERT_GE(files, 2500);
  for (const auto& [column, name] : {std::pair{0, "a"}, std::pair{1, "b"}}) {
    const auto values = Values(table, column);
    ASSERT_EQ(values.size(), 250'000);
    for (const double selectivity : {0.001, 0.01, 0.05}) {
      const double share = Share(*snapshot, name, values, selectivity);
      EXPECT_LE(share, 1.3 * (selectivity + 1 / std::sqrt(files))) << name << " " << selectivity;
    }
  }
  // As delta-spark tags them.
  const AddFile add = snapshot->files().add(0);
  EXPECT_EQ(add.clustering_provider, "liquid");
  EXPECT_EQ(add.tags.at("ZCUBE_ZORDER_BY"), R"(["a","b"])");
  EXPECT_EQ(add.tags.at("ZCUBE_ZORDER_CURVE"), "hilbert");
  EXPECT_TRUE(snapshot->protocol().writer_features.contains("clustering"));
  EXPECT_TRUE(snapshot->protocol().writer_features.contains("domainMetadata"));
  EXPECT_EQ(snapshot->domains().at(kClusteringDomain).configuration,
            R"({"clusteringColumns":[["a"],["b"]],"domainName":"delta.clustering"})");
  MP_ASSERT_OK_AND_ASSIGN(const auto again, OptimizeTable(table));
  EXPECT_EQ(again.commits, 0);
}

TEST_F(ClusterTest, OnlyWhatIsNewAndSmallCubesAreOrderedAgain) {
  auto table = Make("t", {{"delta.enableRowTracking", "true"}}, {"a"});
  Fill(table, 20'000);
  ASSERT_THAT(OptimizeTable(table), IsOk());
  Fill(table, 1000);
  MP_ASSERT_OK_AND_ASSIGN(const auto second, OptimizeTable(table));
  EXPECT_EQ(second.files_removed, 1);  // the large cube stays
  EXPECT_EQ(second.files_after, 2);
  Fill(table, 1000);
  MP_ASSERT_OK_AND_ASSIGN(const auto third, OptimizeTable(table));
  EXPECT_EQ(third.files_removed, 2);  // the small cube is taken up
  EXPECT_EQ(third.files_after, 2);
  EXPECT_EQ(Values(table, 0).size(), 22'000u);
}

TEST_F(ClusterTest, ZOrderIsByColumnsThatAreThere) {
  auto table = Make("t", {{"delta.targetFileSize", "4kb"}}, {});
  Fill(table, 5000);
  OptimizeOptions options;
  options.zorder_by = {"B", "s"};
  MP_ASSERT_OK_AND_ASSIGN(const auto first, OptimizeTable(table, options));
  EXPECT_GT(first.files_added, 4);
  MP_ASSERT_OK_AND_ASSIGN(const auto again, OptimizeTable(table, options));
  EXPECT_EQ(again.commits, 0);
  EXPECT_EQ((*table.Latest())->files().add(0).clustering_provider, std::nullopt);
  options.zorder_by = {"nope"};
  EXPECT_THAT(OptimizeTable(table, options),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("column 'nope'")));
  auto clustered = Make("c", {}, {"a"});
  options.zorder_by = {"a"};
  EXPECT_THAT(OptimizeTable(clustered, options),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("is clustered")));
}

TEST_F(ClusterTest, PartitionsOfOneBatchAreOneCommit) {
  CreateOptions create;
  create.schema = *Schema::FromArrow(*kPoint);
  create.partition_columns = {"s"};
  auto table = *DeltaTable::Create(machine_.env, dir_ / "t", create);
  OptimizeOptions options;
  options.zorder_by = {"a"};
  for (int i = 0; i < 2; ++i) Fill(table, 1000);  // into ten partitions
  MP_ASSERT_OK_AND_ASSIGN(const auto at_once, OptimizeTable(table, options));
  EXPECT_EQ(at_once.commits, 1);
  EXPECT_EQ(at_once.files_removed, 20);
  EXPECT_EQ(at_once.files_after, 10);
  EXPECT_EQ(at_once.version, 3);
  EXPECT_EQ(Values(table, 0).size(), 2000u);
  EXPECT_EQ(OptimizeTable(table, options)->commits, 0);
  // What is done when the time is up is committed.
  Fill(table, 1000);
  options.may_go_on = [](int64_t read) { return read == 0; };
  MP_ASSERT_OK_AND_ASSIGN(const auto stopped, OptimizeTable(table, options));
  EXPECT_TRUE(stopped.stopped);
  EXPECT_EQ(stopped.commits, 1);
  options.may_go_on = nullptr;
  options.batch_bytes = 1;
  EXPECT_EQ(OptimizeTable(table, options)->commits, 9);
  EXPECT_EQ(Values(table, 0).size(), 3000u);
  // Partitions of about the same size, two to a batch.
  auto pairs = *DeltaTable::Create(machine_.env, dir_ / "pairs", create);
  Fill(pairs, 10'000);
  options.batch_bytes = (*pairs.Latest())->files().total_bytes() / 5 * 11 / 10;
  EXPECT_EQ(OptimizeTable(pairs, options)->commits, 5);
}

// One partition cannot be read: the others' new files go with the batch, and nothing is committed.
TEST_F(ClusterTest, ABatchThatFailsLeavesNothing) {
  CreateOptions create;
  create.schema = *Schema::FromArrow(*kPoint);
  create.partition_columns = {"s"};
  auto table = *DeltaTable::Create(machine_.env, dir_ / "t", create);
  Fill(table, 100);
  std::filesystem::remove((*table.Latest())->files().path(9));
  OptimizeOptions options;
  options.zorder_by = {"a"};
  EXPECT_THAT(OptimizeTable(table, options), FailsWith(ErrorKind::kNotFound, HasSubstr("is gone")));
  EXPECT_EQ((*table.Latest())->version(), 1);
  size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir_ / "t")) {
    if (entry.path().extension() == ".parquet") ++files;
  }
  EXPECT_EQ(files, 9u);
}

}  // namespace
}  // namespace millpond::data
