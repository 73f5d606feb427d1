// Scoring as a step of a pipeline: rows with a model's features in, the same rows without them but
// with margin, probability and reasons out.
//
//   kept columns …, model STRING, model_version BIGINT, margin DOUBLE, probability DOUBLE,
//   reasons STRING (JSON, scoring_model.h)
//
// A row's answer depends on that row alone.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "model/scoring/scoring_model.h"
#include "pipeline/flows/batch_operator.h"

namespace millpond::model {

class ScoreOperator final : public pipeline::BatchOperator {
 public:
  struct Options {
    std::string model;
    int64_t model_version = 0;
    std::vector<std::string> keep;  // columns of the input that go through
    int reasons = 3;
  };

  // `input` must have every column of `keep` and of the model's encoder. kInvalidArgument names one
  // that is missing, or one to keep that has the name of a column of the answer.
  static Result<std::unique_ptr<ScoreOperator>> Make(std::shared_ptr<const ScoringModel> model,
                                                     std::shared_ptr<arrow::Schema> input,
                                                     Options options);

  std::shared_ptr<arrow::Schema> input_schema() const override { return input_; }
  std::shared_ptr<arrow::Schema> output_schema() const override { return output_; }
  std::string version_pin() const override;
  Result<std::shared_ptr<arrow::RecordBatch>> Apply(const arrow::RecordBatch& batch) override;

 private:
  ScoreOperator(std::shared_ptr<const ScoringModel> model, std::shared_ptr<arrow::Schema> input,
                Options options)
      : model_(std::move(model)), input_(std::move(input)), options_(std::move(options)) {}

  std::shared_ptr<const ScoringModel> model_;
  std::shared_ptr<arrow::Schema> input_;
  std::shared_ptr<arrow::Schema> output_;
  Options options_;
};

}  // namespace millpond::model
