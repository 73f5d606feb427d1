#include "model/scoring/calibration_map.h"

#include <algorithm>
#include <cmath>

#include "base/json.h"

namespace millpond::model {
namespace {

double Sigmoid(double x) {
  return 1.0 / (1.0 + std::exp(-x));
}

Result<double> Number(const Json& json, const char* key, std::string_view what) {
  auto it = json.find(key);
  if (it == json.end() || !it->is_number()) {
    return Fail(ErrorKind::kCorrupt, "{} has no number '{}'; write the file again by training",
                what, key);
  }
  return it->get<double>();
}

Result<std::vector<double>> Numbers(const Json& json, const char* key, std::string_view what) {
  auto it = json.find(key);
  if (it == json.end() || !it->is_array() ||
      !std::all_of(it->begin(), it->end(), [](const Json& e) { return e.is_number(); })) {
    return Fail(ErrorKind::kCorrupt,
                "{} has no array of numbers '{}'; write the file again by training", what, key);
  }
  return it->get<std::vector<double>>();
}

}  // namespace

std::string_view ToString(CalibrationKind kind) {
  switch (kind) {
    case CalibrationKind::kNone:
      return "none";
    case CalibrationKind::kPlatt:
      return "platt";
    case CalibrationKind::kIsotonic:
      return "isotonic";
  }
  return "none";
}

CalibrationMap CalibrationMap::Platt(double slope, double intercept) {
  CalibrationMap map;
  map.kind_ = CalibrationKind::kPlatt;
  map.slope_ = slope;
  map.intercept_ = intercept;
  return map;
}

Result<CalibrationMap> CalibrationMap::Isotonic(std::vector<double> x, std::vector<double> y) {
  if (x.empty() || x.size() != y.size()) {
    return Fail(ErrorKind::kCorrupt,
                "an isotonic map needs as many x as y and at least one knot, not {} and {}",
                x.size(), y.size());
  }
  for (size_t i = 0; i < x.size(); ++i) {
    bool ascends = i == 0 || (x[i - 1] < x[i] && y[i - 1] <= y[i]);
    if (!std::isfinite(x[i]) || !(y[i] >= 0 && y[i] <= 1) || !ascends) {
      return Fail(ErrorKind::kCorrupt,
                  "knot {} of an isotonic map does not ascend within [0, 1]: x {}, y {}", i, x[i],
                  y[i]);
    }
  }
  CalibrationMap map;
  map.kind_ = CalibrationKind::kIsotonic;
  map.x_ = std::move(x);
  map.y_ = std::move(y);
  return map;
}

Result<CalibrationMap> CalibrationMap::FromJson(std::string_view bytes, std::string_view what) {
  MP_ASSIGN_OR_RETURN(Json json, ParseJson(bytes, what));
  if (!json.is_object() || json.value("format", Json()) != "millpond.calibration") {
    return Fail(ErrorKind::kCorrupt, "{} is not a calibration map (format millpond.calibration)",
                what);
  }
  if (json.value("version", Json()) != 1) {
    return Fail(ErrorKind::kUnsupported, "{} has version {} of the calibration format; 1 is read",
                what, json.value("version", Json()).dump());
  }
  Json kind = json.value("kind", Json());
  if (kind == "none") return CalibrationMap();
  if (kind == "platt") {
    MP_ASSIGN_OR_RETURN(double slope, Number(json, "slope", what));
    MP_ASSIGN_OR_RETURN(double intercept, Number(json, "intercept", what));
    return Platt(slope, intercept);
  }
  if (kind == "isotonic") {
    MP_ASSIGN_OR_RETURN(auto x, Numbers(json, "x", what));
    MP_ASSIGN_OR_RETURN(auto y, Numbers(json, "y", what));
    MP_ASSIGN_OR_RETURN_CONTEXT(auto map, Isotonic(std::move(x), std::move(y)), "{}", what);
    return map;
  }
  return Fail(ErrorKind::kUnsupported,
              "{} is a calibration of kind {}; none, platt, isotonic are read", what, kind.dump());
}

std::string CalibrationMap::ToJson() const {
  OrderedJson json;
  json["format"] = "millpond.calibration";
  json["version"] = 1;
  json["kind"] = ToString(kind_);
  if (kind_ == CalibrationKind::kPlatt) {
    json["slope"] = slope_;
    json["intercept"] = intercept_;
  } else if (kind_ == CalibrationKind::kIsotonic) {
    json["x"] = x_;
    json["y"] = y_;
  }
  return DumpJson(json) + "\n";
}

double CalibrationMap::Probability(double margin) const {
  if (kind_ == CalibrationKind::kNone) return Sigmoid(margin);
  if (kind_ == CalibrationKind::kPlatt) return Sigmoid(slope_ * margin + intercept_);
  if (std::isnan(margin)) return margin;
  if (margin <= x_.front()) return y_.front();
  if (margin >= x_.back()) return y_.back();
  size_t i = static_cast<size_t>(std::upper_bound(x_.begin(), x_.end(), margin) - x_.begin()) - 1;
  return y_[i] + ((margin - x_[i]) / (x_[i + 1] - x_[i])) * (y_[i + 1] - y_[i]);
}

std::vector<double> CalibrationMap::Probabilities(std::span<const double> margins) const {
  std::vector<double> out;
  out.reserve(margins.size());
  for (double margin : margins) out.push_back(Probability(margin));
  return out;
}

}  // namespace millpond::model
