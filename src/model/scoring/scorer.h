// A fitted model as the rest of Millpond uses it: encoded rows in, raw margins out. Ranking and
// top-k cuts use the margin; a probability is a CalibrationMap (calibration_map.h) applied to it.
//
// A Scorer is immutable and safe to use from many threads. The margin of a row depends on that row
// alone: batch size, position and threads do not change a bit of it.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/scoring/matrix.h"

namespace millpond::model {

class Scorer {
 public:
  virtual ~Scorer() = default;

  virtual size_t columns() const = 0;

  // Writes one margin a row; out.size() == features.rows. Fails (kInvalidArgument) if the matrix
  // has another number of columns.
  virtual Status Margins(MatrixView features, std::span<double> out) const = 0;

  // What each column adds to one row's margin: margin ≈ bias + Σ contributions (up to rounding).
  // Returns the bias; out.size() == columns(). What exactly is attributed, the model says.
  virtual Result<double> Contributions(std::span<const float> row, std::span<double> out) const = 0;

  Result<std::vector<double>> Margins(MatrixView features) const {
    std::vector<double> out(features.rows);
    MP_RETURN_IF_ERROR(Margins(features, out));
    return out;
  }
};

// Files a model folder may hold. kind: "xgboost" (UBJSON or JSON as XGBoost 1.7 to 3.x write it) or
// "logistic" (logistic_model.h). `what` names the file in errors.
Result<std::unique_ptr<Scorer>> LoadScorer(std::string_view kind, std::string_view bytes,
                                           std::string_view what);

}  // namespace millpond::model
