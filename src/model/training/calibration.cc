#include "model/training/calibration.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "model/evaluation/metrics.h"

namespace millpond::model {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

struct Block {
  double low, high;  // margins
  int64_t positives, rows;
};

// Adjacent blocks whose shares do not ascend become one; compared exactly, in integers.
std::vector<Block> PoolAdjacentViolators(std::span<const double> margins,
                                         std::span<const float> labels) {
  std::vector<size_t> order(margins.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return margins[a] != margins[b] ? margins[a] < margins[b] : a < b;
  });
  std::vector<Block> blocks;
  for (size_t at = 0; at < order.size();) {
    double margin = margins[order[at]];
    Block block{margin, margin, 0, 0};
    for (; at < order.size() && margins[order[at]] == margin; ++at) {
      block.positives += labels[order[at]] == 1.0F ? 1 : 0;
      ++block.rows;
    }
    while (!blocks.empty() &&
           blocks.back().positives * block.rows >= block.positives * blocks.back().rows) {
      block.low = blocks.back().low;
      block.positives += blocks.back().positives;
      block.rows += blocks.back().rows;
      blocks.pop_back();
    }
    blocks.push_back(block);
  }
  return blocks;
}

double Softplus(double x) {
  return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}

// Platt's smoothed targets instead of 0 and 1 keep the optimum finite on separable data.
struct PlattProblem {
  std::span<const double> margins;
  std::span<const float> labels;
  double high, low;
  double center, unit;  // margins are shifted and scaled, for the numbers to be tame

  double x(size_t i) const { return (margins[i] - center) / unit; }
  double target(size_t i) const { return labels[i] == 1.0F ? high : low; }

  double Loss(double a, double b) const {
    double sum = 0;
    for (size_t i = 0; i < labels.size(); ++i) {
      double m = a * x(i) + b;
      sum += Softplus(m) - target(i) * m;
    }
    return sum;
  }
};

PlattProblem MakePlatt(std::span<const double> margins, std::span<const float> labels) {
  auto n = static_cast<double>(margins.size());
  auto positives = static_cast<double>(std::count(labels.begin(), labels.end(), 1.0F));
  PlattProblem p{margins, labels, (positives + 1) / (positives + 2), 1 / (n - positives + 2), 0, 1};
  for (double m : margins) p.center += m / n;
  double squares = 0;
  for (double m : margins) squares += (m - p.center) * (m - p.center) / n;
  if (squares > 0 && std::isfinite(squares)) p.unit = std::sqrt(squares);
  return p;
}

// Newton with halved steps for two parameters.
void MinimisePlatt(const PlattProblem& p, double& a, double& b) {
  double loss = p.Loss(a, b);
  for (int iteration = 0; iteration < 100; ++iteration) {
    double ga = 0, gb = 0, haa = 1e-12, hab = 0, hbb = 1e-12;
    for (size_t i = 0; i < p.labels.size(); ++i) {
      double x = p.x(i);
      double probability = 1 / (1 + std::exp(-(a * x + b)));
      double slope = probability - p.target(i);
      double curvature = probability * (1 - probability);
      ga += slope * x;
      gb += slope;
      haa += curvature * x * x;
      hab += curvature * x;
      hbb += curvature;
    }
    double determinant = haa * hbb - hab * hab;
    double da = -(hbb * ga - hab * gb) / determinant;
    double db = -(haa * gb - hab * ga) / determinant;
    double share = 1;
    while (!(p.Loss(a + share * da, b + share * db) < loss) && share > 1e-10) share /= 2;
    double next = p.Loss(a + share * da, b + share * db);
    if (!(next < loss)) return;
    a += share * da;
    b += share * db;
    bool done = loss - next <= 1e-12 * loss;
    loss = next;
    if (done) return;
  }
}

Result<CalibrationMap> FitKind(CalibrationKind kind, std::span<const double> margins,
                               std::span<const float> labels) {
  if (kind == CalibrationKind::kPlatt) return FitPlatt(margins, labels);
  if (kind == CalibrationKind::kIsotonic) return FitIsotonic(margins, labels);
  return CalibrationMap();
}

Status CheckBothLabels(std::span<const double> margins, std::span<const float> labels) {
  MP_RETURN_IF_ERROR(CheckEvaluation(margins, labels));
  for (size_t i = 0; i < margins.size(); ++i) {
    if (std::isinf(margins[i])) {
      return Fail(ErrorKind::kInvalidArgument, "the margin of calibration row {} is infinite", i);
    }
  }
  auto positives = static_cast<size_t>(std::count(labels.begin(), labels.end(), 1.0F));
  if (positives == 0 || positives == labels.size()) {
    return Fail(ErrorKind::kInvalidArgument,
                "all {} calibration rows have the same label; choose a slice with both",
                labels.size());
  }
  return OkStatus();
}

// Mean log loss of a kind over all rows, each predicted by a map that has not seen its fold.
double HeldOutLoss(CalibrationKind kind, std::span<const double> margins,
                   std::span<const float> labels, std::span<const int> fold_of, int folds) {
  double loss = 0;
  for (int fold = 0; fold < folds; ++fold) {
    std::vector<double> fit_margins;
    std::vector<float> fit_labels;
    for (size_t i = 0; i < labels.size(); ++i) {
      if (fold_of[i] == fold) continue;
      fit_margins.push_back(margins[i]);
      fit_labels.push_back(labels[i]);
    }
    auto map = FitKind(kind, fit_margins, fit_labels);
    if (!map.has_value()) return kUndefined;
    for (size_t i = 0; i < labels.size(); ++i) {
      if (fold_of[i] == fold) loss += RowLogLoss(map->Probability(margins[i]), labels[i]);
    }
  }
  return loss / static_cast<double>(labels.size());
}

// SplitMix's finaliser: ids that are counters still spread evenly.
uint64_t Mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

}  // namespace

Result<CalibrationMap> FitIsotonic(std::span<const double> margins, std::span<const float> labels) {
  MP_RETURN_IF_ERROR(CheckBothLabels(margins, labels));
  double edge = 0.5 / (static_cast<double>(margins.size()) + 1);
  std::vector<double> x;
  std::vector<double> y;
  for (const Block& block : PoolAdjacentViolators(margins, labels)) {
    double share = static_cast<double>(block.positives) / static_cast<double>(block.rows);
    double level = std::clamp(share, edge, 1 - edge);
    x.push_back(block.low);
    y.push_back(level);
    if (block.high == block.low) continue;
    x.push_back(block.high);
    y.push_back(level);
  }
  return CalibrationMap::Isotonic(std::move(x), std::move(y));
}

Result<CalibrationMap> FitPlatt(std::span<const double> margins, std::span<const float> labels) {
  MP_RETURN_IF_ERROR(CheckBothLabels(margins, labels));
  PlattProblem problem = MakePlatt(margins, labels);
  auto positives = static_cast<double>(std::count(labels.begin(), labels.end(), 1.0F));
  double a = 0;
  double b = std::log(positives / (static_cast<double>(labels.size()) - positives));
  MinimisePlatt(problem, a, b);
  if (!(a >= 0) || !std::isfinite(b)) {
    return Fail(ErrorKind::kInvalidArgument,
                "on the calibration slice higher margins go with fewer positives (slope {}): the "
                "model ranks backwards there",
                a / problem.unit);
  }
  return CalibrationMap::Platt(a / problem.unit, b - a * problem.center / problem.unit);
}

Result<CalibrationChoice> ChooseCalibration(std::span<const double> margins,
                                            std::span<const float> labels,
                                            std::span<const uint64_t> entities,
                                            std::span<const CalibrationKind> kinds, int folds) {
  MP_RETURN_IF_ERROR(CheckEvaluation(margins, labels));
  if (entities.size() != labels.size() || folds < 2) {
    return Fail(ErrorKind::kInvalidArgument,
                "calibration needs one entity a row ({} for {}) and at least 2 folds, not {}",
                entities.size(), labels.size(), folds);
  }
  std::vector<int> fold_of;
  for (uint64_t entity : entities) {
    fold_of.push_back(static_cast<int>(Mix(entity) % static_cast<uint64_t>(folds)));
  }
  CalibrationChoice choice;
  choice.held_out_log_loss.fill(kUndefined);
  auto none = static_cast<size_t>(CalibrationKind::kNone);
  choice.held_out_log_loss[none] =
      HeldOutLoss(CalibrationKind::kNone, margins, labels, fold_of, folds);
  int64_t positives = std::count(labels.begin(), labels.end(), 1.0F);
  int64_t negatives = static_cast<int64_t>(labels.size()) - positives;
  if (positives < 2 * folds || negatives < 2 * folds) return choice;
  double best = std::numeric_limits<double>::infinity();
  for (CalibrationKind kind : kAllCalibrations) {
    double loss = HeldOutLoss(kind, margins, labels, fold_of, folds);
    choice.held_out_log_loss[static_cast<size_t>(kind)] = loss;
    bool allowed = std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
    if (!allowed || !(loss < best)) continue;
    auto map = FitKind(kind, margins, labels);
    if (!map.has_value()) continue;
    best = loss;
    choice.map = std::move(map).value();
  }
  return choice;
}

}  // namespace millpond::model
