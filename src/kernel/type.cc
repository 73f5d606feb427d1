#include "kernel/type.h"

#include <array>
#include <charconv>

namespace millpond::kernel {

std::string ToString(Type type) {
  switch (type.id) {
    case TypeId::kNull:
      return "NULL";
    case TypeId::kBoolean:
      return "BOOLEAN";
    case TypeId::kBigint:
      return "BIGINT";
    case TypeId::kDouble:
      return "DOUBLE";
    case TypeId::kDecimal:
      return fmt::format("DECIMAL({},{})", type.precision, type.scale);
    case TypeId::kVarchar:
      return "VARCHAR";
    case TypeId::kDate:
      return "DATE";
    case TypeId::kTimestamp:
      return "TIMESTAMP";
    case TypeId::kInterval:
      return "INTERVAL";
  }
  return "?";
}

namespace {

struct NamedType {
  std::string_view name;
  Type type;
};

constexpr auto kNames = std::to_array<NamedType>({
    {"BOOLEAN", kBoolean},
    {"BOOL", kBoolean},
    {"LOGICAL", kBoolean},
    {"BIGINT", kBigint},
    {"LONG", kBigint},
    {"INT8", kBigint},
    {"INTEGER", kBigint},
    {"INT", kBigint},
    {"INT4", kBigint},
    {"SIGNED", kBigint},
    {"SMALLINT", kBigint},
    {"SHORT", kBigint},
    {"INT2", kBigint},
    {"TINYINT", kBigint},
    {"BYTE", kBigint},
    {"INT1", kBigint},
    {"UINTEGER", kBigint},
    {"USMALLINT", kBigint},
    {"UTINYINT", kBigint},
    {"DOUBLE", kDouble},
    {"DOUBLE PRECISION", kDouble},
    {"FLOAT8", kDouble},
    {"FLOAT", kDouble},
    {"FLOAT4", kDouble},
    {"REAL", kDouble},
    {"VARCHAR", kVarchar},
    {"STRING", kVarchar},
    {"TEXT", kVarchar},
    {"CHAR", kVarchar},
    {"BPCHAR", kVarchar},
    {"DATE", kDate},
    {"TIMESTAMP", kTimestamp},
    {"DATETIME", kTimestamp},
    {"TIMESTAMP_NTZ", kTimestamp},
    {"TIMESTAMPTZ", kTimestamp},
    {"TIMESTAMP WITH TIME ZONE", kTimestamp},
    {"INTERVAL", kInterval},
    {"DECIMAL", Decimal(18, 3)},
    {"DEC", Decimal(18, 3)},
    {"NUMERIC", Decimal(18, 3)},
});

std::string UpperAscii(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  return upper;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

bool ReadInt(std::string_view text, int* value) {
  text = Trim(text);
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

}  // namespace

Result<Type> ParseType(std::string_view text) {
  std::string upper = UpperAscii(Trim(text));
  std::string_view name = upper;
  std::string_view arguments;
  if (size_t open = upper.find('('); open != std::string::npos && upper.back() == ')') {
    name = Trim(std::string_view(upper).substr(0, open));
    arguments = std::string_view(upper).substr(open + 1, upper.size() - open - 2);
  }
  for (const NamedType& known : kNames) {
    if (known.name != name) continue;
    if (arguments.empty() || known.type.id == TypeId::kVarchar) return known.type;
    if (known.type.id != TypeId::kDecimal) break;
    int precision = 0;
    int scale = 0;
    size_t comma = arguments.find(',');
    bool read = ReadInt(arguments.substr(0, comma), &precision) &&
                (comma == std::string_view::npos || ReadInt(arguments.substr(comma + 1), &scale));
    if (!read || precision < 1 || precision > kMaxDecimalDigits || scale < 0 || scale > precision) {
      return Fail(ErrorKind::kInvalidArgument,
                  "a DECIMAL has 1 to 38 digits, of which 0 to all are behind the point; got {}",
                  text);
    }
    return Decimal(precision, scale);
  }
  return Fail(ErrorKind::kUnsupported,
              "type {} has no place in features; known are BOOLEAN, BIGINT, DOUBLE, DECIMAL(p,s), "
              "VARCHAR, DATE, TIMESTAMP, INTERVAL",
              text);
}

Int128 PowerOfTen(int n) {
  static const auto kPowers = [] {
    std::array<Int128, kMaxDecimalDigits + 1> powers{};
    powers[0] = 1;
    for (size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
    return powers;
  }();
  return kPowers[n];
}

}  // namespace millpond::kernel
