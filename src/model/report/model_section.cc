#include "model/report/model_section.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "model/report/document_values_internal.h"
#include "model/report/model_parts_internal.h"

namespace millpond::model {
namespace {

constexpr size_t kOpenCharts = 16;  // of the features that matter most; the others are folded away

// "0.712 (0.703 to 0.721)".
std::string WithInterval(const Json& entry) {
  std::string text = FormatNumber(NumberOf(entry, "value"));
  double low = NumberOf(entry, "low"), high = NumberOf(entry, "high");
  if (std::isfinite(low) && std::isfinite(high)) {
    text += fmt::format(" ({} to {})", FormatNumber(low), FormatNumber(high));
  }
  return text;
}

void AddSplits(Page& page, const Json& splits) {
  ReportTable table{
      {"split", "first T", "last T", "rows", "positives", "share", "label not known yet", "purged"},
      {}};
  for (const char* name : {"train", "calibrate", "test"}) {
    const Json& split = Member(splits, name);
    if (!split.is_object()) continue;
    table.rows.push_back({name, TextOf(split, "from").substr(0, 10),
                          TextOf(split, "to").substr(0, 10), CountOf(split, "rows"),
                          CountOf(split, "positives"), FormatNumber(NumberOf(split, "prevalence")),
                          CountOf(split, "waiting"), CountOf(split, "purged")});
  }
  page.Heading("What it learned from and what it was measured on");
  page.Table(table);
}

// One row a thing that was measured, one column a metric, in the order of their first mention.
class MetricGrid {
 public:
  void Add(const std::string& row, const Json& entry) {
    std::string metric = TextOf(entry, "metric");
    Note(metrics_, metric);
    Note(rows_, row);
    cells_[{row, metric}] = WithInterval(entry);
  }

  ReportTable Table(const std::string& corner) {
    ReportTable table{{corner}, {}};
    table.header.insert(table.header.end(), metrics_.begin(), metrics_.end());
    for (const auto& name : rows_) {
      auto& row = table.rows.emplace_back(std::vector<std::string>{name});
      for (const auto& metric : metrics_) row.push_back(cells_[{name, metric}]);
    }
    return table;
  }

 private:
  static void Note(std::vector<std::string>& names, const std::string& name) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }

  std::vector<std::string> metrics_, rows_;
  std::map<std::pair<std::string, std::string>, std::string> cells_;
};

void AddMetrics(Page& page, const Json& evaluation) {
  MetricGrid metrics, differences;
  for (const Json& entry : Member(evaluation, "metrics")) {
    metrics.Add(TextOf(entry, "prediction"), entry);
  }
  for (const Json& entry : Member(evaluation, "differences")) {
    differences.Add(fmt::format("{} - {}", TextOf(entry, "prediction"), TextOf(entry, "against")),
                    entry);
  }
  page.Heading("The model beside its baselines, on the test split");
  page.Table(metrics.Table("value (95 % interval)"));
  if (const Json& clusters = Member(evaluation, "clusters"); clusters.is_object()) {
    page.Paragraph(fmt::format("Intervals from {} resamples of the {} entities of the test split.",
                               CountOf(Member(evaluation, "bootstrap"), "replicates"),
                               CountOf(clusters, "count")));
  }
  page.Heading("Differences on the same rows");
  page.Table(differences.Table("difference (95 % interval)"));
}

ChartSeries SeriesOf(const std::string& name, const Json& points, const char* x, const char* y) {
  ChartSeries series;
  series.name = name;
  series.style = name == "model" ? ChartSeries::Style::kLine : ChartSeries::Style::kDashed;
  for (const Json& point : points) {
    if (std::isfinite(NumberOf(point, x)))
      series.points.emplace_back(NumberOf(point, x), NumberOf(point, y));
  }
  return series;
}

void AddCurves(Page& page, const Json& evaluation) {
  Chart precision{"Precision and recall", "recall", "precision", {}, {}};
  for (const auto& [name, points] : Member(evaluation, "precision_recall").items()) {
    precision.series.push_back(SeriesOf(name, points, "recall", "precision"));
  }
  if (!precision.series.empty()) page.AddChart(precision);
  Chart lift{"Lift at k", "share of rows chosen", "lift", {}, {}};
  for (const auto& [name, points] : Member(evaluation, "lift").items()) {
    lift.series.push_back(SeriesOf(name, points, "share", "lift"));
  }
  if (!lift.series.empty()) page.AddChart(lift);
}

void AddCalibration(Page& page, const Json& evaluation) {
  const Json& both = Member(evaluation, "calibration_before_after");
  if (!both.is_object()) return;
  Chart chart{"Reliability", "predicted probability", "share of positives", {}, {}};
  chart.series.push_back({"perfect", {{0, 0}, {1, 1}}, ChartSeries::Style::kDashed});
  ReportTable table{{fmt::format("calibration: {}", TextOf(evaluation, "calibration")), "log loss",
                     "Brier", "ECE"},
                    {}};
  double largest = 0;
  for (const char* when : {"before", "after"}) {
    const Json& part = Member(both, when);
    auto series = SeriesOf(when, Member(part, "bins"), "mean_probability", "positive_share");
    series.style = ChartSeries::Style::kPoints;
    for (const auto& [x, y] : series.points) largest = std::max({largest, x, y});
    chart.series.push_back(std::move(series));
    table.rows.push_back({when, FormatNumber(NumberOf(part, "log_loss"), 4),
                          FormatNumber(NumberOf(part, "brier"), 4),
                          FormatNumber(NumberOf(part, "ece"), 4)});
  }
  chart.series[0].points[1] = {largest, largest};
  page.AddChart(chart);
  page.Table(table);
  if (std::string remark = TextOf(both, "remark"); !remark.empty()) page.Paragraph(remark);
}

void AddMoments(Page& page, const Json& evaluation) {
  Chart chart{"Average precision by T", "T", "average precision", {}, {}};
  ChartSeries precision{"average precision", {}, ChartSeries::Style::kPoints};
  ChartSeries share{"share of positives", {}, ChartSeries::Style::kDashed};
  for (const Json& moment : Member(evaluation, "by_moment")) {
    double x = static_cast<double>(chart.x_names.size()), rows = NumberOf(moment, "rows");
    chart.x_names.push_back(TextOf(moment, "as_of").substr(0, 10));
    precision.points.emplace_back(x, NumberOf(moment, "average_precision"));
    share.points.emplace_back(x, NumberOf(moment, "positives") / rows);
  }
  // One moment is no development; a picture of hundreds of them is none either.
  if (chart.x_names.size() < 2 || chart.x_names.size() > 60) return;
  chart.series = {precision, share};
  page.AddChart(chart);
}

void AddThreshold(Page& page, const Json& threshold) {
  const std::string remark = TextOf(threshold, "remark");
  if (remark.empty()) return;  // it is one way to look at the model, and misleads nobody
  page.Heading("Why not accuracy at 0.5");
  page.Table(
      {{"rule", "accuracy", "precision", "recall", "called positive"},
       {{fmt::format("probability >= {}", FormatNumber(NumberOf(threshold, "threshold"), 2)),
         FormatNumber(NumberOf(threshold, "accuracy")),
         FormatNumber(NumberOf(threshold, "precision")),
         FormatNumber(NumberOf(threshold, "recall")), CountOf(threshold, "predicted_positive")},
        {"always \"no\"", FormatNumber(NumberOf(Member(threshold, "never"), "accuracy")), "-",
         FormatNumber(0), "0"}}});
  page.Paragraph(remark);
}

Chart HistogramOf(const Json& feature) {
  const Json& histogram = Member(feature, "histogram");
  Chart chart{TextOf(feature, "name"), "", "share of rows", {}, {}};
  const Json& edges = Member(histogram, "edges");
  for (const char* split : {"train", "test"}) {
    ChartSeries series{split, {}, ChartSeries::Style::kBars};
    for (const Json& share : Member(histogram, split)) {
      series.points.emplace_back(series.points.size(),
                                 share.is_number() ? share.get<double>() : std::nan(""));
    }
    if (!series.points.empty()) chart.series.push_back(std::move(series));
  }
  for (size_t i = 0; !chart.series.empty() && i < chart.series[0].points.size(); ++i) {
    const Json edge = edges.is_array() && i < edges.size() ? edges[i] : Json();
    chart.x_names.push_back(edge.is_string()   ? edge.get<std::string>()
                            : edge.is_number() ? fmt::format("{:.4g}", edge.get<double>())
                                               : "");
  }
  return chart;
}

void AddFeatures(Page& page, const Json& features) {
  if (!features.is_array() || features.empty()) return;
  page.Heading("Features");
  ReportTable table{{"feature", "importance", "alone: average precision", "missing (train)",
                     "missing (test)", "mean (train)", "mean (test)"},
                    {}};
  for (const Json& feature : features) {
    const Json& train = Member(Member(feature, "splits"), "train");
    const Json& test = Member(Member(feature, "splits"), "test");
    table.rows.push_back(
        {TextOf(feature, "name"), FormatNumber(NumberOf(feature, "importance")),
         FormatNumber(NumberOf(feature, "single_average_precision")),
         FormatNumber(NumberOf(train, "missing")), FormatNumber(NumberOf(test, "missing")),
         FormatNumber(NumberOf(train, "mean"), 2), FormatNumber(NumberOf(test, "mean"), 2)});
  }
  page.Table(table);
  page.Heading("Feature distributions, training against test");
  const bool folds = features.size() > kOpenCharts;
  for (size_t i = 0; i < features.size(); ++i) {
    if (folds && i == kOpenCharts) {
      page.BeginDetails(fmt::format("{} more features", features.size() - kOpenCharts));
    }
    Chart chart = HistogramOf(features[i]);
    if (!chart.series.empty()) page.AddChart(chart);
  }
  if (folds) page.EndDetails();
}

bool BeatsLogistic(const Json& evaluation) {
  for (const Json& entry : Member(evaluation, "differences")) {
    if (TextOf(entry, "against") == "logistic" && TextOf(entry, "metric") == "average_precision") {
      return NumberOf(entry, "value") > 0;
    }
  }
  return true;
}

}  // namespace

void AddModelSection(Page& page, const ModelSectionFacts& facts, const Json& evaluation) {
  page.Section(fmt::format("Model {}", facts.name), "model-" + facts.name);
  if (!facts.description.empty()) page.Paragraph(facts.description);
  page.Paragraph(fmt::format("Version {}, run {}, learner {}, calibration {}.", facts.version,
                             facts.run_id, TextOf(evaluation, "learner"),
                             TextOf(evaluation, "calibration")));
  if (std::string verdict = TextOf(evaluation, "verdict"); !verdict.empty()) {
    page.Verdict(verdict, BeatsLogistic(evaluation));
  }
  for (const Json& warning : Member(evaluation, "warnings")) {
    if (warning.is_string()) page.Verdict(warning.get<std::string>(), false);
  }
  AddSplits(page, Member(evaluation, "splits"));
  AddMetrics(page, evaluation);
  AddCurves(page, evaluation);
  AddCalibration(page, evaluation);
  AddMoments(page, evaluation);
  AddThreshold(page, Member(evaluation, "threshold"));
  AddAction(page, Member(evaluation, "action"));
  AddLeakCheck(page, Member(evaluation, "leak_check"));
  AddFeatures(page, Member(evaluation, "features"));
}

}  // namespace millpond::model
