#include "model/monitoring/feature_bins.h"

#include <algorithm>
#include <cmath>

namespace millpond::model {
namespace {

constexpr size_t kDistinctTexts = 100'000;

std::string_view TextOf(const kernel::Column& column, int64_t row) {
  if (column.type().id == kernel::TypeId::kVarchar) return column.text(row);
  return column.booleans()[static_cast<size_t>(row)] != 0 ? "true" : "false";
}

bool IsCategoryColumn(const kernel::Column& column) {
  return column.type().id == kernel::TypeId::kVarchar ||
         column.type().id == kernel::TypeId::kBoolean;
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
  auto from = present.begin();
  for (size_t i = 1; i < kDeciles && n > 0; ++i) {
    // The ceil(n·i/10)-th smallest. Each selection leaves the smaller ones in front.
    const size_t rank = (n * i + kDeciles - 1) / kDeciles - 1;
    const auto at = present.begin() + static_cast<int64_t>(rank);
    if (at >= from) std::nth_element(from, at, present.end());
    from = at;
    if (bins.edges_.empty() || *at > bins.edges_.back()) bins.edges_.push_back(*at);
  }
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
    std::ranges::fill(bins, uint16_t{0});
    // Edge by edge over all rows: no branch, so the compiler takes several rows at once.
    for (double edge : edges_) {
      for (size_t row = 0; row < bins.size(); ++row) {
        bins[row] = static_cast<uint16_t>(bins[row] + (values[row] > edge ? 1 : 0));
      }
    }
    for (size_t row = 0; row < bins.size(); ++row) {
      if (std::isnan(values[row])) bins[row] = static_cast<uint16_t>(edges_.size());
    }
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
