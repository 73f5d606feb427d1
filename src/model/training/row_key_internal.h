// A row's key as text and as a number: for cluster ids and for sampling that does not depend on the
// order of rows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/column.h"

namespace millpond::model {

std::string RowText(const std::vector<const kernel::Column*>& columns, int64_t row);
uint64_t HashText(std::string_view text);
uint64_t Mix(uint64_t x);  // SplitMix64's finish: a bijection that spreads

}  // namespace millpond::model
