#include "pipeline/ingest/pushed_value.h"

#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include <cmath>
#include <limits>

#include "base/clock.h"
#include "data/delta/metadata/schema.h"

namespace millpond::pipeline {
namespace {

using Kind = PushedValue::Kind;

constexpr size_t kShownText = 40;

std::string Shown(const PushedValue& value) {
  switch (value.kind) {
    case Kind::kNull:
      return "null";
    case Kind::kBool:
      return value.boolean ? "true" : "false";
    case Kind::kInteger:
      return fmt::format("{}", value.integer);
    case Kind::kUnsigned:
      return fmt::format("{}", value.unsigned_integer);
    case Kind::kFloat:
      return std::string(value.text.substr(0, kShownText));
    case Kind::kText: {
      bool cut = value.text.size() > kShownText;
      return fmt::format("'{}{}'", value.text.substr(0, kShownText), cut ? "…" : "");
    }
    case Kind::kNested:
      return "an object or array";
  }
  return "";
}

std::string TypeText(const arrow::DataType& type) {
  auto delta = data::FromArrowType(type);
  return delta.has_value() ? delta->ToString() : type.ToString();
}

std::unexpected<Error> Wrong(const PushedValue& value, const arrow::DataType& type,
                             std::string_view expected) {
  return Fail(ErrorKind::kInvalidArgument, "{} is no {}: want {}", Shown(value), TypeText(type),
              expected);
}

template <typename T>
Status AppendInteger(const PushedValue& value, const arrow::DataType& type, std::string& out) {
  bool fits = false;
  if (value.kind == Kind::kInteger) {
    fits = value.integer >= std::numeric_limits<T>::min() &&
           value.integer <= std::numeric_limits<T>::max();
    if (fits) out += fmt::format("{}", value.integer);
  } else if (value.kind == Kind::kUnsigned) {
    fits = value.unsigned_integer <= static_cast<uint64_t>(std::numeric_limits<T>::max());
    if (fits) out += fmt::format("{}", value.unsigned_integer);
  }
  if (fits) return OkStatus();
  return Wrong(value, type,
               fmt::format("a whole number from {} to {}", std::numeric_limits<T>::min(),
                           std::numeric_limits<T>::max()));
}

Status AppendFloat(const PushedValue& value, const arrow::DataType& type, std::string& out) {
  double number = value.number;
  if (value.kind == Kind::kInteger) {
    number = static_cast<double>(value.integer);
  } else if (value.kind == Kind::kUnsigned) {
    number = static_cast<double>(value.unsigned_integer);
  } else if (value.kind != Kind::kFloat) {
    return Wrong(value, type, "a number");
  }
  bool single = type.id() == arrow::Type::FLOAT;
  if (single && std::abs(number) > std::numeric_limits<float>::max()) {
    return Wrong(value, type, "a number in its range");
  }
  out += fmt::format("{}", number);  // the shortest text that reads back as this double
  return OkStatus();
}

Status AppendDecimal(const PushedValue& value, const arrow::DataType& type, std::string& out) {
  const auto& decimal = static_cast<const arrow::Decimal128Type&>(type);
  std::string text;
  if (value.kind == Kind::kText || value.kind == Kind::kFloat) text = value.text;
  if (value.kind == Kind::kInteger || value.kind == Kind::kUnsigned) text = Shown(value);
  arrow::Decimal128 number;
  int32_t precision = 0, scale = 0;
  if (text.empty() || !arrow::Decimal128::FromString(text, &number, &precision, &scale).ok()) {
    return Wrong(value, type, "a number, or a text such as \"12.50\"");
  }
  auto scaled = number.Rescale(scale, decimal.scale());
  if (!scaled.ok() || !scaled->FitsInPrecision(decimal.precision())) {
    return Wrong(value, type,
                 fmt::format("at most {} digits, {} of them after the point", decimal.precision(),
                             decimal.scale()));
  }
  out += fmt::format("\"{}\"", scaled->ToString(decimal.scale()));
  return OkStatus();
}

Status AppendTime(const PushedValue& value, const arrow::DataType& type, std::string& out) {
  bool date = type.id() == arrow::Type::DATE32;
  if (value.kind != Kind::kText) {
    return Wrong(
        value, type,
        date ? "a text such as \"2026-01-31\"" : "a text such as \"2026-01-31T08:00:00Z\"");
  }
  if (date) {
    MP_ASSIGN_OR_RETURN(int32_t days, ParseDate(value.text));
    out += fmt::format("\"{}\"", FormatDate(days));
  } else {
    MP_ASSIGN_OR_RETURN(Micros at, ParseTimestamp(value.text));
    out += fmt::format("\"{}\"", FormatTimestamp(at));
  }
  return OkStatus();
}

}  // namespace

void AppendJsonText(std::string_view text, std::string& out) {
  out += '"';
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

Status AppendPushedValue(const PushedValue& value, const arrow::DataType& type, std::string& out) {
  switch (type.id()) {
    case arrow::Type::INT8:
      return AppendInteger<int8_t>(value, type, out);
    case arrow::Type::INT16:
      return AppendInteger<int16_t>(value, type, out);
    case arrow::Type::INT32:
      return AppendInteger<int32_t>(value, type, out);
    case arrow::Type::INT64:
      return AppendInteger<int64_t>(value, type, out);
    case arrow::Type::FLOAT:
    case arrow::Type::DOUBLE:
      return AppendFloat(value, type, out);
    case arrow::Type::DECIMAL128:
      return AppendDecimal(value, type, out);
    case arrow::Type::BOOL:
      if (value.kind != Kind::kBool) return Wrong(value, type, "true or false");
      out += value.boolean ? "true" : "false";
      return OkStatus();
    case arrow::Type::DATE32:
    case arrow::Type::TIMESTAMP:
      return AppendTime(value, type, out);
    case arrow::Type::STRING:
      if (value.kind != Kind::kText) return Wrong(value, type, "a text");
      AppendJsonText(value.text, out);
      return OkStatus();
    default:
      return Fail(ErrorKind::kUnsupported, "a column of type {} takes no pushed values",
                  TypeText(type));
  }
}

}  // namespace millpond::pipeline
