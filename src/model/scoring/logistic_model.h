// A logistic regression as a file and as arithmetic. training/logistic_regression.h fits it. The
// file is JSON (docs/formats/logistic_model.md):
//   {"format": "millpond.logistic", "version": 1, "intercept": b, "columns": [
//     {"name": …, "mean": μ, "scale": σ, "weight": w, "missing_weight": v}, …]}
// Margin, in doubles, columns in order, one rounding per operation (no fused multiply-add):
//   m = b;  for each column:  m = m + (NaN ? v : ((x − μ) / σ) · w)
// so that a missing value stands at the mean (adds 0) plus its own learned step v. ±inf are taken
// as the largest finite float of that sign. Thirty lines of numpy give the same bits.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/scoring/scorer.h"

namespace millpond::model {

struct LogisticColumn {
  std::string name;
  double mean = 0;
  double scale = 1;
  double weight = 0;
  double missing_weight = 0;
};

class LogisticModel final : public Scorer {
 public:
  LogisticModel(double intercept, std::vector<LogisticColumn> columns)
      : intercept_(intercept), columns_(std::move(columns)) {}

  static Result<LogisticModel> FromJson(std::string_view bytes, std::string_view what);
  std::string ToJson() const;

  size_t columns() const override { return columns_.size(); }
  using Scorer::Margins;
  Status Margins(MatrixView features, std::span<double> out) const override;
  // The summand of each column: distance from the training mean times weight.
  Result<double> Contributions(std::span<const float> row, std::span<double> out) const override;

  double Margin(const float* row) const;
  double intercept() const { return intercept_; }
  const std::vector<LogisticColumn>& terms() const { return columns_; }

 private:
  double intercept_;
  std::vector<LogisticColumn> columns_;
};

}  // namespace millpond::model
