// One value of a pushed row: whether it fits its column, and how it stands in the segment.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace millpond::pipeline {

// A scalar of JSON as it came.
struct PushedValue {
  enum class Kind { kNull, kBool, kInteger, kUnsigned, kFloat, kText, kNested };
  Kind kind = Kind::kNull;
  bool boolean = false;
  int64_t integer = 0;
  uint64_t unsigned_integer = 0;
  double number = 0;
  std::string_view text = {};  // kText: its characters; kFloat: as it was written
};

// Appends the value as JSON that the reader of segments reads as a value of `type`; nothing for
// NULL is the caller's business. kInvalidArgument says what it is and what it should be.
Status AppendPushedValue(const PushedValue& value, const arrow::DataType& type, std::string& out);

// A text as a JSON string.
void AppendJsonText(std::string_view text, std::string& out);

}  // namespace millpond::pipeline
