// The walker on files written by hand. Over models that XGBoost wrote it is compared with the
// library in training/tree_model_against_library_test.cc.
#include "model/scoring/tree_model.h"

#include <cmath>
#include <limits>

#include "base/json.h"
#include "base/testing/result_matchers.h"

namespace millpond::model {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

// f0 < 1 ? (f1 < 5, missing left ? -1 : 2) : 4, missing right. Node ids are not in walk order.
Json Tree() {
  return Json::parse(R"({
    "tree_param": {"num_nodes": "5", "size_leaf_vector": "1"},
    "left_children": [3, -1, -1, 1, -1], "right_children": [4, -1, -1, 2, -1],
    "split_indices": [0, 0, 0, 1, 0], "split_conditions": [1, -1, 2, 5, 4],
    "default_left": [0, 0, 0, 1, 0], "split_type": [0, 0, 0, 0, 0],
    "sum_hessian": [8, 2, 2, 4, 4]})");
}

Json File() {
  Json file = Json::parse(R"({"version": [3, 2, 0], "learner": {
    "learner_model_param": {"base_score": "[5E-1]", "num_class": "0", "num_feature": "2",
                            "num_target": "1"},
    "objective": {"name": "binary:logistic"}, "feature_names": ["recency", "orders"],
    "gradient_booster": {"name": "gbtree", "model": {"trees": []}}}})");
  file["learner"]["gradient_booster"]["model"]["trees"].push_back(Tree());
  return file;
}

Json& TreeOf(Json& file) {
  return file["learner"]["gradient_booster"]["model"]["trees"][0];
}

auto Load(const Json& file) {
  return TreeModel::Load(file.dump(), "file model.json");
}

float Margin(const Json& file, float a, float b) {
  auto model = Load(file);
  float row[] = {a, b};
  return model.has_value() ? (*model)->Margin(row) : kNaN;
}

TEST(TreeModel, WalksByValueAndByDefault) {
  MP_ASSERT_OK_AND_ASSIGN(auto model, Load(File()));
  EXPECT_EQ(model->columns(), 2U);
  EXPECT_EQ(model->trees(), 1U);
  EXPECT_EQ(model->base_margin(), 0);
  EXPECT_EQ(model->objective(), "binary:logistic");
  EXPECT_EQ(model->feature_names()[1], "orders");
  auto margin = [&](float a, float b) {
    float row[] = {a, b};
    return model->Margin(row);
  };
  EXPECT_EQ(margin(0, 4), -1);
  EXPECT_EQ(margin(0, 5), 2);  // equal to the split goes right
  EXPECT_EQ(margin(1, 4), 4);
  EXPECT_EQ(margin(kNaN, 4), 4);
  EXPECT_EQ(margin(0, kNaN), -1);
  EXPECT_EQ(margin(-kInf, kInf), 2);
  EXPECT_EQ(margin(kInf, kNaN), 4);
}

TEST(TreeModel, SplitsThatNoValuePasses) {
  for (double split : {-HUGE_VAL, std::nan(""), -1e300}) {
    for (bool default_left : {true, false}) {
      Json file = File();
      TreeOf(file)["split_conditions"][3] = split;
      TreeOf(file)["default_left"][3] = default_left ? 1 : 0;
      std::string bytes;
      Json::to_ubjson(file, bytes);  // JSON text has no infinities
      MP_ASSERT_OK_AND_ASSIGN(auto model, TreeModel::Load(bytes, "m.ubj"));
      for (float value : {-kInf, 0.0F, kInf, kNaN}) {
        float row[] = {0, value};
        EXPECT_EQ(model->Margin(row), std::isnan(value) && default_left ? -1 : 2) << value;
      }
    }
  }
}

TEST(TreeModel, ManyColumnsUseTheWideLayout) {
  Json file = File();
  file["learner"]["learner_model_param"]["num_feature"] = "40000";
  file["learner"]["feature_names"] = Json::array();
  TreeOf(file)["split_indices"][3] = 39999;
  MP_ASSERT_OK_AND_ASSIGN(auto model, Load(file));
  Matrix rows(9, 40000);
  for (size_t i = 0; i < 9; ++i) rows.row(i)[39999] = i % 2 == 0 ? 5 : 4;
  std::vector<float> margins(9);
  MP_ASSERT_OK(model->FloatMargins(rows.view(), margins));
  for (size_t i = 0; i < 9; ++i) EXPECT_EQ(margins[i], i % 2 == 0 ? 2 : -1);
}

TEST(TreeModel, AddsTreesInOrderForAnyNumberOfThem) {
  for (size_t trees : {0U, 1U, 7U, 8U, 9U, 30U}) {
    Json file = File();
    Json& list = file["learner"]["gradient_booster"]["model"]["trees"];
    list = Json::array();
    float expected = 0;
    for (size_t i = 0; i < trees; ++i) {
      Json tree = Tree();
      float leaf = static_cast<float>(1e6 / (1.0 + static_cast<double>(i * i)));
      tree["split_conditions"][4] = leaf;
      expected += leaf;
      list.push_back(std::move(tree));
    }
    EXPECT_EQ(Margin(file, 3, 3), expected) << trees;
  }
}

TEST(TreeModel, BaseScores) {
  Json file = File();
  Json& param = file["learner"]["learner_model_param"];
  param["base_score"] = "2.5E-1";  // before 3.1
  EXPECT_EQ(Margin(file, 1, 1), -std::log(1.0F / 0.25F - 1.0F) + 4.0F);
  file["learner"]["objective"]["name"] = "reg:squarederror";
  param["base_score"] = "[-7.5E0]";
  EXPECT_EQ(Margin(file, 1, 1), -3.5F);
}

TEST(TreeModel, ContributionsFollowThePath) {
  MP_ASSERT_OK_AND_ASSIGN(auto model, Load(File()));
  // Expected margins: inner node (−1 · 2 + 2 · 2) / 4 = 0.5, root (0.5 · 4 + 4 · 4) / 8 = 2.25.
  std::vector<double> parts(2);
  float row[] = {0, 7};
  MP_ASSERT_OK_AND_ASSIGN(double bias, model->Contributions(row, parts));
  EXPECT_EQ(bias, 2.25);
  EXPECT_EQ(parts[0], 0.5 - 2.25);
  EXPECT_EQ(parts[1], 2 - 0.5);
  std::vector<double> one(1);
  EXPECT_THAT(model->Contributions(row, one),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("2 columns")));
}

TEST(TreeModel, RefusesOtherMatrices) {
  MP_ASSERT_OK_AND_ASSIGN(auto model, Load(File()));
  Matrix three(4, 3);
  EXPECT_THAT(model->Margins(three.view()),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("given 3 columns")));
}

TEST(TreeModel, NamesWhatItDoesNotHave) {
  auto expect = [](auto change, const char* name) {
    Json file = File();
    change(file["learner"]);
    EXPECT_THAT(Load(file), FailsWith(ErrorKind::kUnsupported, HasSubstr(name)));
  };
  expect([](Json& l) { l["objective"]["name"] = "multi:softprob"; }, "multi:softprob");
  expect([](Json& l) { l["gradient_booster"]["name"] = "dart"; }, "booster dart");
  expect([](Json& l) { l["learner_model_param"]["num_class"] = "3"; }, "several classes");
  expect([](Json& l) { l["learner_model_param"]["num_target"] = "2"; }, "several targets");
  expect([](Json& l) { l["gradient_booster"]["model"]["trees"][0]["split_type"][3] = 1; },
         "categorical splits (tree 0)");
  expect(
      [](Json& l) {
        l["gradient_booster"]["model"]["trees"][0]["tree_param"]["size_leaf_vector"] = "4";
      },
      "leaves with several values");
}

TEST(TreeModel, RefusesUnsoundTrees) {
  auto expect = [](auto change, const char* message) {
    Json file = File();
    change(file);
    EXPECT_THAT(Load(file), FailsWith(ErrorKind::kCorrupt, HasSubstr(message)));
  };
  expect([](Json& f) { TreeOf(f)["left_children"][3] = 0; }, "used twice");  // a cycle
  expect([](Json& f) { TreeOf(f)["left_children"][3] = 4; }, "used twice");  // a shared node
  expect([](Json& f) { TreeOf(f)["left_children"][0] = 5; }, "out of range");
  expect([](Json& f) { TreeOf(f)["right_children"][0] = -1; }, "out of range");
  expect([](Json& f) { TreeOf(f)["right_children"][1] = 2; }, "one child");
  expect([](Json& f) { TreeOf(f)["split_indices"][3] = 2; }, "column 2 of 2");
  expect([](Json& f) { TreeOf(f)["split_indices"][3] = -1; }, "column -1");
  expect([](Json& f) { TreeOf(f)["split_conditions"][4] = 1e300; }, "number overflow");
  expect([](Json& f) { TreeOf(f)["split_conditions"] = Json::array({1}); }, "array of 5");
  expect([](Json& f) { TreeOf(f)["left_children"] = "x"; }, "num_nodes");
  expect([](Json& f) { TreeOf(f)["tree_param"]["num_nodes"] = "6"; }, "num_nodes");
  expect([](Json& f) { f["learner"]["learner_model_param"]["base_score"] = "[1E0]"; },
         "not a probability");
  expect([](Json& f) { f["learner"]["learner_model_param"]["base_score"] = "[1,2]"; },
         "base_score");
  expect([](Json& f) { f["learner"]["feature_names"] = {"a"}; }, "1 feature names");
  expect([](Json& f) { f = Json::object(); }, "lacks");
  EXPECT_THAT(TreeModel::Load("", "m"), FailsWith(ErrorKind::kCorrupt, HasSubstr("m is not")));
  EXPECT_THAT(TreeModel::Load("{\"a\": [1,", "m"), FailsWith(ErrorKind::kCorrupt, HasSubstr("m")));
}

TEST(TreeModel, RefusesUbjsonThatClaimsTooMuch) {
  using std::string_literals::operator""s;
  auto load = [](std::string bytes) { return TreeModel::Load(bytes, "m.ubj"); };
  // An array of 2^62 nulls in 12 bytes; a text of 2^62 bytes; brackets without end.
  EXPECT_THAT(load("{U\x01"
                   "a[$Z#L\x40\0\0\0\0\0\0\0"s),
              FailsWith(ErrorKind::kCorrupt, HasSubstr("unknown type")));
  EXPECT_THAT(load("{U\x01"
                   "aSL\x40\0\0\0\0\0\0\0"s),
              FailsWith(ErrorKind::kCorrupt, HasSubstr("larger than the rest")));
  EXPECT_THAT(load("{U\x01"
                   "a" +
                   std::string(1000, '[')),
              FailsWith(ErrorKind::kCorrupt, HasSubstr("nested too deeply")));
  EXPECT_THAT(load("{U\x01"
                   "aD\0"s),
              FailsWith(ErrorKind::kCorrupt, HasSubstr("within a number")));
  EXPECT_THAT(load("{U\x01"
                   "aZ}x"s),
              FailsWith(ErrorKind::kCorrupt, HasSubstr("after the end")));
}

}  // namespace
}  // namespace millpond::model
