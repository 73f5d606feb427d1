// What an expression can be in the rows of one file, and how a function carries that over: the
// image of a range under a cast, a part of a date, the beginning of a text. Where this is not sure
// it errs to the wide side, so that what lies outside of a range is certainly in no row.
//
// Values are those of ColumnValue; the caller sees to it that what is compared has one type. Dates
// and timestamps are those of the proleptic Gregorian calendar in UTC.
#pragma once

#include <compare>
#include <optional>
#include <string>

#include "data/delta/metadata/column_value.h"

namespace millpond::data {

struct ValueRange {
  // Of what is not NULL; no value: no bound on that side.
  ColumnValue min = {}, max = {};
  bool may_be_null = true;
  bool may_have_value = true;

  // One value in all rows; no value: NULL.
  static ValueRange Only(ColumnValue value);
  // Of a condition.
  static ValueRange Truth(bool may_be_true, bool may_be_false, bool may_be_null);
  bool MayBeTrue() const;
  bool MayBeFalse() const;
  // All rows with a value have this one; null: not known to be so.
  const ColumnValue* only() const;
};

// In SQL's order: NaN above all numbers, texts by their bytes. Nullopt: not comparable.
std::optional<std::weak_ordering> CompareValues(const ColumnValue& a, const ColumnValue& b);

// What either of them may be.
ValueRange UnionOf(const ValueRange& a, const ValueRange& b);

// Conditions on two expressions that do not know of each other: which outcomes rows may have.
ValueRange EqualRanges(const ValueRange& a, const ValueRange& b);
ValueRange LessRanges(const ValueRange& a, const ValueRange& b, bool or_equal);
// IS NOT DISTINCT FROM: NULL equals NULL.
ValueRange SameRanges(const ValueRange& a, const ValueRange& b);
ValueRange StartsWithRange(const ValueRange& text, const std::string& prefix);

enum class DatePart {
  kYear,
  kQuarter,
  kMonth,
  kWeek,  // of truncation only
  kDay,
  kDayOfYear,
  kDayOfWeek,     // Sunday is 0
  kIsoDayOfWeek,  // Monday is 1, Sunday 7
  kHour,
  kMinute,
  kSecond,
  kMillisecond,  // of truncation only
};

// A function of one argument.
struct RangeFunction {
  enum class Kind { kCast, kPart, kTruncate, kPrefix, kFormat };
  Kind kind = Kind::kCast;
  DataType from = {}, to = {};  // kPart: to is LONG
  DatePart part = DatePart::kYear;
  int64_t characters = 0;   // of kPrefix: the first so many
  std::string format = {};  // of kFormat: "%Y-%m", as strftime has it
};

// The range of function(x), x in the range. Functions that say nothing of the order (a cast of a
// text to a number) give the widest one.
ValueRange Image(const RangeFunction& function, const ValueRange& argument);

}  // namespace millpond::data
