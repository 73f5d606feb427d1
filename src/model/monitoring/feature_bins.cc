#include "model/monitoring/feature_bins.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>

namespace millpond::model {
namespace {

constexpr size_t kDistinctTexts = 100'000;

std::string_view TextOf(const kernel::Column& column, int64_t row) {
  if (column.type().id == kernel::TypeId::kVarchar) return column.text(row);
  return column.booleans()[static_cast<size_t>(row)] != 0 ? "true" : "false";
}

// Values in the order of doubles are in the order of these numbers.
uint64_t OrderedBits(double value) {
  const auto bits = std::bit_cast<uint64_t>(value);
  return bits >> 63 != 0 ? ~bits : bits | (uint64_t{1} << 63);
}

// The values at `ranks` (ascending) of the sorted sequence. Values are dealt by their leading 16
// bits first, so that only those that share them with a wanted one are put in order: two passes and
// a little, where selecting rank after rank takes many.
std::vector<double> ValuesAtRanks(const std::vector<double>& values,
                                  const std::vector<size_t>& ranks) {
  constexpr int kShift = 48;
  std::vector<uint32_t> counts(size_t{1} << 16);
  for (double value : values) ++counts[OrderedBits(value) >> kShift];
  struct Wanted {
    uint64_t leading = 0;
    size_t before = 0;  // values in lower groups
    std::vector<double> group = {};
  };
  std::vector<Wanted> wanted;
  std::vector<size_t> group_of;  // by rank
  size_t before = 0;
  uint64_t leading = 0;
  for (size_t rank : ranks) {
    while (before + counts[leading] <= rank) before += counts[leading++];
    if (wanted.empty() || wanted.back().leading != leading) wanted.push_back({leading, before});
    group_of.push_back(wanted.size() - 1);
  }
  std::vector<int8_t> place(counts.size(), -1);
  for (size_t i = 0; i < wanted.size(); ++i) place[wanted[i].leading] = static_cast<int8_t>(i);
  for (double value : values) {
    const int8_t at = place[OrderedBits(value) >> kShift];
    if (at >= 0) wanted[static_cast<size_t>(at)].group.push_back(value);
  }
  std::vector<double> found;
  for (size_t i = 0; i < ranks.size(); ++i) {
    auto& [lead, below, group] = wanted[group_of[i]];
    const auto at = group.begin() + static_cast<int64_t>(ranks[i] - below);
    std::nth_element(group.begin(), at, group.end());
    found.push_back(*at);
  }
  return found;
}

// The greatest value below each of `points` (ascending), where there is one.
std::vector<double> ValuesBelow(const std::vector<double>& values,
                                const std::vector<double>& points) {
  std::vector<double> below(points.size(), std::nan(""));
  for (double value : values) {
    for (size_t i = 0; i < points.size(); ++i) {
      if (value < points[i] && !(value <= below[i])) below[i] = value;
    }
  }
  std::erase_if(below, [](double v) { return std::isnan(v); });
  return below;
}

bool IsCategoryColumn(const kernel::Column& column) {
  return column.type().id == kernel::TypeId::kVarchar ||
         column.type().id == kernel::TypeId::kBoolean;
}

// The number of edges below each value; NaN is above all. Rows go in blocks of a fixed size, so
// that the compiler takes several at once.
void AssignNumbers(std::span<const double> values, std::span<const double> edges,
                   std::span<uint16_t> bins) {
  constexpr size_t kBlock = 16;
  size_t row = 0;
  for (; row + kBlock <= values.size(); row += kBlock) {
    int64_t below[kBlock] = {};
    for (double edge : edges) {
      for (size_t i = 0; i < kBlock; ++i) below[i] += values[row + i] <= edge ? 0 : 1;
    }
    for (size_t i = 0; i < kBlock; ++i) bins[row + i] = static_cast<uint16_t>(below[i]);
  }
  for (; row < values.size(); ++row) {
    size_t below = 0;
    for (double edge : edges) below += values[row] <= edge ? 0 : 1;
    bins[row] = static_cast<uint16_t>(below);
  }
}

}  // namespace

bool IsNumberColumn(const kernel::Column& column) {
  return kernel::IsNumeric(column.type());
}

void ToDoubles(const kernel::Column& column, std::span<double> out) {
  switch (column.type().id) {
    case kernel::TypeId::kDouble:
      std::ranges::copy(column.doubles(), out.begin());
      return;
    case kernel::TypeId::kBigint:
      std::ranges::transform(column.int64s(), out.begin(),
                             [](int64_t v) { return static_cast<double>(v); });
      return;
    case kernel::TypeId::kDecimal: {
      const auto unit = static_cast<double>(kernel::PowerOfTen(column.type().scale));
      std::ranges::transform(column.decimals(), out.begin(),
                             [unit](kernel::Int128 v) { return static_cast<double>(v) / unit; });
      return;
    }
    default:
      std::ranges::fill(out, 0.0);
  }
}

void QuantileSample::Thin() {
  size_t kept = 0;
  for (size_t i = 0; i < values_.size(); i += 2) values_[kept++] = values_[i];
  values_.resize(kept);
  stride_ *= 2;
}

FeatureBins FeatureBins::OfNumbers(std::vector<double> present) {
  FeatureBins bins;
  std::erase_if(present, [](double v) { return std::isnan(v); });
  const size_t n = present.size();
  if (n == 0) return bins;
  std::vector<size_t> ranks;
  for (size_t i = 1; i < kDeciles; ++i) ranks.push_back((n * i + kDeciles - 1) / kDeciles - 1);
  std::vector<double> mass_points;
  for (double value : ValuesAtRanks(present, ranks)) {
    if (bins.edges_.empty() || value > bins.edges_.back()) {
      bins.edges_.push_back(value);
    } else if (mass_points.empty() || value > mass_points.back()) {
      mass_points.push_back(value);
    }
  }
  std::ranges::copy(ValuesBelow(present, mass_points), std::back_inserter(bins.edges_));
  std::ranges::sort(bins.edges_);
  const auto repeated = std::ranges::unique(bins.edges_);
  bins.edges_.erase(repeated.begin(), repeated.end());
  return bins;
}

FeatureBins FeatureBins::OfCategories(const std::map<std::string, int64_t, std::less<>>& counts) {
  FeatureBins bins;
  bins.is_numeric_ = false;
  std::vector<std::pair<int64_t, std::string>> by_count;
  for (const auto& [text, count] : counts) by_count.emplace_back(-count, text);
  const size_t kept = std::min(by_count.size(), kCategoryBins);
  std::ranges::partial_sort(by_count, by_count.begin() + static_cast<int64_t>(kept));
  for (size_t i = 0; i < kept; ++i) bins.categories_.push_back(by_count[i].second);
  std::ranges::sort(bins.categories_);
  return bins;
}

std::string FeatureBins::NameOf(size_t bin) const {
  if (bin == null_bin()) return "NULL";
  if (!is_numeric_) return bin < categories_.size() ? categories_[bin] : "other";
  if (edges_.empty()) return "any";
  if (bin == 0) return fmt::format("<= {}", edges_.front());
  if (bin == edges_.size()) return fmt::format("> {}", edges_.back());
  return fmt::format("({}, {}]", edges_[bin - 1], edges_[bin]);
}

size_t FeatureBins::BinOf(double value) const {
  if (std::isnan(value)) return edges_.size();
  size_t bin = 0;
  for (double edge : edges_) bin += value > edge ? 1 : 0;
  return bin;
}

size_t FeatureBins::BinOf(std::string_view text) const {
  const auto found = std::ranges::lower_bound(categories_, text);
  const bool known = found != categories_.end() && *found == text;
  return known ? static_cast<size_t>(found - categories_.begin()) : categories_.size();
}

Status FeatureBins::Assign(const kernel::Column& column, std::span<uint16_t> bins) const {
  const bool fits = is_numeric_ ? IsNumberColumn(column) : IsCategoryColumn(column);
  if (!fits && column.type().id != kernel::TypeId::kNull) {
    return Fail(ErrorKind::kInvalidArgument, "a column of {} is {} now",
                is_numeric_ ? "numbers" : "categories", kernel::ToString(column.type()));
  }
  const auto valid = column.valid();
  if (is_numeric_ && fits) {
    std::vector<double> values(bins.size());
    ToDoubles(column, values);
    AssignNumbers(values, edges_, bins);
  }
  const auto null = static_cast<uint16_t>(null_bin());
  for (size_t row = 0; row < bins.size(); ++row) {
    if (valid[row] == 0) {
      bins[row] = null;
    } else if (!is_numeric_) {
      bins[row] = static_cast<uint16_t>(BinOf(TextOf(column, static_cast<int64_t>(row))));
    }
  }
  return OkStatus();
}

Status BinFitter::Add(const kernel::Column& column, std::span<const uint8_t> chosen) {
  if (column.type().id == kernel::TypeId::kNull) return OkStatus();
  is_numeric_ = IsNumberColumn(column);
  if (!is_numeric_ && !IsCategoryColumn(column)) {
    return Fail(ErrorKind::kUnsupported, "a {} cannot be counted in bins",
                kernel::ToString(column.type()));
  }
  const auto valid = column.valid();
  std::vector<double> values;
  if (is_numeric_) {
    values.resize(valid.size());
    ToDoubles(column, values);
  }
  for (size_t row = 0; row < valid.size(); ++row) {
    if (valid[row] == 0 || chosen[row] == 0) continue;
    if (is_numeric_) {
      sample_.Add(values[row]);
      continue;
    }
    const std::string_view text = TextOf(column, static_cast<int64_t>(row));
    const auto found = counts_.find(text);
    if (found != counts_.end()) {
      ++found->second;
    } else if (counts_.size() < kDistinctTexts) {
      counts_.emplace(text, 1);
    }
  }
  return OkStatus();
}

FeatureBins BinFitter::Fit() && {
  return is_numeric_ ? FeatureBins::OfNumbers(std::move(sample_).Take())
                     : FeatureBins::OfCategories(counts_);
}

}  // namespace millpond::model
