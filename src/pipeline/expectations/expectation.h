// CONSTRAINT name EXPECT (condition) [ON VIOLATION DROP ROW | FAIL UPDATE | QUARANTINE]: what a
// flow's rows must be. A row violates an expectation unless its condition is TRUE: a condition that
// is NULL is a violation, so that a check on a missing value cannot pass unseen (write
// `x IS NULL OR …` to allow it).
//
//   (nothing)     the row is kept and counted
//   DROP ROW      the row is left out and counted
//   QUARANTINE    the row goes to <table>_quarantine with the names of all expectations it violates
//   FAIL UPDATE   the epoch fails, no table is touched, the error names the expectation, how many
//                 rows, and the first one with its file and line if it has them
//
// A row that should be both dropped and quarantined is quarantined: nothing is lost. Conditions are
// stateless: no aggregates, windows or subqueries.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millpond::pipeline {

enum class ViolationAction { kWarn, kDropRow, kFailUpdate, kQuarantine };
std::string_view ToString(ViolationAction action);  // "warn", "drop", "fail", "quarantine"

struct Expectation {
  std::string name;
  ViolationAction action = ViolationAction::kWarn;
  size_t begin = 0, end = 0;  // of the condition in the source text, parentheses not included
};

struct ExpectationCount {
  std::string name;
  ViolationAction action = ViolationAction::kWarn;
  int64_t violations = 0;  // rows

  bool operator==(const ExpectationCount&) const = default;
};

}  // namespace millpond::pipeline
