// One value of a column as the log holds it: a bound of the statistics or a partition value. Dates
// are days since 1970-01-01, timestamps microseconds since 1970 (UTC).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "data/delta/metadata/schema.h"

namespace millpond::data {

struct DecimalValue {
  __int128 unscaled = 0;
  int scale = 0;
  bool operator==(const DecimalValue&) const = default;
};

// std::monostate: no value (NULL, or nothing known).
using ColumnValue = std::variant<std::monostate, bool, int64_t, double, std::string, DecimalValue>;

inline bool HasValue(const ColumnValue& value) {
  return value.index() != 0;
}

// What the statistics say about one column of one file. A missing bound says nothing.
struct FileBounds {
  ColumnValue min;
  ColumnValue max;
  std::optional<int64_t> null_count;
};

// PROTOCOL.md, "Partition Value Serialization". An empty text is NULL for every type. A timestamp
// without a zone means UTC.
Result<ColumnValue> ParsePartitionValue(std::string_view text, const DataType& type);
// nullopt for no value.
std::optional<std::string> FormatPartitionValue(const ColumnValue& value, const DataType& type);

// "12.30" <-> 1230 at scale 2; nullopt if it is no number or does not fit the scale exactly.
std::optional<__int128> ParseDecimal(std::string_view text, int scale);
std::string FormatDecimal(__int128 unscaled, int scale);

}  // namespace millpond::data
