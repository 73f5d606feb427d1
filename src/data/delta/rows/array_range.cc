#include "data/delta/rows/array_range.h"

#include <arrow/array.h>
#include <arrow/util/bit_run_reader.h>
#include <arrow/util/decimal.h>

#include <array>
#include <bit>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

namespace millpond::data {
namespace {

// Calls `visit(first, count)` for each run of rows that are not null.
template <typename Visit>
void VisitRuns(const arrow::Array& array, Visit visit) {
  if (array.null_count() == 0 && array.length() > 0) {
    visit(int64_t{0}, array.length());
  } else if (array.null_count() < array.length()) {
    arrow::internal::VisitSetBitRunsVoid(array.null_bitmap_data(), array.offset(), array.length(),
                                         visit);
  }
}

template <typename Type>
ArrayRange RangeOfNumbers(const arrow::Array& array) {
  using Value = typename Type::c_type;
  const auto* values = static_cast<const arrow::NumericArray<Type>&>(array).raw_values();
  bool any = false, nan = false;
  Value low = 0, high = 0;
  VisitRuns(array, [&](int64_t first, int64_t count) {
    if (!any) low = high = values[first];
    any = true;
    for (int64_t row = first; row < first + count; ++row) {
      const Value value = values[row];
      low = value < low ? value : low;
      high = high < value ? value : high;
      if constexpr (std::is_floating_point_v<Value>) nan |= value != value;
    }
  });
  if (!any || nan) return {{}, {}, nan};
  using Bound = std::conditional_t<std::is_floating_point_v<Value>, double, int64_t>;
  return {static_cast<Bound>(low), static_cast<Bound>(high)};
}

// The smallest and the greatest of `value(row)`; nullopt if there is none.
template <typename Get>
auto Extremes(const arrow::Array& array, Get value) {
  using Value = decltype(value(int64_t{0}));
  std::optional<std::pair<Value, Value>> extremes;
  VisitRuns(array, [&](int64_t first, int64_t count) {
    if (!extremes) extremes.emplace(value(first), value(first));
    auto& [low, high] = *extremes;
    for (int64_t row = first; row < first + count; ++row) {
      const Value here = value(row);
      if (here < low) {
        low = here;
      } else if (high < here) {
        high = here;
      }
    }
  });
  return extremes;
}

// A text that is compared by its first 16 bytes, as a number, and by the rest only where these are
// the same: most texts differ there, and a call of memcmp costs more than all else.
struct ComparedText {
  unsigned __int128 head = 0;
  std::string_view text;

  bool operator<(const ComparedText& other) const {
    return head != other.head ? head < other.head : text < other.text;
  }
};

// `readable`: bytes from the text's begin to the end of its buffer.
ComparedText Compared(std::string_view text, size_t readable) {
  std::array<char, 16> bytes{};
  if (readable >= bytes.size()) {
    std::memcpy(bytes.data(), text.data(), bytes.size());
  } else if (readable > 0) {
    std::memcpy(bytes.data(), text.data(), readable);
  }
  const auto words = std::bit_cast<std::array<uint64_t, 2>>(bytes);
  unsigned __int128 head = static_cast<unsigned __int128>(__builtin_bswap64(words[0])) << 64 |
                           __builtin_bswap64(words[1]);
  // What lies behind the text does not count; the shorter of two that are the same so far is less.
  if (text.size() < bytes.size()) {
    head = text.empty() ? 0 : head >> (8 * (16 - text.size())) << (8 * (16 - text.size()));
  }
  return {head, text};
}

ArrayRange RangeOfTexts(const arrow::Array& array) {
  const auto& texts = static_cast<const arrow::StringArray&>(array);
  if (texts.length() == texts.null_count()) return {};
  const char* end =
      reinterpret_cast<const char*>(texts.raw_data()) + texts.value_offset(texts.length());
  const auto found = Extremes(array, [&](int64_t row) {
    const std::string_view text = texts.GetView(row);
    return Compared(text, static_cast<size_t>(end - text.data()));
  });
  if (!found) return {};
  return {std::string(found->first.text), std::string(found->second.text)};
}

ArrayRange RangeOfDecimals(const arrow::Array& array) {
  const auto& decimals = static_cast<const arrow::Decimal128Array&>(array);
  const auto found = Extremes(array, [&](int64_t row) {
    const arrow::Decimal128 decimal(decimals.GetValue(row));
    return static_cast<__int128>(decimal.high_bits()) << 64 | decimal.low_bits();
  });
  if (!found) return {};
  return {DecimalValue{found->first, 0}, DecimalValue{found->second, 0}};
}

}  // namespace

ArrayRange RangeOf(const arrow::Array& array) {
  switch (array.type_id()) {
    case arrow::Type::INT8:
      return RangeOfNumbers<arrow::Int8Type>(array);
    case arrow::Type::INT16:
      return RangeOfNumbers<arrow::Int16Type>(array);
    case arrow::Type::INT32:
      return RangeOfNumbers<arrow::Int32Type>(array);
    case arrow::Type::INT64:
      return RangeOfNumbers<arrow::Int64Type>(array);
    case arrow::Type::DATE32:
      return RangeOfNumbers<arrow::Date32Type>(array);
    case arrow::Type::TIMESTAMP:
      return RangeOfNumbers<arrow::TimestampType>(array);
    case arrow::Type::FLOAT:
      return RangeOfNumbers<arrow::FloatType>(array);
    case arrow::Type::DOUBLE:
      return RangeOfNumbers<arrow::DoubleType>(array);
    case arrow::Type::STRING:
      return RangeOfTexts(array);
    case arrow::Type::DECIMAL128:
      return RangeOfDecimals(array);
    default:
      return {};
  }
}

}  // namespace millpond::data
