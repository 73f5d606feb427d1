#include "platform/tracking/model_registry.h"

#include "base/testing/result_matchers.h"
#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"

namespace millpond::platform {
namespace {

using millpond::testing::FailsWith;
using millpond::testing::IsOkAnd;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class ModelRegistryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened =
        TrackingStore::Open({dir_ / "meta.db", dir_ / "artifacts"}, random_, machine_.clock);
    ASSERT_THAT(opened, millpond::testing::IsOk());
    store_ = std::move(opened).value();
    registry_.emplace(*store_, machine_.clock);
  }

  NewModelVersion Version(const std::string& name) {
    auto run = store_->CreateRun({.experiment_id = "0"});
    return {.name = name,
            .run_id = run->info.run_id,
            .source = run->info.artifact_uri + "/model",
            .tags = {{"millpond.encoder_hash", "abc"}},
            .aliases = {"champion"},
            .principal = "ada"};
  }

  millpond::testing::TempDir dir_;
  millpond::testing::TestEnvironment machine_;
  SeededRandom random_{3};
  std::unique_ptr<TrackingStore> store_;
  std::optional<ModelRegistry> registry_;
};

TEST_F(ModelRegistryTest, AVersionComesWithItsAliasItsAuditAndTheEndOfItsRun) {
  const auto first = Version("churn");
  MP_ASSERT_OK_AND_ASSIGN(auto one, registry_->RegisterAndFinishRun(first));
  MP_ASSERT_OK_AND_ASSIGN(auto two, registry_->RegisterAndFinishRun(Version("churn")));
  EXPECT_EQ(one.version, 1);
  EXPECT_EQ(two.version, 2);
  MP_ASSERT_OK_AND_ASSIGN(auto champion, registry_->GetByAlias("churn", "champion"));
  EXPECT_EQ(champion.version, 2);
  EXPECT_EQ(*champion.FindTag("millpond.encoder_hash"), "abc");
  EXPECT_THAT(champion.aliases, ElementsAre("champion"));
  EXPECT_EQ(store_->GetRun(first.run_id)->info.status, RunStatus::kFinished);
  MP_ASSERT_OK_AND_ASSIGN(auto history, registry_->History("churn"));
  ASSERT_THAT(history, SizeIs(5));  // create_model, two versions, two moves
  EXPECT_EQ(history[0].action, "set_alias");
  EXPECT_EQ(history[0].from_version, 1);
  EXPECT_EQ(history[0].to_version, 2);
  EXPECT_EQ(history[0].principal, "ada");
}

TEST_F(ModelRegistryTest, RollbackIsAnAliasMove) {
  MP_ASSERT_OK(registry_->RegisterAndFinishRun(Version("churn")));
  MP_ASSERT_OK(registry_->RegisterAndFinishRun(Version("churn")));
  MP_ASSERT_OK(registry_->SetAlias("churn", "champion", 1, "ada"));
  EXPECT_EQ(registry_->GetByAlias("churn", "champion")->version, 1);
  EXPECT_THAT(registry_->SetAlias("churn", "champion", 9, "ada"),
              FailsWith(ErrorKind::kNotFound,
                        HasSubstr("Model Version (name=churn, version=9) not found")));
  MP_ASSERT_OK_AND_ASSIGN(auto models, registry_->ListModels());
  ASSERT_THAT(models, SizeIs(1));
  EXPECT_EQ(models[0].latest_version, 2);
}

TEST_F(ModelRegistryTest, AVersionOfAnUnknownRunLeavesNothing) {
  auto version = Version("churn");
  version.run_id = "ff";
  EXPECT_THAT(registry_->RegisterAndFinishRun(version),
              FailsWith(ErrorKind::kNotFound, HasSubstr("Run with id=ff not found")));
  version = Version("churn");
  version.aliases = {"no*good"};
  EXPECT_THAT(registry_->RegisterAndFinishRun(version),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("'no*good'")));
  EXPECT_THAT(registry_->ListModels(), IsOkAnd(SizeIs(0)));
  EXPECT_THAT(registry_->History("churn"), IsOkAnd(SizeIs(0)));
  EXPECT_THAT(registry_->GetByAlias("churn", "champion"),
              FailsWith(ErrorKind::kNotFound, HasSubstr("name=churn not found")));
}

}  // namespace
}  // namespace millpond::platform
