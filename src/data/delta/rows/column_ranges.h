// The coordinates of rows on a curve: each column is cut into ranges with equally many rows, by a
// sample, and a value's coordinate is the number of its range. Values that are frequent span many
// ranges, so that a column with few values still uses all bits. NULL and NaN come first.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "data/delta/metadata/schema.h"

namespace millpond::data {

class ColumnRanges {
 public:
  // kInvalidArgument: a type without an order that statistics could use (nested, BINARY, VARIANT).
  static Result<ColumnRanges> Make(const StructField& column);

  // Takes one value of the column into the sample.
  Status Sample(const arrow::Array& values, int64_t row);
  // Cuts. No Sample afterwards.
  void Cut(int bits);
  // The coordinate of each value. `coordinates` gets as many as there are rows.
  Status Coordinates(const arrow::Array& values, std::vector<uint32_t>* coordinates) const;

 private:
  enum class Kind { kInteger, kReal, kText };
  template <typename Values>
  Status Locate(const arrow::Array& values, const Values& cuts,
                std::vector<uint32_t>* coordinates) const;

  Kind kind_ = Kind::kInteger;
  uint32_t top_ = 0;
  // The sample, and then the lower bounds of the ranges.
  std::vector<int64_t> integers_;
  std::vector<double> reals_;
  std::vector<std::string> texts_;
};

}  // namespace millpond::data
