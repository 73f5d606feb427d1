#include "kernel/canonical.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace millpond::kernel {
namespace {

constexpr char kNullTag = 0;
constexpr char kValueTag = 1;
constexpr uint64_t kSignBit = uint64_t{1} << 63;

void AppendBigEndian(uint64_t bits, std::string* bytes) {
  for (int shift = 56; shift >= 0; shift -= 8) bytes->push_back(static_cast<char>(bits >> shift));
}

uint64_t ReadBigEndian(std::string_view bytes) {
  uint64_t bits = 0;
  for (int i = 0; i < 8; ++i) bits = bits << 8 | static_cast<uint8_t>(bytes[i]);
  return bits;
}

// Maps doubles to integers that compare as the doubles do.
uint64_t OrderedBits(double x) {
  uint64_t bits = std::bit_cast<uint64_t>(CanonicalDouble(x));
  return (bits & kSignBit) != 0 ? ~bits : bits | kSignBit;
}

double FromOrderedBits(uint64_t bits) {
  return std::bit_cast<double>((bits & kSignBit) != 0 ? bits & ~kSignBit : ~bits);
}

void AppendInt(int64_t value, std::string* bytes) {
  AppendBigEndian(static_cast<uint64_t>(value) ^ kSignBit, bytes);
}

void AppendDecimal(Int128 value, std::string* bytes) {
  AppendInt(static_cast<int64_t>(value >> 64), bytes);
  AppendBigEndian(static_cast<uint64_t>(value), bytes);
}

// A zero byte is written 00 FF and the end 00 01, so that a text sorts before its continuations.
void AppendText(std::string_view text, std::string* bytes) {
  for (char c : text) {
    bytes->push_back(c);
    if (c == 0) bytes->push_back(static_cast<char>(0xff));
  }
  bytes->push_back(0);
  bytes->push_back(1);
}

std::unexpected<Error> Corrupt() {
  return Fail(ErrorKind::kCorrupt, "bytes are not a canonical row encoding (docs/formats)");
}

Result<std::string> ReadText(std::string_view* bytes) {
  std::string text;
  for (size_t i = 0; i < bytes->size(); ++i) {
    char c = (*bytes)[i];
    if (c != 0) {
      text.push_back(c);
      continue;
    }
    if (i + 1 == bytes->size()) break;
    auto next = static_cast<uint8_t>((*bytes)[++i]);
    if (next == 1) {
      bytes->remove_prefix(i + 1);
      return text;
    }
    if (next != 0xff) break;
    text.push_back(0);
  }
  return Corrupt();
}

Value Int64Value(Type type, int64_t value) {
  switch (type.id) {
    case TypeId::kDate:
      return Value::Date(value);
    case TypeId::kTimestamp:
      return Value::Timestamp(value);
    case TypeId::kInterval:
      return Value::Interval(value);
    default:
      return Value::Bigint(value);
  }
}

}  // namespace

double CanonicalDouble(double x) {
  if (std::isnan(x)) return std::bit_cast<double>(kCanonicalNanBits);
  return x == 0 ? 0.0 : x;
}

void AppendCanonical(const Value& value, std::string* bytes) {
  if (value.is_null()) {
    bytes->push_back(kNullTag);
    return;
  }
  bytes->push_back(kValueTag);
  switch (value.type().id) {
    case TypeId::kNull:
      break;
    case TypeId::kBoolean:
      bytes->push_back(value.boolean() ? 1 : 0);
      break;
    case TypeId::kDouble:
      AppendBigEndian(OrderedBits(value.number()), bytes);
      break;
    case TypeId::kDecimal:
      AppendDecimal(value.decimal(), bytes);
      break;
    case TypeId::kVarchar:
      AppendText(value.text(), bytes);
      break;
    default:
      AppendInt(value.int64(), bytes);
  }
}

void AppendCanonical(const Column& column, int64_t row, std::string* bytes) {
  if (column.IsNull(row)) {
    bytes->push_back(kNullTag);
  } else if (column.type().id == TypeId::kVarchar) {
    bytes->push_back(kValueTag);
    AppendText(column.text(row), bytes);
  } else if (IsStoredAsInt64(column.type())) {
    bytes->push_back(kValueTag);
    AppendInt(column.int64s()[row], bytes);
  } else {
    AppendCanonical(column.ValueAt(row), bytes);
  }
}

std::string CanonicalRow(std::span<const Column* const> columns, int64_t row) {
  std::string bytes;
  for (const Column* column : columns) AppendCanonical(*column, row, &bytes);
  return bytes;
}

Result<Value> ReadCanonical(Type type, std::string_view* bytes) {
  if (bytes->empty()) return Corrupt();
  char tag = bytes->front();
  bytes->remove_prefix(1);
  if (tag == kNullTag) return Value::Null(type);
  if (tag != kValueTag || type.id == TypeId::kNull) return Corrupt();
  if (type.id == TypeId::kVarchar) {
    MP_ASSIGN_OR_RETURN(std::string text, ReadText(bytes));
    return Value::Varchar(std::move(text));
  }
  size_t width = type.id == TypeId::kBoolean ? 1 : type.id == TypeId::kDecimal ? 16 : 8;
  if (bytes->size() < width) return Corrupt();
  std::string_view taken = bytes->substr(0, width);
  bytes->remove_prefix(width);
  if (type.id == TypeId::kBoolean) {
    if (static_cast<uint8_t>(taken[0]) > 1) return Corrupt();
    return Value::Boolean(taken[0] == 1);
  }
  uint64_t bits = ReadBigEndian(taken);
  if (type.id == TypeId::kDouble) return Value::Double(FromOrderedBits(bits));
  auto high = static_cast<int64_t>(bits ^ kSignBit);
  if (type.id != TypeId::kDecimal) return Int64Value(type, high);
  Uint128 unscaled =
      static_cast<Uint128>(static_cast<uint64_t>(high)) << 64 | ReadBigEndian(taken.substr(8));
  return Value::MakeDecimal(static_cast<Int128>(unscaled), type.precision, type.scale);
}

namespace {

template <typename T>
int Sign(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

}  // namespace

int CompareCanonical(const Column& a, int64_t a_row, const Column& b, int64_t b_row) {
  bool a_null = a.IsNull(a_row);
  bool b_null = b.IsNull(b_row);
  if (a_null || b_null) return static_cast<int>(b_null) - static_cast<int>(a_null);
  switch (a.type().id) {
    case TypeId::kNull:
      return 0;
    case TypeId::kBoolean:
      return Sign(a.booleans()[a_row], b.booleans()[b_row]);
    case TypeId::kDouble:
      return Sign(OrderedBits(a.doubles()[a_row]), OrderedBits(b.doubles()[b_row]));
    case TypeId::kDecimal:
      return Sign(a.decimals()[a_row], b.decimals()[b_row]);
    case TypeId::kVarchar: {
      int order = a.text(a_row).compare(b.text(b_row));
      return Sign(order, 0);
    }
    default:
      return Sign(a.int64s()[a_row], b.int64s()[b_row]);
  }
}

}  // namespace millpond::kernel
