#include "data/delta/rows/column_ranges.h"

#include <arrow/array.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include <algorithm>
#include <cmath>

namespace millpond::data {
namespace {

constexpr size_t kMaxTextBytes = 64;  // of a value in the sample

template <typename Array>
auto ValueAt(const arrow::Array& values, int64_t row) {
  return static_cast<const Array&>(values).Value(row);
}

int64_t IntegerAt(const arrow::Array& values, int64_t row) {
  switch (values.type_id()) {
    case arrow::Type::BOOL:
      return ValueAt<arrow::BooleanArray>(values, row) ? 1 : 0;
    case arrow::Type::INT8:
      return ValueAt<arrow::Int8Array>(values, row);
    case arrow::Type::INT16:
      return ValueAt<arrow::Int16Array>(values, row);
    case arrow::Type::INT32:
      return ValueAt<arrow::Int32Array>(values, row);
    case arrow::Type::DATE32:
      return ValueAt<arrow::Date32Array>(values, row);
    case arrow::Type::TIMESTAMP:
      return ValueAt<arrow::TimestampArray>(values, row);
    default:
      return ValueAt<arrow::Int64Array>(values, row);
  }
}

// A decimal's nearest double keeps the order well enough for a layout.
double RealAt(const arrow::Array& values, int64_t row) {
  switch (values.type_id()) {
    case arrow::Type::FLOAT:
      return ValueAt<arrow::FloatArray>(values, row);
    case arrow::Type::DECIMAL128: {
      const auto& decimals = static_cast<const arrow::Decimal128Array&>(values);
      const auto& type = static_cast<const arrow::Decimal128Type&>(*values.type());
      return arrow::Decimal128(decimals.GetValue(row)).ToDouble(type.scale());
    }
    default:
      return ValueAt<arrow::DoubleArray>(values, row);
  }
}

std::string_view TextAt(const arrow::Array& values, int64_t row) {
  return static_cast<const arrow::StringArray&>(values).GetView(row);
}

// The lower bounds of 2^bits - 1 ranges with equally many of the values.
template <typename Value>
void CutInto(std::vector<Value>& values, uint32_t ranges) {
  std::ranges::sort(values);
  if (values.size() <= ranges) return;
  std::vector<Value> cuts;
  cuts.reserve(ranges);
  for (uint64_t i = 0; i < ranges; ++i) cuts.push_back(values[i * values.size() / ranges]);
  values = std::move(cuts);
}

}  // namespace

Result<ColumnRanges> ColumnRanges::Make(const StructField& column) {
  ColumnRanges ranges;
  switch (column.type.kind()) {
    case TypeKind::kString:
      ranges.kind_ = Kind::kText;
      return ranges;
    case TypeKind::kFloat:
    case TypeKind::kDouble:
    case TypeKind::kDecimal:
      ranges.kind_ = Kind::kReal;
      return ranges;
    case TypeKind::kBoolean:
    case TypeKind::kByte:
    case TypeKind::kShort:
    case TypeKind::kInteger:
    case TypeKind::kLong:
    case TypeKind::kDate:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampNtz:
      return ranges;
    default:
      return Fail(ErrorKind::kInvalidArgument,
                  "column '{}' is {}: files are not skipped by its values, so nothing is won by "
                  "ordering rows by it",
                  column.name, column.type.ToString());
  }
}

Status ColumnRanges::Sample(const arrow::Array& values, int64_t row) {
  if (values.IsNull(row)) return OkStatus();
  if (kind_ == Kind::kInteger) {
    integers_.push_back(IntegerAt(values, row));
  } else if (kind_ == Kind::kText) {
    texts_.emplace_back(TextAt(values, row).substr(0, kMaxTextBytes));
  } else if (const double value = RealAt(values, row); !std::isnan(value)) {
    reals_.push_back(value);
  }
  return OkStatus();
}

void ColumnRanges::Cut(int bits) {
  top_ = (uint32_t{1} << bits) - 1;
  CutInto(integers_, top_);
  CutInto(reals_, top_);
  CutInto(texts_, top_);
}

// A sample with fewer values than ranges is spread over all of them.
template <typename Values>
Status ColumnRanges::Locate(const arrow::Array& values, const Values& cuts,
                            std::vector<uint32_t>* coordinates) const {
  coordinates->assign(values.length(), 0);
  const uint64_t count = std::max<uint64_t>(cuts.size(), 1);
  for (int64_t row = 0; row < values.length(); ++row) {
    if (values.IsNull(row)) continue;
    uint64_t before = 0;
    if constexpr (std::is_same_v<Values, std::vector<int64_t>>) {
      before = std::ranges::upper_bound(cuts, IntegerAt(values, row)) - cuts.begin();
    } else if constexpr (std::is_same_v<Values, std::vector<double>>) {
      const double value = RealAt(values, row);
      if (std::isnan(value)) continue;
      before = std::ranges::upper_bound(cuts, value) - cuts.begin();
    } else {
      const std::string_view text = TextAt(values, row).substr(0, kMaxTextBytes);
      before = std::upper_bound(cuts.begin(), cuts.end(), text) - cuts.begin();
    }
    (*coordinates)[row] = static_cast<uint32_t>(before * top_ / count);
  }
  return OkStatus();
}

Status ColumnRanges::Coordinates(const arrow::Array& values,
                                 std::vector<uint32_t>* coordinates) const {
  switch (kind_) {
    case Kind::kInteger:
      return Locate(values, integers_, coordinates);
    case Kind::kReal:
      return Locate(values, reals_, coordinates);
    case Kind::kText:
      return Locate(values, texts_, coordinates);
  }
  return OkStatus();
}

}  // namespace millpond::data
