#include "model/monitoring/monitoring_tables.h"

#include "base/testing/result_matchers.h"
#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"

namespace millpond::model {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOkAnd;

class MonitoringTablesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const data::Workspace workspace{.env = machine_.env,
                                    .name = "test",
                                    .project_dir = dir_.path(),
                                    .state_dir = dir_ / "state",
                                    .warehouse_dir = dir_ / "state/warehouse",
                                    .readable_roots = {dir_.path()}};
    MP_ASSERT_OK(machine_.local->CreateDirectories(workspace.state_dir));
    MP_ASSERT_OK_AND_ASSIGN(catalog_, data::Catalog::Open(workspace));
  }

  int64_t VersionOf(std::string_view table) {
    auto opened = catalog_->OpenTable(*data::ParseTableName(table));
    return opened ? (*opened->Latest())->version() : -1;
  }

  static QualityRow Row(Micros begin, double value) {
    QualityRow row;
    row.monitor = "m";
    row.population = "batch";
    row.period_start.at = begin;
    row.average_precision = value;
    row.replayed = true;
    return row;
  }

  testing::TempDir dir_;
  testing::TestEnvironment machine_;
  std::unique_ptr<data::Catalog> catalog_;
};

TEST_F(MonitoringTablesTest, NothingIsThereBeforeTheFirstRow) {
  MP_ASSERT_OK_AND_ASSIGN(auto rows, ReadMonitoringRows<QualityRow>(*catalog_));
  EXPECT_TRUE(rows.empty());
  EXPECT_THAT(UpsertMonitoringRows<QualityRow>(*catalog_, {}), IsOkAnd(false));
  EXPECT_EQ(VersionOf(kQualityTable), -1);
}

TEST_F(MonitoringTablesTest, OneRowAKeyAndNoCommitWithoutNews) {
  EXPECT_THAT(UpsertMonitoringRows<QualityRow>(*catalog_, {Row(2, 0.5), Row(1, kNoNumber)}),
              IsOkAnd(true));
  const int64_t version = VersionOf(kQualityTable);
  EXPECT_THAT(UpsertMonitoringRows<QualityRow>(*catalog_, {Row(1, kNoNumber), Row(2, 0.5)}),
              IsOkAnd(false));
  EXPECT_EQ(VersionOf(kQualityTable), version);
  EXPECT_THAT(UpsertMonitoringRows<QualityRow>(*catalog_, {Row(1, 0.7), Row(3, 0.1)}),
              IsOkAnd(true));
  EXPECT_EQ(VersionOf(kQualityTable), version + 1);
  MP_ASSERT_OK_AND_ASSIGN(auto rows, ReadMonitoringRows<QualityRow>(*catalog_));
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].average_precision, 0.7);
  EXPECT_EQ(rows[1].average_precision, 0.5);
  EXPECT_EQ(rows[2].period_start.at, 3);
  EXPECT_TRUE(rows[2].replayed);
  EXPECT_TRUE(rows[2].label_known_at.is_none());
  EXPECT_TRUE(std::isnan(rows[2].log_loss));
}

TEST_F(MonitoringTablesTest, AForeignTableOfTheNameIsLeftAlone) {
  data::CreateOptions create;
  create.schema = data::Schema({{"x", data::DataType(data::TypeKind::kLong)}});
  MP_ASSERT_OK(catalog_->CreateTable(*data::ParseTableName(kQualityTable), create, false));
  EXPECT_THAT(UpsertMonitoringRows<QualityRow>(*catalog_, {Row(1, 1)}),
              FailsWith(ErrorKind::kAlreadyExists, HasSubstr("main.monitoring.quality")));
}

}  // namespace
}  // namespace millpond::model
