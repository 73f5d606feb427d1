// A meta.db that an older Millpond wrote keeps everything when a newer one opens it.
#include <cmath>
#include <filesystem>

#include "platform/tracking/meta_connection_internal.h"
#include "platform/tracking/tracking_test_fixture.h"

namespace millpond::platform {
namespace {

using ::testing::Eq;
using ::testing::SizeIs;

TEST(TrackingSchemaTest, AFileOfTheFirstVersionIsTakenOver) {
  millpond::testing::TempDir dir;
  millpond::testing::TestEnvironment machine;
  SeededRandom random(1);
  const std::string root = dir / "artifacts";
  {
    MP_ASSERT_OK_AND_ASSIGN(auto db, SqliteDatabase::Open(dir / "meta.db"));
    MP_ASSERT_OK(db.Migrate("tracking", {TrackingMigrations()[0]}));
    MP_ASSERT_OK(db.ExecuteScript(fmt::format(
        "INSERT INTO tracking_experiments VALUES (0, 'Default', '{0}/0', 'active', 1, 1);"
        "INSERT INTO tracking_experiments VALUES (1, 'churn', '{0}/1', 'active', 1, 1);"
        "INSERT INTO tracking_runs (run_id, experiment_id, run_name, user_id, source_type, "
        "source_name, status, start_time, artifact_uri, lifecycle_stage) VALUES ('ab', 1, 'r', "
        "'ada', 'LOCAL', '', 'FINISHED', 5, '{0}/1/ab/artifacts', 'active');"
        "INSERT INTO tracking_params VALUES ('ab', 'eta', '0.1');"
        "INSERT INTO tracking_tags VALUES ('ab', 'team', 'blue');"
        "INSERT INTO tracking_latest_metrics VALUES ('ab', 'auc', 0.5, 1, 9), "
        "('ab', 'nan', NULL, 0, 9);"
        "INSERT INTO tracking_metrics (run_id, key, value, step, timestamp) VALUES "
        "('ab', 'auc', 0.4, 0, 8), ('ab', 'auc', 0.5, 1, 9), ('ab', 'nan', NULL, 0, 9);"
        "INSERT INTO tracking_inputs (run_id, name, digest, source_type, source, schema, profile, "
        "context) VALUES ('ab', 'orders', 'v1', 'delta', '', '', '', 'training');"
        "INSERT INTO registry_models VALUES ('churn', '', 1, 1);"
        "INSERT INTO registry_versions VALUES ('churn', 1, 'ab', '{0}/1/ab/artifacts/model', '', "
        "7);"
        "INSERT INTO registry_aliases VALUES ('churn', 'champion', 1);",
        root)));
  }
  MP_ASSERT_OK_AND_ASSIGN(auto store,
                          TrackingStore::Open({dir / "meta.db", root}, random, machine.clock));
  EXPECT_TRUE(std::filesystem::exists(dir / "meta.db.tracking-v1.bak"));
  MP_ASSERT_OK_AND_ASSIGN(auto run, store->GetRun("ab"));
  EXPECT_EQ(run.info.artifact_uri, root + "/1/ab/artifacts");
  EXPECT_EQ(*run.FindParam("eta"), "0.1");
  EXPECT_EQ(*run.FindTag("team"), "blue");
  EXPECT_EQ(run.FindMetric("auc")->value, 0.5);
  EXPECT_TRUE(std::isnan(run.FindMetric("nan")->value));
  EXPECT_THAT(run.inputs, SizeIs(1));
  EXPECT_THAT(*store->MetricHistory("ab", "auc"), SizeIs(2));
  ModelRegistry registry(*store, machine.clock);
  MP_ASSERT_OK_AND_ASSIGN(auto champion, registry.GetByAlias("churn", "champion"));
  EXPECT_EQ(champion.source, root + "/1/ab/artifacts/model");
  EXPECT_EQ(champion.last_update_time_ms, 7);
  // From then on a project can be moved: the same rows below another root.
  store.reset();
  MP_ASSERT_OK_AND_ASSIGN(
      store, TrackingStore::Open({dir / "meta.db", "/elsewhere"}, random, machine.clock));
  EXPECT_THAT(store->GetRun("ab")->info.artifact_uri, Eq("/elsewhere/1/ab/artifacts"));
}

}  // namespace
}  // namespace millpond::platform
