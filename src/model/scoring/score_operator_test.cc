#include "model/scoring/score_operator.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <cmath>

#include "base/fs/local_filesystem.h"
#include "base/json.h"
#include "base/testing/result_matchers.h"
#include "base/testing/temp_dir.h"
#include "model/scoring/logistic_model.h"
#include "platform/features/kernel_batch.h"
#include "platform/tracking/model_folder.h"

namespace millpond::model {
namespace {

using kernel::Batch;
using kernel::Column;
using kernel::Value;
using testing::FailsWith;
using ::testing::HasSubstr;

Batch Rows() {
  Batch rows{.names = {"customer", "recency", "basket", "loyal", "city"}, .columns = {}, .rows = 3};
  auto add = [&](kernel::Type type, std::vector<Value> values) {
    rows.columns.push_back(Column::FromValues(type, values));
  };
  add(kernel::kVarchar, {Value::Varchar("a"), Value::Varchar("b"), Value::Varchar("c")});
  add(kernel::kBigint, {Value::Bigint(10), Value::Bigint(30), Value::Null(kernel::kBigint)});
  add(kernel::Decimal(10, 2), {Value::MakeDecimal(1250, 10, 2), Value::MakeDecimal(0, 10, 2),
                               Value::MakeDecimal(100, 10, 2)});
  add(kernel::kBoolean, {Value::Boolean(true), Value::Boolean(false), Value::Boolean(true)});
  add(kernel::kVarchar, {Value::Varchar("Rome"), Value::Varchar("Oslo"), Value::Varchar("Rome")});
  return rows;
}

const std::vector<std::string> kFeatures = {"recency", "basket", "loyal", "city"};

// A model folder of a logistic regression over the four features.
class ScoreOperatorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Batch features = Rows();
    features.names.erase(features.names.begin());
    features.columns.erase(features.columns.begin());
    MP_ASSERT_OK_AND_ASSIGN(auto encoder, kernel::Encoder::Fit(features));
    LogisticModel model(0.5, {{"recency", 20, 10, 1, -2},
                              {"basket", 1, 1, 0.1, 0},
                              {"loyal", 0, 1, 0, 0},
                              {"city", 0, 1, 0.25, 0}});
    Json list = {{"format", "millpond.features"}, {"version", 1},
                 {"entity", {"customer"}},        {"time", "as_of"},
                 {"request", Json::array()},      {"columns", kFeatures},
                 {"views", Json::array()}};
    folder_ = {.learner = "logistic",
               .model_bytes = model.ToJson(),
               .encoder_json = encoder.ToText(),
               .calibration_json = CalibrationMap::Platt(2, 0).ToJson(),
               .features_json = list.dump()};
  }

  Result<std::shared_ptr<const ScoringModel>> Open() {
    auto fs = MakeLocalFileSystem();
    for (const auto& [name, bytes] : platform::RenderModelFolder(folder_)) {
      std::string path = dir_ / name;
      MP_RETURN_IF_ERROR(fs->CreateDirectories(ParentPath(path)));
      MP_RETURN_IF_ERROR(fs->ReplaceFile(path, bytes));
    }
    return ScoringModel::Open(*fs, dir_.path());
  }

  testing::TempDir dir_;
  platform::ModelFolder folder_;
};

TEST_F(ScoreOperatorTest, GivesMarginProbabilityAndReasons) {
  MP_ASSERT_OK_AND_ASSIGN(auto model, Open());
  MP_ASSERT_OK_AND_ASSIGN(auto batch, platform::ToArrowBatch(Rows()));
  MP_ASSERT_OK_AND_ASSIGN(
      auto scoring, ScoreOperator::Make(model, batch->schema(), {"churn", 3, {"customer"}, 2}));
  MP_ASSERT_OK_AND_ASSIGN(auto answer, scoring->Apply(*batch));
  EXPECT_TRUE(answer->schema()->Equals(*scoring->output_schema()));
  EXPECT_EQ(answer->schema()->field_names(),
            (std::vector<std::string>{"customer", "model", "model_version", "margin", "probability",
                                      "reasons"}));
  MP_ASSERT_OK_AND_ASSIGN(Batch rows, platform::ToKernel(*answer));
  auto margins = rows.columns[3].doubles();
  // Rome is the commoner city: code 0; Oslo 1. A missing recency is worth -2.
  EXPECT_DOUBLE_EQ(margins[0], 0.5 - 1 + 0.1 * 11.5);
  EXPECT_DOUBLE_EQ(margins[1], 0.5 + 1 - 0.1 + 0.25);
  EXPECT_DOUBLE_EQ(margins[2], 0.5 - 2);
  EXPECT_DOUBLE_EQ(rows.columns[4].doubles()[2], 1 / (1 + std::exp(3.0)));
  EXPECT_EQ(rows.columns[0].text(1), "b");
  EXPECT_EQ(rows.columns[1].text(0), "churn");
  EXPECT_EQ(rows.columns[2].int64s()[0], 3);
  EXPECT_EQ(rows.columns[5].text(0), R"([{"feature":"basket","value":12.5,"contribution":1.15},)"
                                     R"({"feature":"recency","value":10,"contribution":-1.0}])");
  EXPECT_EQ(rows.columns[5].text(2), R"([{"feature":"recency","value":null,"contribution":-2.0}])");
}

TEST_F(ScoreOperatorTest, ARowDoesNotDependOnItsBatch) {
  MP_ASSERT_OK_AND_ASSIGN(auto model, Open());
  MP_ASSERT_OK_AND_ASSIGN(auto batch, platform::ToArrowBatch(Rows()));
  MP_ASSERT_OK_AND_ASSIGN(auto scoring,
                          ScoreOperator::Make(model, batch->schema(), {"churn", 3, {}, 3}));
  MP_ASSERT_OK_AND_ASSIGN(auto whole, scoring->Apply(*batch));
  for (int64_t row = 0; row < 3; ++row) {
    MP_ASSERT_OK_AND_ASSIGN(auto one, scoring->Apply(*batch->Slice(row, 1)));
    EXPECT_TRUE(one->Equals(*whole->Slice(row, 1)));
  }
}

TEST_F(ScoreOperatorTest, ThePinChangesWithEveryPartOfTheModel) {
  MP_ASSERT_OK_AND_ASSIGN(auto model, Open());
  MP_ASSERT_OK_AND_ASSIGN(auto batch, platform::ToArrowBatch(Rows()));
  auto pin = [&](std::shared_ptr<const ScoringModel> m) {
    auto scoring = ScoreOperator::Make(std::move(m), batch->schema(), {"churn", 3, {}, 3});
    return scoring.has_value() ? (*scoring)->version_pin() : "";
  };
  std::string before = pin(model);
  EXPECT_THAT(before, HasSubstr("churn v3 sha256:"));
  folder_.calibration_json = CalibrationMap().ToJson();
  MP_ASSERT_OK_AND_ASSIGN(auto recalibrated, Open());
  EXPECT_NE(pin(recalibrated), before);
}

TEST_F(ScoreOperatorTest, NamesColumnsThatAreMissingOrTaken) {
  MP_ASSERT_OK_AND_ASSIGN(auto model, Open());
  Batch rows = Rows();
  rows.names[1] = "age";
  MP_ASSERT_OK_AND_ASSIGN(auto batch, platform::ToArrowBatch(rows));
  EXPECT_THAT(ScoreOperator::Make(model, batch->schema(), {"churn", 3, {}, 3}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("no column recency")));
  rows = Rows();
  rows.names[0] = "Margin";
  MP_ASSERT_OK_AND_ASSIGN(batch, platform::ToArrowBatch(rows));
  EXPECT_THAT(ScoreOperator::Make(model, batch->schema(), {"churn", 3, {"Margin"}, 3}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("rename it")));
}

TEST_F(ScoreOperatorTest, RefusesFoldersThatDoNotFitTogether) {
  auto good = folder_;
  folder_.model_bytes = LogisticModel(0, {{"recency", 0, 1, 1, 0}}).ToJson();
  EXPECT_THAT(Open(), FailsWith(ErrorKind::kCorrupt, HasSubstr("takes 1 columns")));
  folder_ = good;
  folder_.features_json = R"({"format":"millpond.features","version":1})";
  EXPECT_THAT(Open(), FailsWith(ErrorKind::kCorrupt, HasSubstr("features.json")));
  folder_ = good;
  folder_.calibration_json = "{";
  EXPECT_THAT(Open(), FailsWith(ErrorKind::kCorrupt, HasSubstr("calibration.json")));
  EXPECT_THAT(ScoringModel::Open(*MakeLocalFileSystem(), dir_ / "nowhere"),
              FailsWith(ErrorKind::kNotFound, HasSubstr("nowhere")));
}

}  // namespace
}  // namespace millpond::model
