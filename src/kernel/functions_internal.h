// The functions of the expression language: what each name is called in canonical texts, how many
// arguments it takes and which rule types it. All are at version 1 of their semantics; a fix that
// changes a value adds a new version beside the old (design section 6.9).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kernel/bound_node_internal.h"

namespace millpond::kernel {

enum class Rule : uint8_t {
  kArithmetic,
  kComparison,
  kConnective,
  kNot,
  kNullTest,
  kIn,
  kBetween,
  kCase,
  kChoice,
  kNullif,
  kNumber,
  kUnitsBetween,
  kDateTrunc,
  kDatePart,
  kNamedDatePart,
  kEpoch,
  kText,
  kSubstr,
  kConcat,
  kAsOf,
};

struct FunctionInfo {
  std::string_view name;       // as called, lower case
  std::string_view canonical;  // "add@1"
  Rule rule;
  Op op = Op::kConstant;
  int min_arguments = 1;
  int max_arguments = 1;  // -1: any number
  TimeUnit unit{};
  int64_t micros = 0;
};

std::string LowerName(std::string_view name);
// `name` in any case; null if there is none.
const FunctionInfo* FindFunction(std::string_view name);
// Why a function known to SQL is not offered here, or empty.
std::string_view WhyRefused(std::string_view lower_name);
std::optional<TimeUnit> FindTimeUnit(std::string_view name);

}  // namespace millpond::kernel
