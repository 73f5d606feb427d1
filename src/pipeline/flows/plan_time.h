// The time of an epoch's plan in the place of the wall clock: an epoch that is run again must give
// the same rows.
#pragma once

#include <set>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "data/sql/rewrite.h"
#include "data/sql/syntax.h"

namespace millpond::pipeline {

// now(), current_timestamp, current_date and their like in a part of a file: `now` for them.
Status ReplaceNow(std::string_view part, const data::SourceText& source, Micros now,
                  std::vector<data::Replacement>& out);

// The offsets at which ReplaceNow replaces.
Result<std::set<size_t>> TimesTold(std::string_view part, const data::SourceText& source);

// Whether the expression's value depends on when it is computed, unless ReplaceNow replaces it.
bool ReadsTheClock(const data::SqlExpr& e);

}  // namespace millpond::pipeline
