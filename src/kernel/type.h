// The kernel's types. Every integer of a source is BIGINT, FLOAT widens to DOUBLE, TIMESTAMP is
// UTC microseconds, INTERVAL is a number of microseconds (months and years have no fixed length and
// are refused before they get here). DECIMAL(p,s) holds up to 38 digits as an unscaled 128-bit
// integer. NULL is the type of a bare NULL literal, until a context gives it another.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace millpond::kernel {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 Uint128;

enum class TypeId : uint8_t {  // codes are permanent: docs/formats/aggregate-state.md
  kNull = 0,
  kBoolean = 1,
  kBigint = 2,
  kDouble = 3,
  kDecimal = 4,
  kVarchar = 5,
  kDate = 6,       // days since 1970-01-01
  kTimestamp = 7,  // microseconds since 1970-01-01T00:00:00Z
  kInterval = 8,   // microseconds
};

inline constexpr int kMaxDecimalDigits = 38;

struct Type {
  TypeId id = TypeId::kNull;
  uint8_t precision = 0;  // of DECIMAL only
  uint8_t scale = 0;

  bool operator==(const Type&) const = default;
};

inline constexpr Type kNullType{};
inline constexpr Type kBoolean{TypeId::kBoolean};
inline constexpr Type kBigint{TypeId::kBigint};
inline constexpr Type kDouble{TypeId::kDouble};
inline constexpr Type kVarchar{TypeId::kVarchar};
inline constexpr Type kDate{TypeId::kDate};
inline constexpr Type kTimestamp{TypeId::kTimestamp};
inline constexpr Type kInterval{TypeId::kInterval};
constexpr Type Decimal(int precision, int scale) {
  return {TypeId::kDecimal, static_cast<uint8_t>(precision), static_cast<uint8_t>(scale)};
}

inline bool IsNumeric(Type type) {
  return type.id == TypeId::kBigint || type.id == TypeId::kDouble || type.id == TypeId::kDecimal;
}
// BIGINT, DATE, TIMESTAMP and INTERVAL are 64-bit integers in memory.
inline bool IsStoredAsInt64(Type type) {
  return type.id == TypeId::kBigint || type.id == TypeId::kDate || type.id == TypeId::kTimestamp ||
         type.id == TypeId::kInterval;
}

// "DECIMAL(10,2)", "BIGINT": the spelling of canonical texts and messages.
std::string ToString(Type type);

// Reads a SQL type name in any case, DuckDB's and Spark's synonyms included (INT, STRING, FLOAT,
// TIMESTAMPTZ, DECIMAL = DECIMAL(18,3), ...). kUnsupported names a type the kernel lacks.
Result<Type> ParseType(std::string_view text);

// 10^n for n <= 38.
Int128 PowerOfTen(int n);

}  // namespace millpond::kernel
