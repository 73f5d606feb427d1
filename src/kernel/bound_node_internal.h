// The typed tree behind BoundExpression, and the column functions its nodes run. Each function
// takes whole columns and is total: a row without a result is NULL.
#pragma once

#include <memory>
#include <vector>

#include "kernel/column.h"

namespace millpond::kernel {

enum class Op : uint8_t {
  kInput,
  kConstant,
  kCast,
  // two arguments of one type, unless the time or decimal rules say otherwise
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kIntegerDivide,
  kModulo,
  // two arguments of one type
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIsDistinct,
  kIsNotDistinct,
  // BOOLEAN
  kAnd,
  kOr,
  kNot,
  kIsNull,
  kIsNotNull,
  // choices: any number of arguments of the result's type (kCase: conditions before each)
  kCase,
  kCoalesce,
  kGreatest,
  kLeast,
  // one number
  kNegate,
  kAbs,
  kFloor,
  kCeil,
  kRound,
  kSqrt,
  // time; `parameter` is a unit
  kUnitsBetween,
  kDateTrunc,
  kDatePart,
  kEpoch,
  // text
  kLower,
  kUpper,
  kLength,
  kConcat,
  kConcatOperator,
  kSubstr,
  kLike,
  kCanonicalRow,  // of the compiler, not of users: the row encoding of the arguments, as bytes
};

enum class TimeUnit : uint8_t {
  kYear,
  kQuarter,
  kMonth,
  kWeek,
  kDay,
  kHour,
  kMinute,
  kSecond,
  kDayOfWeek,
  kIsoDayOfWeek,
  kDayOfYear,
};

struct BoundNode {
  Op op = Op::kConstant;
  Type type;
  int input = -1;      // kInput
  Value constant;      // kConstant
  TimeUnit unit{};     // time functions
  int64_t micros = 0;  // kUnitsBetween
  std::vector<std::shared_ptr<const BoundNode>> children;
};

using BoundNodePtr = std::shared_ptr<const BoundNode>;

bool CanCast(Type from, Type to);
Column CastColumn(const Column& from, Type to);

Column Arithmetic(Op op, const Column& a, const Column& b, Type type);
Column NumberFunction(Op op, const Column& a, Type type);

Column Comparison(Op op, const Column& a, const Column& b);
Column Connective(Op op, const Column& a, const Column& b);
Column NullTest(Op op, const Column& a);
Column Not(const Column& a);
// kCoalesce, kGreatest, kLeast
Column Choose(Op op, std::span<const Column* const> arguments, Type type);
// condition, value, condition, value, ... , else (always there)
Column Case(std::span<const Column* const> arguments, Type type);

Column UnitsBetween(const Column& from, const Column& to, int64_t micros);
Column DateTrunc(TimeUnit unit, const Column& a, Type type);
Column DatePart(TimeUnit unit, const Column& a);
Column Epoch(const Column& a);

Column CanonicalRows(std::span<const Column* const> arguments);
Column TextFunction(Op op, std::span<const Column* const> arguments, Type type);

// Floor division; b > 0.
constexpr int64_t FloorDivide(int64_t a, int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

inline constexpr int64_t kMicrosPerDayInt = 86'400'000'000;
// DATE is what 32 bits of days hold (Delta and Arrow): beyond it a date is NULL.
constexpr bool IsDate(int64_t days) {
  return days >= INT32_MIN && days <= INT32_MAX;
}

}  // namespace millpond::kernel
