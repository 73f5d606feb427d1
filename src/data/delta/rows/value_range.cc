#include "data/delta/rows/value_range.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace millpond::data {
namespace {

// What is not known may be either way.
bool MayBeBelow(const ColumnValue& a, const ColumnValue& b, bool or_equal) {
  const auto order = CompareValues(a, b);
  return !order || *order < 0 || (or_equal && *order == 0);
}

bool IsBelow(const ColumnValue& a, const ColumnValue& b, bool or_equal) {
  const auto order = CompareValues(a, b);
  return order && (*order < 0 || (or_equal && *order == 0));
}

bool AreSame(const ColumnValue& a, const ColumnValue& b) {
  const auto order = CompareValues(a, b);
  return order && *order == 0;
}

bool BothHaveValues(const ValueRange& a, const ValueRange& b) {
  return a.may_have_value && b.may_have_value;
}

// The least text that is above all with this prefix; nullopt: there is none.
std::optional<std::string> AfterPrefix(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xFF) prefix.pop_back();
  if (prefix.empty()) return std::nullopt;
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

}  // namespace

ValueRange ValueRange::Only(ColumnValue value) {
  const bool is_null = !HasValue(value);
  return {value, value, is_null, !is_null};
}

ValueRange ValueRange::Truth(bool may_be_true, bool may_be_false, bool may_be_null) {
  return {!may_be_false, may_be_true, may_be_null, may_be_true || may_be_false};
}

bool ValueRange::MayBeTrue() const {
  const bool* greatest = std::get_if<bool>(&max);
  return may_have_value && (greatest == nullptr || *greatest);
}

bool ValueRange::MayBeFalse() const {
  const bool* least = std::get_if<bool>(&min);
  return may_have_value && (least == nullptr || !*least);
}

const ColumnValue* ValueRange::only() const {
  return AreSame(min, max) ? &min : nullptr;
}

std::optional<std::weak_ordering> CompareValues(const ColumnValue& a, const ColumnValue& b) {
  if (a.index() != b.index() || !HasValue(a)) return std::nullopt;
  if (const auto* flag = std::get_if<bool>(&a)) return *flag <=> std::get<bool>(b);
  if (const auto* number = std::get_if<int64_t>(&a)) return *number <=> std::get<int64_t>(b);
  if (const auto* text = std::get_if<std::string>(&a)) return *text <=> std::get<std::string>(b);
  if (const auto* decimal = std::get_if<DecimalValue>(&a)) {
    const auto& other = std::get<DecimalValue>(b);
    if (decimal->scale != other.scale) return std::nullopt;
    return decimal->unscaled <=> other.unscaled;
  }
  const double x = std::get<double>(a), y = std::get<double>(b);
  if (std::isnan(x) || std::isnan(y)) return std::isnan(x) <=> std::isnan(y);
  if (x == y) return std::weak_ordering::equivalent;  // 0.0 and -0.0 too
  return x < y ? std::weak_ordering::less : std::weak_ordering::greater;
}

ValueRange UnionOf(const ValueRange& a, const ValueRange& b) {
  if (!a.may_have_value || !b.may_have_value) {
    ValueRange range = a.may_have_value ? a : b;
    range.may_be_null = a.may_be_null || b.may_be_null;
    return range;
  }
  ValueRange range{{}, {}, a.may_be_null || b.may_be_null, true};
  if (const auto order = CompareValues(a.min, b.min)) range.min = *order < 0 ? a.min : b.min;
  if (const auto order = CompareValues(a.max, b.max)) range.max = *order > 0 ? a.max : b.max;
  return range;
}

ValueRange EqualRanges(const ValueRange& a, const ValueRange& b) {
  const bool null = a.may_be_null || b.may_be_null;
  if (!BothHaveValues(a, b)) return ValueRange::Truth(false, false, null);
  const bool meet = MayBeBelow(a.min, b.max, true) && MayBeBelow(b.min, a.max, true);
  const bool one = a.only() != nullptr && b.only() != nullptr && AreSame(a.min, b.min);
  return ValueRange::Truth(meet, !one, null);
}

ValueRange LessRanges(const ValueRange& a, const ValueRange& b, bool or_equal) {
  const bool null = a.may_be_null || b.may_be_null;
  if (!BothHaveValues(a, b)) return ValueRange::Truth(false, false, null);
  return ValueRange::Truth(MayBeBelow(a.min, b.max, or_equal), !IsBelow(a.max, b.min, or_equal),
                           null);
}

ValueRange SameRanges(const ValueRange& a, const ValueRange& b) {
  const ValueRange equal = EqualRanges(a, b);
  const bool both_null = a.may_be_null && b.may_be_null;
  const bool one_null = (a.may_be_null && b.may_have_value) || (b.may_be_null && a.may_have_value);
  return ValueRange::Truth(equal.MayBeTrue() || both_null, equal.MayBeFalse() || one_null, false);
}

ValueRange StartsWithRange(const ValueRange& text, const std::string& prefix) {
  if (!text.may_have_value) return ValueRange::Truth(false, false, text.may_be_null);
  const ColumnValue first = prefix;
  const auto after = AfterPrefix(prefix);
  const ColumnValue behind = after ? ColumnValue(*after) : ColumnValue();
  const bool may = MayBeBelow(first, text.max, true) && MayBeBelow(text.min, behind, false);
  const bool all =
      IsBelow(first, text.min, true) && (prefix.empty() || IsBelow(text.max, behind, false));
  return ValueRange::Truth(may, !all, text.may_be_null);
}

}  // namespace millpond::data
