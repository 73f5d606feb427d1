// Columns and batches: owned memory, one byte of validity a row (1 = valid). A row that is NULL
// holds a zero or the empty text, so that equal columns are equal in memory.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kernel/value.h"

namespace millpond::kernel {

class Column {
 public:
  Column() : Column(kNullType, 0) {}
  // `rows` NULLs, to be filled by Set… or through the mutable spans.
  explicit Column(Type type, int64_t rows = 0);
  static Column FromValues(Type type, std::span<const Value> values);
  static Column Repeat(const Value& value, int64_t rows);

  Type type() const { return type_; }
  int64_t size() const { return static_cast<int64_t>(valid_.size()); }
  bool IsNull(int64_t row) const { return valid_[row] == 0; }
  std::span<const uint8_t> valid() const { return valid_; }
  std::span<uint8_t> mutable_valid() { return valid_; }

  // The span of the type's kind: booleans() of BOOLEAN (0 or 1), int64s() where IsStoredAsInt64,
  // doubles() of DOUBLE, decimals() of DECIMAL.
  std::span<const uint8_t> booleans() const { return std::get<std::vector<uint8_t>>(data_); }
  std::span<const int64_t> int64s() const { return std::get<std::vector<int64_t>>(data_); }
  std::span<const double> doubles() const { return std::get<std::vector<double>>(data_); }
  std::span<const Int128> decimals() const { return std::get<std::vector<Int128>>(data_); }
  std::span<uint8_t> mutable_booleans() { return std::get<std::vector<uint8_t>>(data_); }
  std::span<int64_t> mutable_int64s() { return std::get<std::vector<int64_t>>(data_); }
  std::span<double> mutable_doubles() { return std::get<std::vector<double>>(data_); }
  std::span<Int128> mutable_decimals() { return std::get<std::vector<Int128>>(data_); }
  std::string_view text(int64_t row) const {
    return std::get<std::vector<std::string>>(data_)[row];
  }
  void SetText(int64_t row, std::string text);

  Value ValueAt(int64_t row) const;
  // value's type must be the column's, or value the NULL literal.
  void Set(int64_t row, const Value& value);
  void Append(const Value& value);
  // Copies one row of a column of the same type.
  void CopyRow(int64_t row, const Column& from, int64_t from_row);

  // The rows `take` in that order.
  Column Take(std::span<const int64_t> take) const;

 private:
  Type type_;
  std::vector<uint8_t> valid_;
  std::variant<std::vector<uint8_t>, std::vector<int64_t>, std::vector<double>, std::vector<Int128>,
               std::vector<std::string>>
      data_;
};

struct Batch {
  std::vector<std::string> names;
  std::vector<Column> columns;
  int64_t rows = 0;

  // Index of the column, or -1. Exact name first, then without regard to ASCII case.
  int Find(std::string_view name) const;
};

}  // namespace millpond::kernel
