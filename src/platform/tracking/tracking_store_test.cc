#include "platform/tracking/tracking_store.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <limits>

#include "base/fs/faulty_filesystem.h"
#include "base/testing/result_matchers.h"
#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"
#include "platform/tracking/artifact_store.h"

namespace millpond::platform {
namespace {

using millpond::testing::FailsWith;
using millpond::testing::IsOkAnd;
using millpond::testing::TempDir;
using millpond::testing::TestEnvironment;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class TrackingStoreTest : public ::testing::Test {
 protected:
  void SetUp() override { store_ = Open(random_); }

  std::unique_ptr<TrackingStore> Open(RandomSource& random) {
    auto opened =
        TrackingStore::Open({dir_ / "meta.db", dir_ / "artifacts"}, random, machine_.clock);
    EXPECT_THAT(opened, millpond::testing::IsOk());
    return std::move(opened).value();
  }

  platform::Run NewRunIn(const std::string& experiment) {
    auto found = store_->EnsureExperiment(experiment);
    auto run = store_->CreateRun({.experiment_id = found->experiment_id, .user_id = "ada"});
    EXPECT_THAT(run, millpond::testing::IsOk());
    return *run;
  }

  TempDir dir_;
  TestEnvironment machine_;
  SeededRandom random_{7};
  std::unique_ptr<TrackingStore> store_;
};

TEST_F(TrackingStoreTest, KeepsARunAcrossAReopen) {
  const auto run = NewRunIn("churn");
  EXPECT_THAT(run.info.run_id, SizeIs(32));
  EXPECT_THAT(run.info.artifact_uri, Eq(dir_ / ("artifacts/1/" + run.info.run_id + "/artifacts")));
  MP_ASSERT_OK(store_->LogBatch(run.info.run_id, {{"loss", 0.5, 0, 10}, {"loss", 0.25, 1, 11}},
                                {{"eta", "0.1"}}, {{"stage", "draft"}}));
  MP_ASSERT_OK(store_->LogInputs(run.info.run_id, {{.name = "main.shop.orders",
                                                    .digest = "v3",
                                                    .source_type = "delta",
                                                    .context = "training"}}));
  MP_ASSERT_OK(store_->UpdateRun(run.info.run_id, RunStatus::kFinished));
  store_.reset();
  store_ = Open(random_);
  MP_ASSERT_OK_AND_ASSIGN(auto read, store_->GetRun(run.info.run_id));
  EXPECT_EQ(read.info.status, RunStatus::kFinished);
  EXPECT_EQ(read.info.end_time_ms, machine_.clock.NowMillis());
  EXPECT_EQ(*read.FindParam("eta"), "0.1");
  EXPECT_EQ(read.FindMetric("loss")->value, 0.25);
  EXPECT_EQ(*read.FindTag("stage"), "draft");
  EXPECT_EQ(*read.FindTag("mlflow.user"), "ada");
  EXPECT_THAT(read.inputs, SizeIs(1));
  MP_ASSERT_OK_AND_ASSIGN(auto history, store_->MetricHistory(run.info.run_id, "loss"));
  EXPECT_THAT(history, SizeIs(2));
}

TEST_F(TrackingStoreTest, MetricsKeepNanAndInfinityAndTheLatestByStep) {
  const auto run = NewRunIn("churn");
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  MP_ASSERT_OK(store_->LogBatch(run.info.run_id,
                                {{"late", 1, 5, 1},
                                 {"late", 2, 4, 9},
                                 {"nan", nan, 0, 1},
                                 {"both", nan, 0, 1},
                                 {"both", 3, 0, 1},
                                 {"inf", infinity, 0, 1}},
                                {}, {}));
  MP_ASSERT_OK_AND_ASSIGN(auto read, store_->GetRun(run.info.run_id));
  EXPECT_EQ(read.FindMetric("late")->value, 1);
  EXPECT_TRUE(std::isnan(read.FindMetric("nan")->value));
  EXPECT_EQ(read.FindMetric("both")->value, 3);
  EXPECT_EQ(read.FindMetric("inf")->value, infinity);
}

TEST_F(TrackingStoreTest, ABatchIsAllOrNothing) {
  const auto run = NewRunIn("churn");
  MP_ASSERT_OK(store_->LogBatch(run.info.run_id, {}, {{"eta", "0.1"}}, {}));
  MP_EXPECT_OK(store_->LogBatch(run.info.run_id, {}, {{"eta", "0.1"}}, {}));
  EXPECT_THAT(store_->LogBatch(run.info.run_id, {{"auc", 1}}, {{"depth", "3"}, {"eta", "0.2"}}, {}),
              FailsWith(ErrorKind::kInvalidArgument,
                        HasSubstr("Changing param values is not allowed. Params were "
                                  "already logged='[{'key': 'eta'")));
  MP_ASSERT_OK_AND_ASSIGN(auto read, store_->GetRun(run.info.run_id));
  EXPECT_EQ(read.FindParam("depth"), nullptr);
  EXPECT_EQ(read.FindMetric("auc"), nullptr);
}

TEST_F(TrackingStoreTest, ADeletedRunTakesNoWritesUntilRestored) {
  const auto run = NewRunIn("churn");
  MP_ASSERT_OK(store_->DeleteRun(run.info.run_id));
  EXPECT_THAT(store_->LogBatch(run.info.run_id, {{"a", 1}}, {}, {}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("must be in the 'active' state")));
  EXPECT_THAT(store_->ListRuns(run.info.experiment_id), IsOkAnd(SizeIs(0)));
  EXPECT_THAT(store_->ListRuns(run.info.experiment_id, true), IsOkAnd(SizeIs(1)));
  MP_ASSERT_OK(store_->RestoreRun(run.info.run_id));
  MP_EXPECT_OK(store_->LogBatch(run.info.run_id, {{"a", 1}}, {}, {}));
}

TEST_F(TrackingStoreTest, RefusesWhatMlflowRefuses) {
  const auto run = NewRunIn("churn");
  EXPECT_THAT(
      store_->CreateExperiment("churn"),
      FailsWith(ErrorKind::kAlreadyExists, HasSubstr("Experiment(name=churn) already exists")));
  EXPECT_THAT(store_->GetRun("ff"),
              FailsWith(ErrorKind::kNotFound, HasSubstr("Run with id=ff not found")));
  EXPECT_THAT(store_->GetExperiment("x1"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("'x1'")));
  EXPECT_THAT(store_->LogBatch(run.info.run_id, {{"a*b", 1}}, {}, {}),
              FailsWith(ErrorKind::kInvalidArgument,
                        HasSubstr("Invalid value \"a*b\" for parameter 'metrics[0].name'")));
  EXPECT_THAT(store_->LogBatch(run.info.run_id, {}, {{"p", std::string(6001, 'x')}}, {}),
              FailsWith(ErrorKind::kInvalidArgument,
                        HasSubstr("exceeds the maximum length of 6000 characters")));
}

TEST_F(TrackingStoreTest, TwoProcessesWriteOneStore) {
  const auto run = NewRunIn("churn");
  const pid_t child = ::fork();
  auto write = [&](uint64_t seed, int from) -> bool {
    SeededRandom random(seed);
    auto store =
        TrackingStore::Open({dir_ / "meta.db", dir_ / "artifacts"}, random, machine_.clock);
    if (!store) return false;
    for (int i = from; i < from + 50; ++i) {
      if (!(*store)->LogBatch(run.info.run_id, {{"loss", double(i), i, 1}}, {}, {})) return false;
      if (i % 10 == 0 && !(*store)->CreateRun({.experiment_id = run.info.experiment_id}))
        return false;
    }
    return (*store)->EnsureExperiment("shared").has_value();
  };
  if (child == 0) ::_exit(write(11, 0) ? 0 : 1);
  EXPECT_TRUE(write(12, 50));
  int status = 1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  MP_ASSERT_OK_AND_ASSIGN(auto history, store_->MetricHistory(run.info.run_id, "loss"));
  EXPECT_THAT(history, SizeIs(100));
  EXPECT_THAT(store_->ListRuns(run.info.experiment_id), IsOkAnd(SizeIs(11)));
  EXPECT_EQ(store_->GetRun(run.info.run_id)->FindMetric("loss")->value, 99);
}

TEST_F(TrackingStoreTest, ACorruptFileIsNamed) {
  store_.reset();
  MP_ASSERT_OK(machine_.local->ReplaceFile(dir_ / "other.db", std::string(4096, 'x')));
  EXPECT_THAT(TrackingStore::Open({dir_ / "other.db", dir_ / "artifacts"}, random_, machine_.clock),
              FailsWith(ErrorKind::kCorrupt, HasSubstr("other.db")));
}

TEST_F(TrackingStoreTest, ArtifactsAppearWholeOrNotAtAll) {
  const auto run = NewRunIn("churn");
  int64_t at = 1;
  for (;; ++at) {
    FaultyFileSystem faulty(*machine_.local);
    faulty.FailAt(at, FaultyFileSystem::Mode::kFromThenOn);
    ArtifactStore broken(faulty);
    const auto status = broken.Put(run.info, "model/MLmodel", "new bytes");
    const auto read = ArtifactStore(*machine_.local).Get(run.info, "model/MLmodel");
    if (!faulty.failed()) break;
    EXPECT_EQ(read.value_or("new bytes"), "new bytes");
    EXPECT_TRUE(read.has_value() || !status.has_value());
  }
  EXPECT_GT(at, 3);
}

TEST_F(TrackingStoreTest, ArtifactsStayInsideTheirRun) {
  const auto run = NewRunIn("churn");
  ArtifactStore artifacts(*machine_.local);
  for (const char* path : {"../x", "/etc/x", "a/../../x", "a//b", "."}) {
    EXPECT_THAT(artifacts.Put(run.info, path, "x"),
                FailsWith(ErrorKind::kInvalidArgument, HasSubstr("stays inside its folder")))
        << path;
  }
  MP_ASSERT_OK(artifacts.Put(run.info, "plots/a.json", "{}"));
  MP_ASSERT_OK_AND_ASSIGN(auto listed, artifacts.List(run.info, "plots"));
  EXPECT_THAT(listed, SizeIs(1));
  EXPECT_THAT(artifacts.List(run.info, "nothing"), IsOkAnd(SizeIs(0)));
}

}  // namespace
}  // namespace millpond::platform
