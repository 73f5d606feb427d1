#include "model/report/model_section.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"

namespace millpond::model {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Render(const Json& evaluation) {
  Page page("t", "");
  AddModelSection(page, {"churn", "who leaves", "abc", 3}, evaluation);
  return page.Render();
}

TEST(ModelSectionTest, ShowsMetricsBesideBaselines) {
  std::string html = Render(Json::parse(R"({
    "learner": "xgboost", "calibration": "isotonic", "verdict": "logistic wins",
    "metrics": [{"prediction": "model", "metric": "average_precision", "value": 0.7, "low": 0.69, "high": 0.71},
                {"prediction": "logistic", "metric": "average_precision", "value": 0.71, "low": null, "high": null}],
    "differences": [{"prediction": "model", "against": "logistic", "metric": "average_precision", "value": -0.01,
                     "low": -0.02, "high": 0.001}]})"));
  EXPECT_THAT(html, HasSubstr("<td>0.700 (0.690 to 0.710)</td>"));
  EXPECT_THAT(html, HasSubstr("<td>0.710</td>"));
  EXPECT_THAT(html, HasSubstr("<p class=\"verdict mind\">logistic wins</p>"));
  EXPECT_THAT(html, HasSubstr("model - logistic"));
}

TEST(ModelSectionTest, LeavesOutWhatIsNotThere) {
  std::string html = Render(Json::object());
  EXPECT_THAT(html, HasSubstr("Version 3, run abc"));
  EXPECT_THAT(html, Not(HasSubstr("<h3>Features</h3>")));
  EXPECT_THAT(Render(Json::parse(R"({"metrics": 7, "features": "x", "lift": []})")),
              HasSubstr("who leaves"));
}

TEST(ModelSectionTest, SaysWhatTheActionIsWorthAndWhatThatAssumes) {
  const std::string html =
      Render(Json::parse(R"({"action": {"capacity": 5, "value": 20, "cost": 1.5,
    "periods": 4, "break_even_probability": 0.075, "losing_contacts": 2, "assumes": "every contact works",
    "rules": [{"rule": "model", "contacts": 20, "successes": 8.5, "expected_successes": 9.25,
               "net_value": 140, "expected_net_value": 155}]}})"));
  EXPECT_THAT(html, HasSubstr("every contact works"));
  EXPECT_THAT(
      html,
      HasSubstr("<td>model</td><td>20</td><td>8.5</td><td>9.2</td><td>140.00</td><td>155.00</td>"));
  EXPECT_THAT(html, HasSubstr("from a probability of 0.075 on; 2 of"));
}

TEST(ModelSectionTest, TellsWhatTheLeakCheckFound) {
  const std::string html =
      Render(Json::parse(R"({"leak_check": {"passed": true, "moments_recomputed": 4,
    "rows_recomputed": 22047, "accepted_restatements": [{"view": "v", "source": "main.x.t", "why": "a view"}],
    "changes_at_label_time": [{"feature": "recency_days", "positives": 0.0, "negatives": 1.0}]}})"));
  EXPECT_THAT(html, HasSubstr("Passed: the features of 22047 label rows at 4 moments T"));
  EXPECT_THAT(html, HasSubstr("view v reads main.x.t, whose history is rewritten (a view)"));
  EXPECT_THAT(html, HasSubstr("<td>recency_days</td><td>0.000</td><td>1.000</td>"));
  EXPECT_THAT(
      Render(Json::parse(R"({"leak_check": {"passed": true, "changes_at_label_time": []}})")),
      HasSubstr("No feature changes between T"));
}

TEST(ModelSectionTest, DrawsEveryFeatureTheLastOnesFoldedAway) {
  Json features = Json::array();
  for (int i = 0; i < 20; ++i) {
    features.push_back({{"name", fmt::format("f{}", i)},
                        {"histogram", {{"edges", {0, 1}}, {"train", {1, 0}}, {"test", {0, 1}}}}});
  }
  const std::string html = Render({{"features", features}});
  for (int i = 0; i < 20; ++i) {
    EXPECT_THAT(html, HasSubstr(fmt::format("aria-label=\"f{}\"", i)));
  }
  const size_t fold = html.find("<details><summary>4 more features</summary>");
  EXPECT_LT(html.find("aria-label=\"f15\""), fold);
  EXPECT_GT(html.find("aria-label=\"f16\""), fold);
}

TEST(ModelSectionTest, AccuracyIsExplainedWhereItMisleads) {
  EXPECT_THAT(
      Render(Json::parse(R"({"threshold": {"threshold": 0.5, "accuracy": 0.7, "remark": ""}})")),
      Not(HasSubstr("Why not accuracy")));
  EXPECT_THAT(Render(Json::parse(R"({"threshold": {"threshold": 0.5, "remark": "rare"}})")),
              HasSubstr("Why not accuracy"));
}

TEST(ModelSectionTest, DrawsHistogramsOfBothSplits) {
  std::string html = Render(Json::parse(R"({"features": [{"name": "recency", "importance": 0.5,
    "histogram": {"edges": [0, 10, 20], "train": [0.5, 0.5], "test": [0.2, 0.8]}}]})"));
  EXPECT_THAT(html, HasSubstr("[[0.0,1.0],[0.5,0.5],[0.2,0.8]]"));
}

}  // namespace
}  // namespace millpond::model
