// Shared by the rules of query_rules.h.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "base/result.h"
#include "data/sql/syntax.h"

namespace millpond::pipeline {

template <size_t N>
bool IsOneOf(std::string_view name, const std::array<std::string_view, N>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// By its name and form; what an alias or a macro stands for is known to the bound query only.
bool IsAggregate(const data::SqlExpr& e);

// The first error of a walk over expressions.
class Finding {
 public:
  Status status = OkStatus();
  void Note(std::unexpected<Error> error) {
    if (status.has_value()) status = std::move(error);
  }
};

}  // namespace millpond::pipeline
