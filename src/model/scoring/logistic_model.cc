#include "model/scoring/logistic_model.h"

#include <cmath>
#include <limits>

#include "base/json.h"

namespace millpond::model {
namespace {

// One column's summand; ±inf as the largest finite float, so that no NaN can arise from inf − inf.
double Summand(const LogisticColumn& column, float value) {
  if (std::isnan(value)) return column.missing_weight;
  if (std::isinf(value)) value = std::copysign(std::numeric_limits<float>::max(), value);
  return (static_cast<double>(value) - column.mean) / column.scale * column.weight;
}

Result<double> Number(const Json& json, const char* key, std::string_view what) {
  auto it = json.find(key);
  if (it == json.end() || !it->is_number() || !std::isfinite(it->get<double>())) {
    return Fail(ErrorKind::kCorrupt, "{} lacks a finite number '{}'; write it again by training",
                what, key);
  }
  return it->get<double>();
}

}  // namespace

Result<LogisticModel> LogisticModel::FromJson(std::string_view bytes, std::string_view what) {
  MP_ASSIGN_OR_RETURN(Json json, ParseJson(bytes, what));
  if (!json.is_object() || json.value("format", Json()) != "millpond.logistic") {
    return Fail(ErrorKind::kCorrupt, "{} is not a logistic model (format millpond.logistic)", what);
  }
  if (json.value("version", Json()) != 1) {
    return Fail(ErrorKind::kUnsupported, "{} has version {} of the logistic format; 1 is read",
                what, json.value("version", Json()).dump());
  }
  MP_ASSIGN_OR_RETURN(double intercept, Number(json, "intercept", what));
  const Json list = json.value("columns", Json());
  if (!list.is_array()) return Fail(ErrorKind::kCorrupt, "{} has no list of columns", what);
  std::vector<LogisticColumn> columns;
  for (const Json& entry : list) {
    if (!entry.is_object() || !entry.value("name", Json()).is_string()) {
      return Fail(ErrorKind::kCorrupt, "{}: column {} has no name", what, columns.size());
    }
    LogisticColumn column;
    column.name = entry["name"].get<std::string>();
    MP_ASSIGN_OR_RETURN(column.mean, Number(entry, "mean", what));
    MP_ASSIGN_OR_RETURN(column.scale, Number(entry, "scale", what));
    MP_ASSIGN_OR_RETURN(column.weight, Number(entry, "weight", what));
    MP_ASSIGN_OR_RETURN(column.missing_weight, Number(entry, "missing_weight", what));
    if (!(column.scale > 0)) {
      return Fail(ErrorKind::kCorrupt, "{}: column {} has the scale {}", what, column.name,
                  column.scale);
    }
    columns.push_back(std::move(column));
  }
  return LogisticModel(intercept, std::move(columns));
}

std::string LogisticModel::ToJson() const {
  OrderedJson json;
  json["format"] = "millpond.logistic";
  json["version"] = 1;
  json["intercept"] = intercept_;
  json["columns"] = OrderedJson::array();
  for (const LogisticColumn& c : columns_) {
    OrderedJson entry;
    entry["name"] = c.name;
    entry["mean"] = c.mean;
    entry["scale"] = c.scale;
    entry["weight"] = c.weight;
    entry["missing_weight"] = c.missing_weight;
    json["columns"].push_back(std::move(entry));
  }
  return DumpJson(json) + "\n";
}

double LogisticModel::Margin(const float* row) const {
  double margin = intercept_;
  for (size_t i = 0; i < columns_.size(); ++i) margin = margin + Summand(columns_[i], row[i]);
  return margin;
}

Status LogisticModel::Margins(MatrixView features, std::span<double> out) const {
  if (features.columns != columns() || out.size() != features.rows) {
    return Fail(ErrorKind::kInvalidArgument,
                "the model takes {} columns and one output a row; given {} columns, {} rows and {} "
                "outputs",
                columns(), features.columns, features.rows, out.size());
  }
  for (size_t i = 0; i < features.rows; ++i) out[i] = Margin(features.row(i).data());
  return OkStatus();
}

Result<double> LogisticModel::Contributions(std::span<const float> row,
                                            std::span<double> out) const {
  if (row.size() != columns() || out.size() != columns()) {
    return Fail(ErrorKind::kInvalidArgument, "the model takes {} columns; given {} values for {}",
                columns(), row.size(), out.size());
  }
  for (size_t i = 0; i < columns(); ++i) out[i] = Summand(columns_[i], row[i]);
  return intercept_;
}

}  // namespace millpond::model
