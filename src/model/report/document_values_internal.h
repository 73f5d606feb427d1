// Reads evaluation.json without trusting it: what is missing or of another type is NaN, "" or "-".
#pragma once

#include <fmt/format.h>

#include <limits>
#include <string>

#include "base/json.h"

namespace millpond::model {

inline const Json& Member(const Json& object, const char* key) {
  static const Json kNull;
  auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() ? *found : kNull;
}

inline double NumberOf(const Json& object, const char* key) {
  const Json& value = Member(object, key);
  return value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

inline std::string TextOf(const Json& object, const char* key) {
  const Json& value = Member(object, key);
  return value.is_string() ? value.get<std::string>() : "";
}

inline std::string CountOf(const Json& object, const char* key) {
  const Json& value = Member(object, key);
  return value.is_number_integer() ? fmt::format("{}", value.get<int64_t>()) : "-";
}

}  // namespace millpond::model
