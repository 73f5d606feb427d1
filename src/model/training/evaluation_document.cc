#include "model/training/evaluation_document.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "model/evaluation/bootstrap.h"
#include "model/evaluation/curves.h"
#include "model/evaluation/metrics.h"

namespace millpond::model {

namespace {

// Below this share of positives an accuracy says nothing, and the document explains it.
constexpr double kRare = 0.2;

struct Measured {
  std::vector<Metric> metrics;
  BootstrapResult result;
};

std::vector<Metric> MetricsOf(const ModelDefinition& definition, size_t rows) {
  std::vector<Metric> metrics = {{.kind = MetricKind::kAveragePrecision},
                                 {.kind = MetricKind::kRocAuc},
                                 {.kind = MetricKind::kLogLoss},
                                 {.kind = MetricKind::kBrier}};
  for (const TopK& top : definition.precision_at) {
    const double k = top.is_share ? std::round(top.value * static_cast<double>(rows)) : top.value;
    if (k < 1) continue;
    metrics.push_back({.kind = MetricKind::kPrecisionAtK, .k = k});
    metrics.push_back({.kind = MetricKind::kLiftAtK, .k = k});
  }
  return metrics;
}

Result<Measured> Measure(const ModelDefinition& definition, const ExampleSet& test,
                         const FittedModel& fitted, TaskPool& pool) {
  std::vector<Prediction> predictions;
  for (const Contender& contender : fitted.contenders) {
    predictions.push_back({contender.name, contender.test_margins, contender.test_probabilities});
  }
  auto metrics = MetricsOf(definition, test.labels.size());
  MP_ASSIGN_OR_RETURN(
      auto result,
      ClusteredBootstrap(
          test.labels, test.clusters, predictions, metrics,
          {.replicates = definition.bootstrap, .seed = definition.seed + 1, .pool = &pool}));
  return Measured{std::move(metrics), std::move(result)};
}

Json ToJson(const Interval& interval) {
  return {{"value", interval.value}, {"low", interval.low}, {"high", interval.high}};
}

void AddMetrics(const Measured& measured, const FittedModel& fitted, Json& document) {
  Json metrics = Json::array(), differences = Json::array();
  for (size_t i = 0; i < fitted.contenders.size(); ++i) {
    for (size_t m = 0; m < measured.metrics.size(); ++m) {
      Json entry = ToJson(measured.result.value(i, m));
      entry["prediction"] = fitted.contenders[i].name;
      entry["metric"] = measured.metrics[m].name();
      metrics.push_back(std::move(entry));
      if (i == 0) continue;
      Json difference = ToJson(measured.result.difference(0, i, m));
      difference["prediction"] = "model";
      difference["against"] = fitted.contenders[i].name;
      difference["metric"] = measured.metrics[m].name();
      differences.push_back(std::move(difference));
    }
  }
  document["metrics"] = std::move(metrics);
  document["differences"] = std::move(differences);
}

// Ranking is not all: whose probabilities are nearer to what happened.
std::string LogLossSentence(const ModelDefinition& definition, const Measured& measured,
                            size_t other) {
  const auto found = std::ranges::find(measured.metrics, MetricKind::kLogLoss, &Metric::kind);
  const auto metric = static_cast<size_t>(found - measured.metrics.begin());
  const Interval difference = measured.result.difference(0, other, metric);
  std::string_view whose = "are as good as its";
  if (difference.high < 0) whose = "are nevertheless better than its";
  if (difference.low > 0) whose = "are worse than its, too";
  return fmt::format(" The probabilities of {} {} (log loss {:.3f} against {:.3f}).",
                     definition.learner, whose, measured.result.value(0, metric).value,
                     measured.result.value(other, metric).value);
}

// One sentence per baseline, on average precision: beats, loses, or cannot be told apart.
std::string Verdict(const ModelDefinition& definition, const Measured& measured,
                    const FittedModel& fitted) {
  std::string verdict;
  for (size_t i = 1; i < fitted.contenders.size(); ++i) {
    const Interval difference = measured.result.difference(0, i, 0);
    std::string_view what = "cannot be told apart from";
    if (difference.low > 0) what = "beats";
    if (difference.high < 0) what = "LOSES to";
    verdict += fmt::format(
        "{}{} {} {} by average precision ({:.3f} against {:.3f}; difference {:+.3f}, "
        "{:+.3f} to {:+.3f}).",
        verdict.empty() ? "" : " ", definition.learner, what, fitted.contenders[i].name,
        measured.result.value(0, 0).value, measured.result.value(i, 0).value, difference.value,
        difference.low, difference.high);
    if (fitted.contenders[i].name == "logistic" && difference.high < 0) {
      verdict += " The simpler model ranks better here: consider learner: {kind: logistic}.";
      verdict += LogLossSentence(definition, measured, i);
    }
  }
  return verdict;
}

Json Threshold(const ExampleSet& test, const Contender& model, double prevalence) {
  const Confusion at = ConfusionAt(model.test_probabilities, test.labels, 0.5);
  std::string remark;
  if (prevalence < kRare) {
    remark = fmt::format(
        "Only {:.1f} % of the rows are positive. To say \"never\" is right in {:.1f} % of the "
        "cases "
        "and finds nobody; a threshold of 0.5 calls {} of {} rows positive and finds {:.1f} % of "
        "the "
        "positives. Accuracy and 0.5 say nothing here: choose by capacity (precision at k) and "
        "by what a success is worth.",
        100 * prevalence, 100 * (1 - prevalence), at.true_positives + at.false_positives,
        test.labels.size(), 100 * at.recall());
  }
  return {{"threshold", 0.5},
          {"accuracy", at.accuracy()},
          {"precision", at.precision()},
          {"recall", at.recall()},
          {"predicted_positive", at.true_positives + at.false_positives},
          {"never", {{"accuracy", 1 - prevalence}}},
          {"remark", remark}};
}

Json Reliability(std::span<const double> probabilities, std::span<const float> labels) {
  Json bins = Json::array();
  for (const ReliabilityBin& bin : ReliabilityCurve(probabilities, labels)) {
    bins.push_back({{"rows", bin.rows},
                    {"low", bin.low},
                    {"high", bin.high},
                    {"mean_probability", bin.mean_probability},
                    {"positive_share", bin.positive_share}});
  }
  return {{"log_loss", LogLoss(probabilities, labels)},
          {"brier", BrierScore(probabilities, labels)},
          {"ece", ExpectedCalibrationError(probabilities, labels)},
          {"bins", bins}};
}

// Says so where the calibration that won on its slice does not help on the later one.
std::string CalibrationRemark(const ExampleSet& test, const Contender& model,
                              std::span<const double> before) {
  const std::string_view kind = ToString(model.calibration.kind());
  if (kind == "none") return "No calibration did better on the calibration part than none.";
  const double without = LogLoss(before, test.labels);
  const double with = LogLoss(model.test_probabilities, test.labels);
  return fmt::format(
      "{} won on the calibration part; on the later test part it {} (log loss {:.4f} "
      "without, {:.4f} with).",
      kind, with < without ? "helps" : "does NOT help", without, with);
}

Json BeforeAfter(const ExampleSet& test, const Contender& model) {
  Json held_out = Json::object();
  for (auto kind : {CalibrationKind::kNone, CalibrationKind::kPlatt, CalibrationKind::kIsotonic}) {
    held_out[std::string(ToString(kind))] = model.held_out_log_loss[static_cast<int>(kind)];
  }
  const auto before = CalibrationMap().Probabilities(model.test_margins);
  return {{"before", Reliability(before, test.labels)},
          {"after", Reliability(model.test_probabilities, test.labels)},
          {"held_out_log_loss", held_out},
          {"remark", CalibrationRemark(test, model, before)}};
}

void AddCurves(const ExampleSet& test, const FittedModel& fitted, Json& document) {
  Json precision_recall = Json::object(), lift = Json::object();
  for (const Contender& contender : fitted.contenders) {
    Json points = Json::array();
    for (const auto& point : PrecisionRecallCurve(contender.test_margins, test.labels)) {
      points.push_back({{"threshold", point.threshold},
                        {"precision", point.precision},
                        {"recall", point.recall}});
    }
    precision_recall[contender.name] = std::move(points);
    points = Json::array();
    for (const auto& point : LiftCurve(contender.test_margins, test.labels)) {
      points.push_back({{"share", point.share}, {"lift", point.lift}, {"recall", point.recall}});
    }
    lift[contender.name] = std::move(points);
  }
  document["precision_recall"] = std::move(precision_recall);
  document["lift"] = std::move(lift);
}

// The entities that the intervals are about: those of the test part.
size_t ClustersOf(const ExampleSet& test) {
  return std::set<uint64_t>(test.clusters.begin(), test.clusters.end()).size();
}

// By T; where nearly every row has its own, by day.
Json ByMoment(const ExampleSet& test, const Contender& model) {
  std::map<Micros, std::vector<size_t>> groups;
  for (size_t row = 0; row < test.moments.size(); ++row) groups[test.moments[row]].push_back(row);
  if (groups.size() > 366) {
    groups.clear();
    for (size_t row = 0; row < test.moments.size(); ++row) {
      groups[test.moments[row] / kMicrosPerDay * kMicrosPerDay].push_back(row);
    }
  }
  Json moments = Json::array();
  for (const auto& [moment, rows] : groups) {
    std::vector<double> margins;
    std::vector<float> labels;
    for (size_t row : rows) {
      margins.push_back(model.test_margins[row]);
      labels.push_back(test.labels[row]);
    }
    moments.push_back({{"as_of", FormatTimestamp(moment)},
                       {"rows", rows.size()},
                       {"positives", std::ranges::count(labels, 1.0F)},
                       {"average_precision", AveragePrecision(margins, labels)}});
  }
  return moments;
}

}  // namespace

Result<Json> EvaluateModel(const ModelDefinition& definition, const Examples& examples,
                           const FittedModel& fitted, const LeakFindings& findings,
                           TaskPool& pool) {
  const ExampleSet& test = examples.part(SplitName::kTest);
  for (const Contender& contender : fitted.contenders) {
    MP_RETURN_IF_ERROR_CONTEXT(CheckEvaluation(contender.test_margins, test.labels),
                               "while measuring '{}' of model {}", contender.name, definition.name);
  }
  MP_ASSIGN_OR_RETURN(auto measured, Measure(definition, test, fitted, pool));
  const SplitCount& count = examples.split.counts[static_cast<int>(SplitName::kTest)];
  const double prevalence = static_cast<double>(count.positives) / static_cast<double>(count.rows);
  Json names = Json::array();
  for (const Contender& contender : fitted.contenders) names.push_back(contender.name);
  Json document = {{"format", "millpond.evaluation"},
                   {"version", 1},
                   {"model", definition.name},
                   {"learner", definition.learner},
                   {"calibration", ToString(fitted.model().calibration.kind())},
                   {"splits", examples.split.ToJson()},
                   {"clusters", {{"columns", definition.cluster}, {"count", ClustersOf(test)}}},
                   {"bootstrap", {{"replicates", definition.bootstrap}, {"level", 0.95}}},
                   {"predictions", names},
                   {"verdict", Verdict(definition, measured, fitted)},
                   {"threshold", Threshold(test, fitted.model(), prevalence)},
                   {"calibration_before_after", BeforeAfter(test, fitted.model())},
                   {"action", DescribeAction(definition, test, fitted)},
                   {"by_moment", ByMoment(test, fitted.model())},
                   {"features", DescribeFeatures(examples, fitted, findings)},
                   {"training_rows_used", fitted.training_rows_used},
                   {"leak_check", findings.ToJson()},
                   {"warnings", findings.warnings}};
  AddMetrics(measured, fitted, document);
  AddCurves(test, fitted, document);
  return document;
}

}  // namespace millpond::model
