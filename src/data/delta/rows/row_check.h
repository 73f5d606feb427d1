// Conditions that rows must meet (PROTOCOL.md, "CHECK Constraints", "Column Invariants"): whether
// the rows that a table has already meet one, as ALTER TABLE … ADD CONSTRAINT must know.
#pragma once

#include <memory>
#include <string>

#include "data/delta/log/table.h"

namespace millpond::data {

struct RowCheck {
  std::string name;        // of the constraint
  std::string expression;  // Spark SQL
};

// Reads the snapshot. kInvalidArgument: names constraint, expression and the values of the first
// row for which it is not true, or says what is wrong with the expression. kUnsupported: the table
// was opened without an engine for expressions.
Status CheckExistingRows(const DeltaTable& table, std::shared_ptr<const Snapshot> snapshot,
                         const RowCheck& check);

}  // namespace millpond::data
