#include <thread>

#include "platform/tracking/registry_watch.h"
#include "platform/tracking/tracking_test_fixture.h"

namespace millpond::platform {
namespace {

using millpond::testing::FailsWith;
using millpond::testing::IsOkAnd;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class RegistryHistoryTest : public TrackingFixture {
 protected:
  void SetUp() override {
    TrackingFixture::SetUp();
    MP_ASSERT_OK(registry_->CreateModel("churn", {{"team", "blue"}}, "who leaves", "ada"));
    for (int i = 0; i < 3; ++i) {
      MP_ASSERT_OK(registry_->CreateVersion(
          {.name = "churn", .source = dir_ / "artifacts/0/x/artifacts/model", .principal = "ada"}));
    }
  }

  int64_t Champion() { return registry_->GetByAlias("churn", "champion")->version; }
  int64_t RollBack() { return registry_->Rollback("churn", "champion", "bob")->to; }

  std::vector<std::string> Actions(const std::string& name) {
    std::vector<std::string> actions;
    const auto history = registry_->History(name);
    for (const auto& audit : *history) actions.push_back(audit.action);
    return actions;
  }
};

TEST_F(RegistryHistoryTest, RollbackUndoesMovesOneByOne) {
  MP_ASSERT_OK(registry_->SetAlias("churn", "champion", 1, "ada"));
  MP_ASSERT_OK_AND_ASSIGN(auto move, registry_->Promote("churn", "champion", 2, "ada"));
  EXPECT_EQ(move.from, 1);
  MP_ASSERT_OK(registry_->Promote("churn", "champion", 3, "ada"));
  MP_ASSERT_OK(registry_->Promote("churn", "other", 3, "ada"));
  MP_ASSERT_OK_AND_ASSIGN(move, registry_->Rollback("churn", "champion", "bob"));
  EXPECT_EQ(move.from, 3);
  EXPECT_EQ(move.to, 2);
  EXPECT_EQ(RollBack(), 1);
  EXPECT_EQ(Champion(), 1);
  EXPECT_THAT(
      registry_->Rollback("churn", "champion", "bob"),
      FailsWith(ErrorKind::kNotFound, HasSubstr("named no other version before version 1")));
  MP_ASSERT_OK(registry_->Promote("churn", "champion", 3, "ada"));
  EXPECT_EQ(RollBack(), 1);
  MP_ASSERT_OK_AND_ASSIGN(auto history, registry_->History("churn"));
  EXPECT_EQ(history[0].action, "rollback");
  EXPECT_EQ(history[0].principal, "bob");
  EXPECT_EQ(history[0].from_version, 3);
  EXPECT_EQ(history[0].to_version, 1);
}

TEST_F(RegistryHistoryTest, ADecisionForAnOlderVersionHoldsTheAlias) {
  const auto held = [&] { return registry_->HeldBy("churn", "champion").value(); };
  EXPECT_FALSE(held());
  MP_ASSERT_OK(registry_->Promote("churn", "champion", 3, "ada"));
  EXPECT_FALSE(held());  // the newest: training goes on from it
  MP_ASSERT_OK(registry_->Promote("churn", "champion", 2, "ada"));
  ASSERT_TRUE(held());
  EXPECT_EQ(held()->to_version, 2);
  EXPECT_EQ(held()->principal, "ada");
  MP_ASSERT_OK(registry_->Promote("churn", "champion", 3, "ada"));
  EXPECT_FALSE(held());
  MP_ASSERT_OK(registry_->Rollback("churn", "champion", "bob"));
  ASSERT_TRUE(held());
  EXPECT_EQ(held()->action, "rollback");
  MP_ASSERT_OK(registry_->DeleteAlias("churn", "champion", "bob"));
  EXPECT_FALSE(held());
}

TEST_F(RegistryHistoryTest, ANewModelUnderAnOldNameIsHeldByNobody) {
  MP_ASSERT_OK(registry_->Promote("churn", "champion", 2, "ada"));
  ASSERT_TRUE(registry_->HeldBy("churn", "champion").value());
  MP_ASSERT_OK(registry_->RenameModel("churn", "leavers", "ada"));
  EXPECT_TRUE(registry_->HeldBy("leavers", "champion").value());
  MP_ASSERT_OK(registry_->CreateModel("churn", {}, "", "ada"));
  EXPECT_FALSE(registry_->HeldBy("churn", "champion").value());
  EXPECT_THAT(registry_->Rollback("churn", "champion", "ada"),
              FailsWith(ErrorKind::kNotFound, HasSubstr("named no other version")));
}

TEST_F(RegistryHistoryTest, RollbackPassesOverWhatIsGone) {
  for (int64_t version : {1, 2, 3}) {
    MP_ASSERT_OK(registry_->Promote("churn", "champion", version, "ada"));
  }
  MP_ASSERT_OK(registry_->DeleteVersion("churn", 2, "ada"));
  EXPECT_EQ(RollBack(), 1);
  MP_ASSERT_OK(registry_->Promote("churn", "champion", 3, "ada"));
  MP_ASSERT_OK(registry_->DeleteAlias("churn", "champion", "ada"));
  EXPECT_EQ(RollBack(), 3);  // what it named last
  EXPECT_EQ(RollBack(), 1);
}

TEST_F(RegistryHistoryTest, HistoryFollowsARename) {
  MP_ASSERT_OK(registry_->SetAlias("churn", "champion", 1, "ada"));
  MP_ASSERT_OK(registry_->SetAlias("churn", "champion", 2, "ada"));
  MP_ASSERT_OK_AND_ASSIGN(auto renamed, registry_->RenameModel("churn", "leavers", "ada"));
  EXPECT_EQ(renamed.latest_version, 3);
  EXPECT_THAT(renamed.tags, ElementsAre(Tag{"team", "blue"}));
  EXPECT_THAT(registry_->GetModel("churn"),
              FailsWith(ErrorKind::kNotFound, HasSubstr("name=churn not found")));
  EXPECT_EQ(registry_->Rollback("leavers", "champion", "ada")->to, 1);
  EXPECT_THAT(Actions("leavers"),
              ElementsAre("rollback", "rename_model", "set_alias", "set_alias", "create_version",
                          "create_version", "create_version", "create_model"));
  // Another model of the old name has a history of its own.
  MP_ASSERT_OK(registry_->CreateModel("churn", {}, "", "ada"));
  EXPECT_THAT(registry_->Rollback("churn", "champion", "ada"),
              FailsWith(ErrorKind::kNotFound, HasSubstr("no other version")));
  EXPECT_THAT(registry_->RenameModel("churn", "leavers", "ada"),
              FailsWith(ErrorKind::kAlreadyExists, HasSubstr("(name=leavers) already exists")));
}

TEST_F(RegistryHistoryTest, ADeletedVersionsNumberIsNotUsedAgain) {
  MP_ASSERT_OK(registry_->SetAlias("churn", "champion", 3, "ada"));
  MP_ASSERT_OK(registry_->DeleteVersion("churn", 3, "ada"));
  EXPECT_THAT(registry_->GetVersion("churn", 3),
              FailsWith(ErrorKind::kNotFound, HasSubstr("(name=churn, version=3) not found")));
  EXPECT_THAT(registry_->GetByAlias("churn", "champion"),
              FailsWith(ErrorKind::kNotFound, HasSubstr("alias champion not found")));
  EXPECT_EQ(registry_->GetByAlias("churn", "Latest")->version, 2);
  MP_ASSERT_OK_AND_ASSIGN(auto next, registry_->CreateVersion({.name = "churn", .source = "x"}));
  EXPECT_EQ(next.version, 4);
  MP_ASSERT_OK(registry_->DeleteModel("churn", "ada"));
  EXPECT_EQ(Actions("churn")[0], "delete_model");
  EXPECT_THAT(registry_->ListModels(), IsOkAnd(SizeIs(0)));
}

TEST_F(RegistryHistoryTest, NamesAreMlflows) {
  for (const char* alias : {"latest", "LATEST", "v3", "V12", "a b", "a/b", ""}) {
    EXPECT_THAT(registry_->SetAlias("churn", alias, 1, "ada"),
                FailsWith(ErrorKind::kInvalidArgument, HasSubstr("alias")))
        << alias;
  }
  for (const char* name : {"", " ", "a/b", "a:b", "..", "."}) {
    EXPECT_THAT(registry_->CreateModel(name, {}, "", "ada"),
                FailsWith(ErrorKind::kInvalidArgument, HasSubstr("name")))
        << name;
  }
  EXPECT_THAT(registry_->CreateVersion({.name = "none", .source = "x"}),
              FailsWith(ErrorKind::kNotFound, HasSubstr("name=none not found")));
}

TEST_F(RegistryHistoryTest, ModelsAndVersionsAreSearched) {
  MP_ASSERT_OK(registry_->CreateModel("ask", {{"mlflow.prompt.is_prompt", "true"}}, "", "ada"));
  MP_ASSERT_OK(registry_->CreateModel("flights", {}, "", "ada"));
  MP_ASSERT_OK(registry_->SetVersionTag("churn", 2, {"ok", "yes"}));
  const auto models = [&](const std::string& filter) {
    std::vector<std::string> names;
    auto page = registry_->SearchModels({.filter = filter, .order_by = {"name DESC"}});
    EXPECT_THAT(page, millpond::testing::IsOk());
    for (const auto& model : page->items) names.push_back(model.name);
    return names;
  };
  EXPECT_THAT(models(""), ElementsAre("flights", "churn"));
  EXPECT_THAT(models("name ILIKE 'CH%' AND tags.team = 'blue'"), ElementsAre("churn"));
  EXPECT_THAT(models("tags.`mlflow.prompt.is_prompt` = 'true'"), ElementsAre("ask"));
  EXPECT_THAT(models("tag.`mlflow.prompt.is_prompt` != 'true' AND name != 'churn'"),
              ElementsAre("flights"));
  const auto versions = [&](const std::string& filter, std::vector<std::string> order = {}) {
    std::vector<int64_t> numbers;
    auto page = registry_->SearchVersions({.filter = filter, .order_by = order});
    EXPECT_THAT(page, millpond::testing::IsOk());
    for (const auto& version : page->items) numbers.push_back(version.version);
    return numbers;
  };
  EXPECT_THAT(versions("name = 'churn'"), ElementsAre(3, 2, 1));
  EXPECT_THAT(versions("name IN ('churn') AND version_number > '1'", {"version_number ASC"}),
              ElementsAre(2, 3));
  EXPECT_THAT(versions("tags.ok = 'yes'"), ElementsAre(2));
  EXPECT_THAT(versions("run_id = 'x'"), ElementsAre());
  EXPECT_THAT(registry_->SearchVersions({.filter = "stage = 'x'"}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("Invalid attribute key 'stage'")));
}

TEST_F(RegistryHistoryTest, AWatchSeesChangesOfThisAndOfOtherProcesses) {
  RegistryWatch watch(*store_);
  MP_ASSERT_OK_AND_ASSIGN(const int64_t before, watch.ChangeNumber());
  EXPECT_THAT(watch.WaitForChange(before, 1), IsOkAnd(before));
  MP_ASSERT_OK(store_->CreateExperiment("not the registry's"));
  EXPECT_THAT(watch.ChangeNumber(), IsOkAnd(before));
  // A second store on the same file stands for another process.
  SeededRandom random(5);
  MP_ASSERT_OK_AND_ASSIGN(auto other, TrackingStore::Open({dir_ / "meta.db", dir_ / "artifacts"},
                                                          random, machine_.clock));
  ModelRegistry elsewhere(*other, machine_.clock);
  for (ModelRegistry* registry : {&*registry_, &elsewhere}) {
    MP_ASSERT_OK_AND_ASSIGN(const int64_t seen, watch.ChangeNumber());
    int64_t now = seen;
    std::jthread waiting([&] { now = watch.WaitForChange(seen, 60'000).value_or(-1); });
    MP_ASSERT_OK(registry->SetAlias("churn", "champion", 1, "ada"));
    waiting.join();
    EXPECT_EQ(now, seen + 1);
  }
}

TEST_F(RegistryHistoryTest, AVersionIsFoundByItsFolder) {
  const std::string folder = dir_ / "artifacts/0/x/artifacts";
  for (const char* path : {"/model", "/model/MLmodel", ""}) {
    MP_ASSERT_OK_AND_ASSIGN(auto found, registry_->VersionAt(folder + path));
    ASSERT_TRUE(found.has_value()) << path;
    EXPECT_EQ(found->name, "churn");
  }
  for (const char* path : {"/models", "/mode", "/other/model"}) {
    MP_ASSERT_OK_AND_ASSIGN(auto found, registry_->VersionAt(folder + path));
    EXPECT_FALSE(found.has_value()) << path;
  }
}

}  // namespace
}  // namespace millpond::platform
