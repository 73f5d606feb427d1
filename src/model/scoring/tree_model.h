// Our own walker for XGBoost's tree ensembles: loads the model file that XGBoost wrote (UBJSON or
// JSON, 1.7 to 3.x) and gives the same margins to the last bit, without the library, at a small
// fraction of its time (bench/tree_walk). tree_model_test compares it with the library over random
// models and inputs.
//
// Read: booster gbtree, one output, numerical splits, default directions, objectives
// binary:logistic, binary:logitraw and reg:squarederror. Everything else (dart, gblinear, several
// classes or targets, categorical splits) is kUnsupported by its name. A file that is not what
// XGBoost writes is kCorrupt: no input crashes the loader, reads out of bounds or makes a walk
// endless (cycles, shared nodes and indices out of range are refused at load).
//
// A value goes left iff value < split; NaN goes the split's default way; ±inf are values. Leaves
// are added as float32 in tree order, starting from the base margin, as XGBoost does.
//
// Contributions are Saabas's: walking down, each split's column gets the change of the node's
// expected margin (children weighted by their hessian sums). Cheap and deterministic, exact in sum,
// but, unlike SHAP values, dependent on the order of splits: for reasons, not for fairness audits.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/scoring/scorer.h"

namespace millpond::model {

class TreeModel final : public Scorer {
 public:
  static Result<std::unique_ptr<TreeModel>> Load(std::string_view bytes, std::string_view what);
  ~TreeModel() override;

  size_t columns() const override;
  using Scorer::Margins;
  Status Margins(MatrixView features, std::span<double> out) const override;
  Result<double> Contributions(std::span<const float> row, std::span<double> out) const override;

  // The float32 that XGBoost's output_margin gives; Margins is this, widened.
  Status FloatMargins(MatrixView features, std::span<float> out) const;
  // One row of columns() values, for the request path: no allocation, no check.
  float Margin(const float* row) const;

  size_t trees() const;
  const std::string& objective() const;
  float base_margin() const;
  const std::vector<std::string>& feature_names() const;  // empty if the file names none

 private:
  struct Forest;
  explicit TreeModel(std::unique_ptr<Forest> forest);
  std::unique_ptr<Forest> forest_;
};

}  // namespace millpond::model
