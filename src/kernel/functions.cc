#include "kernel/functions_internal.h"

#include <array>
#include <span>

#include "base/clock.h"

namespace millpond::kernel {
namespace {

constexpr int kAny = -1;

constexpr auto kOperators = std::to_array<FunctionInfo>({
    {"+", "add@1", Rule::kArithmetic, Op::kAdd, 2, 2},
    {"-", "subtract@1", Rule::kArithmetic, Op::kSubtract, 1, 2},
    {"*", "multiply@1", Rule::kArithmetic, Op::kMultiply, 2, 2},
    {"/", "divide@1", Rule::kArithmetic, Op::kDivide, 2, 2},
    {"//", "integer_divide@1", Rule::kArithmetic, Op::kIntegerDivide, 2, 2},
    {"%", "modulo@1", Rule::kArithmetic, Op::kModulo, 2, 2},
    {"mod", "modulo@1", Rule::kArithmetic, Op::kModulo, 2, 2},
    {"=", "equal@1", Rule::kComparison, Op::kEqual, 2, 2},
    {"==", "equal@1", Rule::kComparison, Op::kEqual, 2, 2},
    {"<>", "not_equal@1", Rule::kComparison, Op::kNotEqual, 2, 2},
    {"!=", "not_equal@1", Rule::kComparison, Op::kNotEqual, 2, 2},
    {"<", "less@1", Rule::kComparison, Op::kLess, 2, 2},
    {"<=", "less_equal@1", Rule::kComparison, Op::kLessEqual, 2, 2},
    {">", "greater@1", Rule::kComparison, Op::kGreater, 2, 2},
    {">=", "greater_equal@1", Rule::kComparison, Op::kGreaterEqual, 2, 2},
    {"is_distinct_from", "is_distinct@1", Rule::kComparison, Op::kIsDistinct, 2, 2},
    {"is_not_distinct_from", "is_not_distinct@1", Rule::kComparison, Op::kIsNotDistinct, 2, 2},
    {"and", "and@1", Rule::kConnective, Op::kAnd, 1, kAny},
    {"or", "or@1", Rule::kConnective, Op::kOr, 1, kAny},
    {"not", "not@1", Rule::kNot, Op::kNot, 1, 1},
    {"is_null", "is_null@1", Rule::kNullTest, Op::kIsNull, 1, 1},
    {"is_not_null", "is_not_null@1", Rule::kNullTest, Op::kIsNotNull, 1, 1},
    {"in", "in@1", Rule::kIn, Op::kOr, 2, kAny},
    {"between", "between@1", Rule::kBetween, Op::kAnd, 3, 3},
    {"case", "case@1", Rule::kCase, Op::kCase, 2, kAny},
    {"coalesce", "coalesce@1", Rule::kChoice, Op::kCoalesce, 1, kAny},
    {"ifnull", "coalesce@1", Rule::kChoice, Op::kCoalesce, 2, 2},
    {"greatest", "greatest@1", Rule::kChoice, Op::kGreatest, 1, kAny},
    {"least", "least@1", Rule::kChoice, Op::kLeast, 1, kAny},
    {"nullif", "nullif@1", Rule::kNullif, Op::kCase, 2, 2},
    {"abs", "abs@1", Rule::kNumber, Op::kAbs, 1, 1},
    {"floor", "floor@1", Rule::kNumber, Op::kFloor, 1, 1},
    {"ceil", "ceil@1", Rule::kNumber, Op::kCeil, 1, 1},
    {"ceiling", "ceil@1", Rule::kNumber, Op::kCeil, 1, 1},
    {"round", "round@1", Rule::kNumber, Op::kRound, 1, 2},
    {"sqrt", "sqrt@1", Rule::kNumber, Op::kSqrt, 1, 1},
});

constexpr auto kTimeFunctions = std::to_array<FunctionInfo>({
    {"days_between",
     "days_between@1",
     Rule::kUnitsBetween,
     Op::kUnitsBetween,
     2,
     2,
     {},
     kMicrosPerDay},
    {"hours_between",
     "hours_between@1",
     Rule::kUnitsBetween,
     Op::kUnitsBetween,
     2,
     2,
     {},
     kMicrosPerHour},
    {"minutes_between",
     "minutes_between@1",
     Rule::kUnitsBetween,
     Op::kUnitsBetween,
     2,
     2,
     {},
     60'000'000},
    {"seconds_between",
     "seconds_between@1",
     Rule::kUnitsBetween,
     Op::kUnitsBetween,
     2,
     2,
     {},
     kMicrosPerSecond},
    {"date_trunc", "date_trunc@1", Rule::kDateTrunc, Op::kDateTrunc, 2, 2},
    {"date_part", "date_part@1", Rule::kDatePart, Op::kDatePart, 2, 2},
    {"extract", "date_part@1", Rule::kDatePart, Op::kDatePart, 2, 2},
    {"year", "year@1", Rule::kNamedDatePart, Op::kDatePart, 1, 1, TimeUnit::kYear},
    {"quarter", "quarter@1", Rule::kNamedDatePart, Op::kDatePart, 1, 1, TimeUnit::kQuarter},
    {"month", "month@1", Rule::kNamedDatePart, Op::kDatePart, 1, 1, TimeUnit::kMonth},
    {"week", "week@1", Rule::kNamedDatePart, Op::kDatePart, 1, 1, TimeUnit::kWeek},
    {"day", "day@1", Rule::kNamedDatePart, Op::kDatePart, 1, 1, TimeUnit::kDay},
    {"hour", "hour@1", Rule::kNamedDatePart, Op::kDatePart, 1, 1, TimeUnit::kHour},
    {"minute", "minute@1", Rule::kNamedDatePart, Op::kDatePart, 1, 1, TimeUnit::kMinute},
    {"second", "second@1", Rule::kNamedDatePart, Op::kDatePart, 1, 1, TimeUnit::kSecond},
    {"dayofweek", "dow@1", Rule::kNamedDatePart, Op::kDatePart, 1, 1, TimeUnit::kDayOfWeek},
    {"dow", "dow@1", Rule::kNamedDatePart, Op::kDatePart, 1, 1, TimeUnit::kDayOfWeek},
    {"isodow", "isodow@1", Rule::kNamedDatePart, Op::kDatePart, 1, 1, TimeUnit::kIsoDayOfWeek},
    {"dayofyear", "doy@1", Rule::kNamedDatePart, Op::kDatePart, 1, 1, TimeUnit::kDayOfYear},
    {"doy", "doy@1", Rule::kNamedDatePart, Op::kDatePart, 1, 1, TimeUnit::kDayOfYear},
    {"epoch", "epoch@1", Rule::kEpoch, Op::kEpoch, 1, 1},
    {"as_of", "as_of@1", Rule::kAsOf, Op::kInput, 0, 0},
});

constexpr auto kTextFunctions = std::to_array<FunctionInfo>({
    {"lower", "lower@1", Rule::kText, Op::kLower, 1, 1},
    {"lcase", "lower@1", Rule::kText, Op::kLower, 1, 1},
    {"upper", "upper@1", Rule::kText, Op::kUpper, 1, 1},
    {"ucase", "upper@1", Rule::kText, Op::kUpper, 1, 1},
    {"length", "length@1", Rule::kText, Op::kLength, 1, 1},
    {"like", "like@1", Rule::kText, Op::kLike, 2, 2},
    {"~~", "like@1", Rule::kText, Op::kLike, 2, 2},
    {"substr", "substr@1", Rule::kSubstr, Op::kSubstr, 2, 3},
    {"substring", "substr@1", Rule::kSubstr, Op::kSubstr, 2, 3},
    {"concat", "concat@1", Rule::kConcat, Op::kConcat, 1, kAny},
    {"||", "concat_operator@1", Rule::kConcat, Op::kConcatOperator, 2, 2},
});

constexpr std::array<std::span<const FunctionInfo>, 3> kTables = {kOperators, kTimeFunctions,
                                                                  kTextFunctions};

constexpr std::string_view kTranscendental =
    "libm's result differs between machines and versions; it comes back with a correctly "
    "rounded "
    "library";
constexpr std::string_view kImpure =
    "its value is not a function of the row; as_of() is the time a feature is asked for";
constexpr std::string_view kNotBuilt =
    "it is not built yet; count, count_if, sum, avg, min, max, first, last, count_distinct "
    "and "
    "time_since are";

struct RefusedFunction {
  std::string_view name;
  std::string_view reason;
};

constexpr auto kRefused = std::to_array<RefusedFunction>({
    {"exp", kTranscendental},
    {"ln", kTranscendental},
    {"log", kTranscendental},
    {"log2", kTranscendental},
    {"log10", kTranscendental},
    {"log1p", kTranscendental},
    {"pow", kTranscendental},
    {"power", kTranscendental},
    {"**", kTranscendental},
    {"^", kTranscendental},
    {"cbrt", kTranscendental},
    {"sin", kTranscendental},
    {"cos", kTranscendental},
    {"tan", kTranscendental},
    {"cot", kTranscendental},
    {"asin", kTranscendental},
    {"acos", kTranscendental},
    {"atan", kTranscendental},
    {"atan2", kTranscendental},
    {"sinh", kTranscendental},
    {"cosh", kTranscendental},
    {"tanh", kTranscendental},
    {"gamma", kTranscendental},
    {"lgamma", kTranscendental},
    {"now", kImpure},
    {"current_timestamp", kImpure},
    {"current_date", kImpure},
    {"get_current_timestamp", kImpure},
    {"today", kImpure},
    {"random", kImpure},
    {"uuid", kImpure},
    {"gen_random_uuid", kImpure},
    {"stddev", kNotBuilt},
    {"stddev_samp", kNotBuilt},
    {"stddev_pop", kNotBuilt},
    {"variance", kNotBuilt},
    {"var_samp", kNotBuilt},
    {"var_pop", kNotBuilt},
    {"median", kNotBuilt},
    {"quantile", kNotBuilt},
    {"quantile_cont", kNotBuilt},
    {"quantile_disc", kNotBuilt},
    {"approx_quantile", kNotBuilt},
    {"approx_count_distinct", kNotBuilt},
    {"mode", kNotBuilt},
    {"entropy", kNotBuilt},
    {"histogram", kNotBuilt},
});

struct NamedUnit {
  std::string_view name;
  TimeUnit unit;
};

constexpr auto kUnits = std::to_array<NamedUnit>({
    {"year", TimeUnit::kYear},
    {"quarter", TimeUnit::kQuarter},
    {"month", TimeUnit::kMonth},
    {"week", TimeUnit::kWeek},
    {"day", TimeUnit::kDay},
    {"hour", TimeUnit::kHour},
    {"minute", TimeUnit::kMinute},
    {"second", TimeUnit::kSecond},
    {"dow", TimeUnit::kDayOfWeek},
    {"dayofweek", TimeUnit::kDayOfWeek},
    {"isodow", TimeUnit::kIsoDayOfWeek},
    {"doy", TimeUnit::kDayOfYear},
    {"dayofyear", TimeUnit::kDayOfYear},
});

}  // namespace

std::string LowerName(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return lower;
}

const FunctionInfo* FindFunction(std::string_view name) {
  std::string lower = LowerName(name);
  for (std::span<const FunctionInfo> table : kTables) {
    for (const FunctionInfo& function : table) {
      if (function.name == lower) return &function;
    }
  }
  return nullptr;
}

std::string_view WhyRefused(std::string_view lower_name) {
  for (const RefusedFunction& refused : kRefused) {
    if (refused.name == lower_name) return refused.reason;
  }
  return {};
}

std::optional<TimeUnit> FindTimeUnit(std::string_view name) {
  std::string lower = LowerName(name);
  for (const NamedUnit& known : kUnits) {
    if (known.name == lower || (lower.size() == known.name.size() + 1 && lower.ends_with('s') &&
                                lower.starts_with(known.name))) {
      return known.unit;
    }
  }
  return {};
}

}  // namespace millpond::kernel
