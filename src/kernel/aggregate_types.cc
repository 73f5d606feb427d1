// Names and types of aggregates.
#include <array>

#include "kernel/aggregate.h"
#include "kernel/expression.h"
#include "kernel/functions_internal.h"

namespace millpond::kernel {
namespace {

struct NamedAggregate {
  std::string_view name;
  AggregateFunction function;
};

constexpr auto kAggregates = std::to_array<NamedAggregate>({
    {"count", AggregateFunction::kCount},
    {"count_if", AggregateFunction::kCountIf},
    {"countif", AggregateFunction::kCountIf},
    {"sum", AggregateFunction::kSum},
    {"avg", AggregateFunction::kAvg},
    {"mean", AggregateFunction::kAvg},
    {"min", AggregateFunction::kMin},
    {"max", AggregateFunction::kMax},
    {"first", AggregateFunction::kFirst},
    {"last", AggregateFunction::kLast},
    {"first_value", AggregateFunction::kFirst},
    {"last_value", AggregateFunction::kLast},
    {"count_distinct", AggregateFunction::kCountDistinct},
    {"time_since", AggregateFunction::kTimeSince},
});

}  // namespace

bool IsAggregateName(std::string_view name) {
  std::string lower = LowerName(name);
  for (const NamedAggregate& known : kAggregates) {
    if (known.name == lower || lower == "count_star") return true;
  }
  return false;
}

std::string_view ToString(AggregateFunction function) {
  switch (function) {
    case AggregateFunction::kCountStar:
      return "count_star";
    case AggregateFunction::kCount:
      return "count";
    case AggregateFunction::kCountIf:
      return "count_if";
    case AggregateFunction::kSum:
      return "sum";
    case AggregateFunction::kAvg:
      return "avg";
    case AggregateFunction::kMin:
      return "min";
    case AggregateFunction::kMax:
      return "max";
    case AggregateFunction::kFirst:
      return "first";
    case AggregateFunction::kLast:
      return "last";
    case AggregateFunction::kCountDistinct:
      return "count_distinct";
    case AggregateFunction::kTimeSince:
      return "time_since";
  }
  return "?";
}

Result<AggregateFunction> FindAggregate(std::string_view name, bool has_argument, bool distinct) {
  std::string lower = LowerName(name);
  if (lower == "count_star") lower = "count";
  for (const NamedAggregate& known : kAggregates) {
    if (known.name != lower) continue;
    AggregateFunction function = known.function;
    if (distinct) {
      if (function == AggregateFunction::kCount && has_argument) {
        return AggregateFunction::kCountDistinct;
      }
      return Fail(ErrorKind::kUnsupported,
                  "{}(DISTINCT ...) is not built; only count(DISTINCT x) is", lower);
    }
    if (function == AggregateFunction::kCount && !has_argument) {
      return AggregateFunction::kCountStar;
    }
    if (!has_argument && function != AggregateFunction::kTimeSince) {
      return Fail(ErrorKind::kInvalidArgument, "{} needs an argument", lower);
    }
    return function;
  }
  if (std::string_view reason = WhyRefused(lower); !reason.empty()) {
    return Fail(ErrorKind::kUnsupported, "aggregate {} is refused: {}", lower, reason);
  }
  return Fail(ErrorKind::kUnsupported,
              "there is no aggregate {}; there are count, count_if, sum, avg, min, max, first, "
              "last, count_distinct, time_since",
              name);
}

Result<Type> AggregateResultType(AggregateFunction function, Type argument) {
  bool null_argument = argument.id == TypeId::kNull;
  auto refuse = [&]() -> Result<Type> {
    return Fail(ErrorKind::kInvalidArgument, "{} does not take {}", ToString(function),
                ToString(argument));
  };
  switch (function) {
    case AggregateFunction::kCountStar:
      return null_argument ? Result<Type>(kBigint) : refuse();
    case AggregateFunction::kCount:
    case AggregateFunction::kCountDistinct:
      return null_argument ? refuse() : Result<Type>(kBigint);
    case AggregateFunction::kCountIf:
      return argument.id == TypeId::kBoolean ? Result<Type>(kBigint) : refuse();
    case AggregateFunction::kTimeSince:
      return kDouble;
    case AggregateFunction::kSum:
      if (argument.id == TypeId::kDouble) return kDouble;
      if (!IsNumeric(argument)) return refuse();
      return Decimal(kMaxDecimalDigits, argument.scale);
    case AggregateFunction::kAvg:
      return IsNumeric(argument) ? Result<Type>(kDouble) : refuse();
    case AggregateFunction::kMin:
    case AggregateFunction::kMax:
    case AggregateFunction::kFirst:
    case AggregateFunction::kLast:
      return null_argument ? refuse() : Result<Type>(argument);
  }
  return refuse();
}

}  // namespace millpond::kernel
