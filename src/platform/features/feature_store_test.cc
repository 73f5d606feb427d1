#include "platform/features/feature_store.h"

#include <arrow/type.h>

#include "platform/features/features_test_project.h"

namespace millpond::platform {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::SizeIs;

const auto kOrders =
    arrow::schema({arrow::field("customer", arrow::int64()),
                   arrow::field("ts", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")),
                   arrow::field("dollars", arrow::decimal128(10, 2)),
                   arrow::field("tags", arrow::list(arrow::utf8()))});
constexpr const char* kRow = R"([{"customer": 1, "ts": 1000000, "dollars": "1.50", "tags": []}])";

std::string View(const std::string& select, const std::string& create = "CREATE") {
  return create + " FEATURE VIEW v ENTITY (customer) TIMESTAMP ts AS SELECT " + select +
         " FROM orders WINDOW w AS (RANGE INTERVAL 7 DAYS PRECEDING)";
}

class FeatureStoreTest : public FeaturesTest {
 protected:
  void SetUp() override {
    FeaturesTest::SetUp();
    Append("orders", kOrders, kRow);
  }
};

TEST_F(FeatureStoreTest, KeepsDefinitionsWithAHashPerColumn) {
  MP_ASSERT_OK(Create(View("count(*) OVER w AS n, sum(dollars) OVER w AS spent")));
  Open();
  MP_ASSERT_OK_AND_ASSIGN(FeatureView view, store_->Find("V"));
  EXPECT_EQ(view.name, "v");
  EXPECT_EQ(view.version, 1);
  EXPECT_EQ(view.source, "main.default.orders");
  EXPECT_THAT(view.entity, ElementsAre("customer"));
  ASSERT_THAT(view.columns, SizeIs(2));
  EXPECT_EQ(view.columns[0].type, "BIGINT");
  EXPECT_EQ(view.columns[1].type, "DECIMAL(38,2)");
  EXPECT_THAT(view.columns[0].hash, SizeIs(64));
  EXPECT_NE(view.columns[0].hash, view.columns[1].hash);
}

TEST_F(FeatureStoreTest, ADefinitionChangesOnlyByReplace) {
  MP_ASSERT_OK(Create(View("count(*) OVER w AS n")));
  // Another spelling of the same is the same.
  MP_ASSERT_OK(Create(View("COUNT ( * ) over w as n")));
  EXPECT_THAT(Create(View("count(dollars) OVER w AS n")),
              FailsWith(ErrorKind::kAlreadyExists,
                        AllOf(HasSubstr("v.sql:1:21"), HasSubstr("CREATE OR REPLACE"))));
  MP_ASSERT_OK_AND_ASSIGN(FeatureView before, store_->Find("v"));
  EXPECT_EQ(before.version, 1);
  MP_ASSERT_OK(Create(View("count(dollars) OVER w AS n", "CREATE OR REPLACE")));
  MP_ASSERT_OK_AND_ASSIGN(FeatureView after, store_->Find("v"));
  EXPECT_EQ(after.version, 2);
  EXPECT_NE(after.columns[0].hash, before.columns[0].hash);
}

TEST_F(FeatureStoreTest, LoadsAFolder) {
  const std::string dir = dir_ / "features";
  EXPECT_THAT(*store_->Load(dir + "/none"),
              ::testing::Field(&FeatureStore::Loaded::created, IsEmpty()));
  MP_ASSERT_OK(machine_.env.fs.CreateDirectories(dir));
  MP_ASSERT_OK(machine_.env.fs.ReplaceFile(dir + "/a.sql", View("count(*) OVER w AS n") + ";"));
  MP_ASSERT_OK_AND_ASSIGN(auto first, store_->Load(dir));
  EXPECT_THAT(first.created, ElementsAre("v"));
  MP_ASSERT_OK_AND_ASSIGN(auto again, store_->Load(dir));
  EXPECT_THAT(again.unchanged, ElementsAre("v"));
  MP_ASSERT_OK(machine_.env.fs.ReplaceFile(dir + "/a.sql", View("sum(dollars) OVER w AS n")));
  MP_ASSERT_OK_AND_ASSIGN(auto changed, store_->Load(dir));
  EXPECT_THAT(changed.replaced, ElementsAre("v"));
  MP_ASSERT_OK(machine_.env.fs.ReplaceFile(dir + "/b.sql", "\n" + View("count(*) OVER w AS m")));
  EXPECT_THAT(store_->Load(dir),
              FailsWith(ErrorKind::kInvalidArgument,
                        AllOf(HasSubstr("features/b.sql:2:21: "), HasSubstr("defined twice"))));
}

TEST_F(FeatureStoreTest, ErrorsNameThePlace) {
  const auto fails = [&](const std::string& select, const std::string& message) {
    EXPECT_THAT(Create(View(select)).error().ToString(),
                AllOf(HasSubstr("v.sql:1:"), HasSubstr(message)))
        << select;
  };
  fails("sum(euros) OVER w AS n", "euros");
  fails("sum(ln(dollars)) OVER w AS n", "ln");
  fails("stddev(dollars) OVER w AS n", "stddev");
  fails("count(tags) OVER w AS n", "array<string>");
  fails("dollars AS n", "dollars");
  fails("count(*) OVER w + nobody AS n", "nobody");
  fails("sum(ts) OVER w AS n", "sum");
  EXPECT_THAT(Create("CREATE FEATURE VIEW v ENTITY (customer) TIMESTAMP ts AS SELECT count(*) OVER "
                     "w AS n FROM nowhere WINDOW w AS (RANGE INTERVAL 7 DAYS PRECEDING)"),
              FailsWith(ErrorKind::kNotFound, HasSubstr("nowhere")));
  EXPECT_THAT(store_->Find("w"), FailsWith(ErrorKind::kNotFound, HasSubstr("no feature view w")));
}

// A source column wins over an alias of the same name, as in DuckDB.
TEST_F(FeatureStoreTest, ASourceColumnHidesAnAlias) {
  EXPECT_THAT(Create(View("sum(dollars) OVER w AS dollars, dollars / 2 AS half")),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("dollars")));
}

TEST_F(FeatureStoreTest, TheLiveVersionIsWrittenOnce) {
  MP_ASSERT_OK(Create(View("count(*) OVER w AS n")));
  MP_ASSERT_OK_AND_ASSIGN(auto none, store_->Live("v"));
  EXPECT_FALSE(none.has_value());
  MP_ASSERT_OK_AND_ASSIGN(auto first, store_->Deploy("v"));
  EXPECT_FALSE(first.already);
  EXPECT_THAT(first.upgraded, Not(IsEmpty()));
  machine_.clock.Advance(kMicrosPerDay);
  Append("orders", kOrders, kRow);
  MP_ASSERT_OK_AND_ASSIGN(auto second, store_->Deploy("v"));
  EXPECT_TRUE(second.already);
  EXPECT_THAT(second.upgraded, IsEmpty());
  EXPECT_EQ(second.live.version, first.live.version);
  EXPECT_EQ(second.live.deployed_at, first.live.deployed_at);
}

}  // namespace
}  // namespace millpond::platform
