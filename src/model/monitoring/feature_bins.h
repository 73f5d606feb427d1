// The bins in which one column is counted, fitted once on the reference.
//
//   numbers     right-closed: (-inf, e1], (e1, e2], …, (ek, inf), and NULL. The edges are the
//               distinct values among the reference's deciles, x((ceil(n·i/10))) for i = 1 … 9 in
//               ascending order of the present values, and below each value that is several
//               deciles (a mass point) the greatest smaller value: so a mass point has a bin of
//               its own, and what moves from it to a smaller value is seen. Never a bin twice. NaN
//               is above every number.
//   categories  texts and booleans: one bin for each of the 20 most frequent values of the
//               reference (equal counts by bytes), "other", and NULL.
//
// The bins depend on the reference's values alone, not on their order: where a reference has more
// than kSampledValues of them, edges come from every 2nd, 4th, … value in the table's own order
// (QuantileSample). What is counted in the bins is always every row. Immutable after fitting.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kernel/column.h"

namespace millpond::model {

inline constexpr int kDeciles = 10;
inline constexpr size_t kCategoryBins = 20;
inline constexpr size_t kSampledValues = 1 << 18;

// Every value up to kSampledValues, then every second of all, every fourth …: bounded, and the same
// for the same sequence.
class QuantileSample {
 public:
  void Add(double value) {
    if ((seen_++ & (stride_ - 1)) != 0) return;
    values_.push_back(value);
    if (values_.size() > kSampledValues) Thin();
  }
  std::vector<double> Take() && { return std::move(values_); }

 private:
  void Thin();
  std::vector<double> values_;
  uint64_t seen_ = 0;
  uint64_t stride_ = 1;  // a power of two
};

class FeatureBins {
 public:
  FeatureBins() = default;
  static FeatureBins OfNumbers(std::vector<double> present);
  static FeatureBins OfCategories(const std::map<std::string, int64_t, std::less<>>& counts);

  bool is_numeric() const { return is_numeric_; }
  size_t size() const { return (is_numeric_ ? edges_.size() + 1 : categories_.size() + 1) + 1; }
  size_t null_bin() const { return size() - 1; }
  std::string NameOf(size_t bin) const;  // "(2, 5]", "UA", "other", "NULL"
  const std::vector<double>& edges() const { return edges_; }

  size_t BinOf(double value) const;
  size_t BinOf(std::string_view text) const;
  // The bin of each row. kInvalidArgument: the column is of another kind than the reference's was.
  Status Assign(const kernel::Column& column, std::span<uint16_t> bins) const;

 private:
  bool is_numeric_ = true;
  std::vector<double> edges_;
  std::vector<std::string> categories_;  // by bytes
};

// The reference's values of one column, as far as fitting needs them. Distinct texts beyond 100,000
// are not kept apart: they are "other" anyway.
class BinFitter {
 public:
  Status Add(const kernel::Column& column, std::span<const uint8_t> chosen);  // 1: a reference row
  FeatureBins Fit() &&;

 private:
  bool is_numeric_ = true;
  QuantileSample sample_;
  std::map<std::string, int64_t, std::less<>> counts_;
};

// Numbers of a BIGINT, DOUBLE or DECIMAL column as doubles; 0 where it is NULL.
bool IsNumberColumn(const kernel::Column& column);
void ToDoubles(const kernel::Column& column, std::span<double> out);

}  // namespace millpond::model
