#include "model/training/logistic_regression.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/json.h"
#include "model/scoring/logistic_model.h"
#include "model/training/cholesky_internal.h"

namespace millpond::model {
namespace {

struct Settings {
  double l2 = 1;
  double tolerance = 1e-10;
  int max_iterations = 100;
};

Result<Settings> ReadSettings(const Json& params) {
  Settings s;
  if (!params.is_null() && !params.is_object()) {
    return Fail(ErrorKind::kInvalidArgument, "learner parameters must be a map of names to values");
  }
  for (const auto& [name, value] : params.items()) {
    if (name != "l2" && name != "tolerance" && name != "max_iterations") {
      return Fail(ErrorKind::kInvalidArgument,
                  "logistic regression has no parameter {}; it has l2, max_iterations, tolerance",
                  name);
    }
    double number = value.is_number() ? value.get<double>() : -1;
    if (!(number > 0 && number <= 1e9)) {
      return Fail(ErrorKind::kInvalidArgument, "learner parameter {} must be positive, not {}",
                  name, DumpJson(value));
    }
    if (name == "l2") s.l2 = number;
    if (name == "tolerance") s.tolerance = number;
    if (name == "max_iterations") s.max_iterations = static_cast<int>(std::ceil(number));
  }
  return s;
}

double Finite(float value) {
  if (std::isinf(value)) return std::copysign(std::numeric_limits<float>::max(), value);
  return value;
}

// log(1 + exp(x)) without overflow.
double Softplus(double x) {
  return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}

double Sigmoid(double x) {
  return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x));
}

// The design matrix: 1, the standardised columns, then an indicator for each column that misses
// values in some rows.
struct Design {
  std::vector<LogisticColumn> columns;
  std::vector<size_t> indicators;  // column of each
  std::vector<double> z;           // rows × width
  size_t width = 0;

  Design(const TrainingData& data, std::span<const double> weights) {
    MatrixView x = data.features;
    for (size_t c = 0; c < x.columns; ++c) Describe(data, weights, c);
    width = 1 + x.columns + indicators.size();
    z.resize(x.rows * width);
    for (size_t i = 0; i < x.rows; ++i) {
      double* row = z.data() + i * width;
      row[0] = 1;
      for (size_t c = 0; c < x.columns; ++c) {
        float value = x.row(i)[c];
        const LogisticColumn& column = columns[c];
        bool used = !std::isnan(value) && column.weight != 0;
        row[1 + c] = used ? (Finite(value) - column.mean) / column.scale : 0;
      }
      for (size_t k = 0; k < indicators.size(); ++k) {
        row[1 + x.columns + k] = std::isnan(x.row(i)[indicators[k]]) ? 1 : 0;
      }
    }
  }

 private:
  // Weight 1 marks a column that varies, 0 a constant one, until the fit sets both.
  void Describe(const TrainingData& data, std::span<const double> weights, size_t c) {
    MatrixView x = data.features;
    LogisticColumn column;
    column.name = data.names.empty() ? fmt::format("f{}", c) : data.names[c];
    double total = 0;
    double sum = 0;
    size_t missing = 0;
    for (size_t i = 0; i < x.rows; ++i) {
      float value = x.row(i)[c];
      if (std::isnan(value)) {
        ++missing;
        continue;
      }
      total += weights[i];
      sum += weights[i] * Finite(value);
    }
    if (missing > 0 && missing < x.rows) indicators.push_back(c);
    column.mean = total > 0 ? sum / total : 0;
    double squares = 0;
    for (size_t i = 0; i < x.rows; ++i) {
      float value = x.row(i)[c];
      double distance = std::isnan(value) ? 0 : Finite(value) - column.mean;
      squares += weights[i] * distance * distance;
    }
    double scale = total > 0 ? std::sqrt(squares / total) : 0;
    // A scale that is only the rounding of the mean is none.
    bool varies = scale > 1e-12 * std::abs(column.mean) && scale > 0;
    column.scale = varies ? scale : 1;
    column.weight = varies ? 1 : 0;
    columns.push_back(std::move(column));
  }
};

class Newton {
 public:
  Newton(const Design& design, const TrainingData& data, std::span<const double> weights, double l2)
      : design_(design), labels_(data.labels), weights_(weights), l2_(l2) {}

  double Margin(const std::vector<double>& beta, size_t i) const {
    const double* row = design_.z.data() + i * design_.width;
    double sum = 0;
    for (size_t k = 0; k < design_.width; ++k) sum += row[k] * beta[k];
    return sum;
  }

  double Loss(const std::vector<double>& beta) const {
    double loss = 0;
    for (size_t i = 0; i < labels_.size(); ++i) {
      double m = Margin(beta, i);
      loss += weights_[i] * Softplus(labels_[i] == 1.0F ? -m : m);
    }
    double squares = 0;
    for (size_t k = 1; k < beta.size(); ++k) squares += beta[k] * beta[k];
    return loss + l2_ / 2 * squares;
  }

  // The Newton step from beta, or nothing if the curvature has vanished in doubles.
  bool Step(const std::vector<double>& beta, std::vector<double>& step) const {
    size_t p = design_.width;
    std::vector<double> hessian(p * p, 0.0);
    step.assign(p, 0.0);
    for (size_t i = 0; i < labels_.size(); ++i) {
      double probability = Sigmoid(Margin(beta, i));
      double slope = weights_[i] * (static_cast<double>(labels_[i]) - probability);
      double curvature = weights_[i] * probability * (1 - probability);
      const double* row = design_.z.data() + i * p;
      for (size_t a = 0; a < p; ++a) {
        step[a] += slope * row[a];
        double scaled = curvature * row[a];
        double* line = hessian.data() + a * p;
        for (size_t b = 0; b <= a; ++b) line[b] += scaled * row[b];
      }
    }
    for (size_t k = 1; k < p; ++k) {
      step[k] -= l2_ * beta[k];
      hessian[k * p + k] += l2_;
    }
    return SolveByCholesky(hessian, step);
  }

 private:
  const Design& design_;
  std::span<const float> labels_;
  std::span<const double> weights_;
  double l2_;
};

std::vector<double> Moved(const std::vector<double>& from, const std::vector<double>& step,
                          double share) {
  std::vector<double> to = from;
  for (size_t k = 0; k < to.size(); ++k) to[k] += share * step[k];
  return to;
}

double LogOdds(std::span<const float> labels, std::span<const double> weights) {
  double positive = 0;
  double negative = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    (labels[i] == 1.0F ? positive : negative) += weights[i];
  }
  return std::log(positive / negative);
}

Result<std::vector<double>> Minimise(const Newton& newton, std::vector<double> beta,
                                     const Settings& s) {
  double loss = newton.Loss(beta);
  std::vector<double> step;
  for (int iteration = 0; iteration < s.max_iterations; ++iteration) {
    if (!newton.Step(beta, step)) {
      return Fail(
          ErrorKind::kInvalidArgument,
          "logistic regression lost its footing in iteration {}: the penalty l2 = {} is too "
          "small for these data; use a larger one",
          iteration, s.l2);
    }
    double share = 1;
    std::vector<double> next = Moved(beta, step, share);
    double next_loss = newton.Loss(next);
    while (!(next_loss < loss) && share > 1e-9) {
      share /= 2;
      next = Moved(beta, step, share);
      next_loss = newton.Loss(next);
    }
    if (!(next_loss < loss)) return beta;  // no way down is left in doubles
    bool done = loss - next_loss <= s.tolerance * std::abs(loss);
    beta = std::move(next);
    loss = next_loss;
    if (done) return beta;
  }
  return Fail(ErrorKind::kInvalidArgument,
              "logistic regression did not converge in {} iterations; raise max_iterations or l2",
              s.max_iterations);
}

}  // namespace

Result<std::string> LogisticRegression::Fit(const TrainingData& data, const Json& params,
                                            uint64_t /*seed*/) const {
  MP_ASSIGN_OR_RETURN(Settings settings, ReadSettings(params));
  MP_RETURN_IF_ERROR(CheckTrainingData(data));
  std::vector<double> weights(data.features.rows, 1.0);
  std::copy(data.weights.begin(), data.weights.end(), weights.begin());
  Design design(data, weights);
  std::vector<double> beta(design.width, 0.0);
  beta[0] = LogOdds(data.labels, weights);
  MP_ASSIGN_OR_RETURN(
      beta, Minimise(Newton(design, data, weights, settings.l2), std::move(beta), settings));
  std::vector<LogisticColumn> columns = std::move(design.columns);
  for (size_t c = 0; c < columns.size(); ++c) {
    columns[c].weight = columns[c].weight == 0 ? 0 : beta[1 + c];
  }
  for (size_t k = 0; k < design.indicators.size(); ++k) {
    columns[design.indicators[k]].missing_weight = beta[1 + columns.size() + k];
  }
  return LogisticModel(beta[0], std::move(columns)).ToJson();
}

}  // namespace millpond::model
