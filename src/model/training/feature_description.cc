// Distributions of the encoded features in each part of the split.
#include <algorithm>
#include <cmath>

#include "model/training/evaluation_document.h"

namespace millpond::model {

namespace {

constexpr int kBins = 20;
constexpr size_t kCategories = 20;

// The present values of one column, ascending.
std::vector<float> PresentValues(MatrixView rows, size_t column) {
  std::vector<float> values;
  for (size_t row = 0; row < rows.rows; ++row) {
    const float value = rows.row(row)[column];
    if (!std::isnan(value)) values.push_back(value);
  }
  std::ranges::sort(values);
  return values;
}

double Quantile(const std::vector<float>& sorted, double share) {
  const auto at = static_cast<size_t>(share * static_cast<double>(sorted.size() - 1) + 0.5);
  return sorted[at];
}

Json Summary(const std::vector<float>& sorted, size_t rows) {
  double sum = 0;
  for (float value : sorted) sum += value;
  Json quantiles = Json::array();
  for (int i = 0; i <= 10 && !sorted.empty(); ++i) quantiles.push_back(Quantile(sorted, i / 10.0));
  Json summary = {
      {"missing",
       rows == 0 ? 0.0 : 1 - static_cast<double>(sorted.size()) / static_cast<double>(rows)},
      {"quantiles", quantiles}};
  summary["mean"] = sorted.empty() ? Json() : Json(sum / static_cast<double>(sorted.size()));
  return summary;
}

// Lower edges between the 1 % and the 99 % quantile of the training part; values outside belong to
// the first and the last bin.
std::vector<double> EdgesOf(const std::vector<float>& train) {
  if (train.empty()) return {0};
  const double low = Quantile(train, 0.01), high = Quantile(train, 0.99);
  if (!(high > low)) return {low};
  std::vector<double> edges;
  for (int i = 0; i < kBins; ++i) edges.push_back(low + (high - low) * i / kBins);
  return edges;
}

Json Shares(const std::vector<float>& sorted, const std::vector<double>& edges) {
  std::vector<int64_t> counts(edges.size());
  for (float value : sorted) {
    const auto above = std::ranges::upper_bound(edges, static_cast<double>(value));
    ++counts[above == edges.begin() ? 0 : above - edges.begin() - 1];
  }
  Json shares = Json::array();
  for (int64_t count : counts) {
    shares.push_back(
        sorted.empty() ? 0.0 : static_cast<double>(count) / static_cast<double>(sorted.size()));
  }
  return shares;
}

Json DescribeColumn(const Examples& examples, size_t column) {
  const kernel::EncodedColumn& encoded = examples.encoder.columns()[column];
  std::vector<float> values[3];
  Json splits = Json::object(), histogram = Json::object();
  for (SplitName name : kSplitNames) {
    const int part = static_cast<int>(name);
    const MatrixView rows = examples.part(name).features.view();
    values[part] = PresentValues(rows, column);
    splits[std::string(ToString(name))] = Summary(values[part], rows.rows);
  }
  std::vector<double> edges;
  if (encoded.kind == kernel::EncodingKind::kCategory) {
    Json names = Json::array();
    for (size_t code = 0; code < encoded.categories.size() && code < kCategories; ++code) {
      edges.push_back(static_cast<double>(code));
      names.push_back(encoded.categories[code]);
    }
    if (edges.empty()) edges.push_back(0);
    histogram["edges"] = names;
  } else {
    edges = EdgesOf(values[0]);
    histogram["edges"] = edges;
  }
  for (SplitName name : kSplitNames) {
    histogram[std::string(ToString(name))] = Shares(values[static_cast<int>(name)], edges);
  }
  return {{"splits", splits}, {"histogram", histogram}};
}

std::string_view KindName(kernel::EncodingKind kind) {
  switch (kind) {
    case kernel::EncodingKind::kNumber:
      return "number";
    case kernel::EncodingKind::kBoolean:
      return "boolean";
    case kernel::EncodingKind::kCategory:
      return "category";
  }
  return "?";
}

}  // namespace

Json DescribeFeatures(const Examples& examples, const FittedModel& fitted,
                      const LeakFindings& findings) {
  std::vector<std::pair<double, Json>> described;
  for (size_t column = 0; column < examples.columns.size(); ++column) {
    Json feature = DescribeColumn(examples, column);
    feature["name"] = examples.columns[column];
    feature["kind"] = KindName(examples.encoder.columns()[column].kind);
    feature["importance"] = fitted.importance[column];
    feature["single_average_precision"] = findings.single_ap[column];
    described.emplace_back(-fitted.importance[column], std::move(feature));
  }
  std::ranges::stable_sort(described, {}, &std::pair<double, Json>::first);
  Json features = Json::array();
  for (auto& [importance, feature] : described) features.push_back(std::move(feature));
  return features;
}

}  // namespace millpond::model
