#include "platform/tracking/tracking_test_fixture.h"

namespace millpond::platform {
namespace {

using millpond::testing::FailsWith;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

using LoggedModelsTest = TrackingFixture;

TEST_F(LoggedModelsTest, LivesFromUploadToDeletion) {
  const auto run = NewRun();
  MP_ASSERT_OK_AND_ASSIGN(auto model, models_->Create({.experiment_id = "0",
                                                       .name = "model",
                                                       .source_run_id = run,
                                                       .params = {{"depth", "3"}},
                                                       .tags = {{"a", "1"}}}));
  EXPECT_THAT(model.model_id, StartsWith("m-"));
  EXPECT_THAT(model.artifact_location,
              Eq(dir_ / ("artifacts/0/models/" + model.model_id + "/artifacts")));
  EXPECT_EQ(model.status, LoggedModelStatus::kPending);
  MP_ASSERT_OK(store_->LogMetric(run, {.key = "auc",
                                       .value = 0.7,
                                       .timestamp_ms = 5,
                                       .model_id = model.model_id,
                                       .dataset_name = "holdout"}));
  MP_ASSERT_OK(store_->LogOutputs(run, {{model.model_id, 4}}));
  MP_ASSERT_OK(models_->Finalize(model.model_id, LoggedModelStatus::kReady));
  MP_ASSERT_OK(models_->SetTags(model.model_id, {{"a", "2"}, {"b", "3"}}));
  MP_ASSERT_OK(models_->DeleteTag(model.model_id, "b"));
  MP_ASSERT_OK(models_->LogParams(model.model_id, {{"depth", "3"}, {"eta", "0.1"}}));
  EXPECT_THAT(models_->LogParams(model.model_id, {{"depth", "4"}}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("Changing param values")));
  MP_ASSERT_OK_AND_ASSIGN(auto read, models_->Get(model.model_id));
  EXPECT_EQ(read.status, LoggedModelStatus::kReady);
  EXPECT_THAT(read.tags, ElementsAre(Tag{"a", "2"}));
  EXPECT_THAT(read.params, SizeIs(2));
  ASSERT_THAT(read.metrics, SizeIs(1));
  EXPECT_EQ(read.metrics[0].run_id, run);
  EXPECT_THAT(store_->GetRun(run)->model_outputs, SizeIs(1));
  MP_ASSERT_OK(models_->Delete(model.model_id));
  EXPECT_THAT(models_->Get(model.model_id),
              FailsWith(ErrorKind::kNotFound, HasSubstr("'" + model.model_id + "' not found")));
  MP_EXPECT_OK(models_->Get(model.model_id, true));
}

TEST_F(LoggedModelsTest, RefusesWhatIsNotThereOrNotAName) {
  const auto run = NewRun();
  EXPECT_THAT(models_->Create({.experiment_id = "9"}),
              FailsWith(ErrorKind::kNotFound, HasSubstr("No Experiment with id=9")));
  EXPECT_THAT(models_->Create({.experiment_id = "0", .source_run_id = "ff"}),
              FailsWith(ErrorKind::kNotFound, HasSubstr("Run with id=ff not found")));
  for (const char* name : {"a/b", "a:b", "a.b", "100%", "it's"}) {
    EXPECT_THAT(models_->Create({.experiment_id = "0", .name = name}),
                FailsWith(ErrorKind::kInvalidArgument, HasSubstr("Invalid model name")))
        << name;
  }
  EXPECT_THAT(store_->LogOutputs(run, {{"m-none", 0}}),
              FailsWith(ErrorKind::kNotFound, HasSubstr("'m-none' not found")));
  EXPECT_THAT(store_->LogMetric(run, {.key = "a", .model_id = "m-none"}),
              FailsWith(ErrorKind::kNotFound, HasSubstr("'m-none' not found")));
  EXPECT_THAT(store_->GetRun(run)->metrics, SizeIs(0));
  EXPECT_THAT(models_->DeleteTag("m-none", "a"),
              FailsWith(ErrorKind::kNotFound, HasSubstr("'m-none' not found")));
}

TEST_F(LoggedModelsTest, IsSearchedByMetricsOfDatasets) {
  const auto run = NewRun();
  std::vector<std::string> ids;
  for (const double auc : {0.5, 0.9, 0.7}) {
    MP_ASSERT_OK_AND_ASSIGN(auto model,
                            models_->Create({.experiment_id = "0",
                                             .name = "model",
                                             .params = {{"kind", auc > 0.6 ? "tree" : "line"}}}));
    ids.push_back(model.model_id);
    for (const char* dataset : {"train", "test"}) {
      MP_ASSERT_OK(
          store_->LogMetric(run, {.key = "auc",
                                  .value = dataset == std::string("test") ? auc - 0.2 : auc,
                                  .timestamp_ms = 5,
                                  .model_id = model.model_id,
                                  .dataset_name = dataset}));
    }
  }
  const auto find = [&](LoggedModelSearch search) {
    search.experiment_ids = {"0"};
    std::vector<std::string> found;
    auto page = models_->Search(search);
    EXPECT_THAT(page, millpond::testing::IsOk());
    for (const auto& model : page->items) found.push_back(model.model_id);
    return found;
  };
  const LoggedModelSearch::Order by_test{"metrics.auc", false, {"test", ""}};
  EXPECT_THAT(find({.order_by = {by_test}}), ElementsAre(ids[1], ids[2], ids[0]));
  EXPECT_THAT(find({.filter = "metrics.auc > 0.6", .order_by = {by_test}}),
              ElementsAre(ids[1], ids[2]));
  EXPECT_THAT(find({.filter = "metrics.auc > 0.6", .datasets = {{"test", ""}}}),
              ElementsAre(ids[1]));
  EXPECT_THAT(find({.filter = "params.kind = 'line'"}), ElementsAre(ids[0]));
  EXPECT_THAT(find({.datasets = {{"none", ""}}}), SizeIs(0));
  EXPECT_THAT(find({.filter = "model_id IN ('" + ids[0] + "') AND name = 'model'"}),
              ElementsAre(ids[0]));
  EXPECT_THAT(models_->Search({.order_by = {{.field = "colour"}}}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("Invalid order by field name")));
  EXPECT_THAT(models_->Search({.filter = "metrics.auc = 'x'"}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("Invalid comparison operator")));
}

}  // namespace
}  // namespace millpond::platform
