// A caller's rows as a table takes them: brought to its columns (rows/row_mapper.h), what they
// lack filled in, what the table asks of them checked. In this order:
//
//   1. texts are brought to the length of their CHAR(n) and VARCHAR(n) (rows/text_fit.h)
//   2. columns that are left out get their default, their identity values, or NULL
//   3. generated columns that are left out are computed from the others
//   4. invariants, CHECK constraints, and generated columns that were given must hold
//
// PROTOCOL.md, "Column Invariants", "CHECK Constraints", "Generated Columns", "Default Columns",
// "Identity Columns". Every path that adds rows goes through here; rows that are only moved to
// another file do not.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "data/delta/commit/table_shape.h"
#include "data/delta/metadata/row_expressions.h"

namespace millpond::data {

class IdentityValues;

struct RowTarget {
  const TableShape& shape;
  const std::string& table_path;
  RowExpressionEngine* engine = nullptr;  // null: a table with such rules is refused
  // Where identity columns that are left out get their values. Null: the rows were in the table
  // before and bring theirs.
  IdentityValues* identity = nullptr;
};

class RowRules {
 public:
  // For rows of these columns. kInvalidArgument names a column that may not be given or must be;
  // kUnsupported names the rules that need SQL where there is no engine.
  static Result<std::unique_ptr<RowRules>> Make(const RowTarget& target, const arrow::Schema& rows);
  virtual ~RowRules() = default;

  // Rows of the table's whole schema, in its order and types. kInvalidArgument names the rule that
  // the rows break, its expression and the values of the first such row.
  virtual Result<std::shared_ptr<arrow::RecordBatch>> Apply(const arrow::RecordBatch& rows) = 0;
};

// What CREATE TABLE and ALTER TABLE ask before they put rules into a table: can they be read and
// evaluated, and do they fit their columns?
Status ValidateRules(const Schema& schema, const StringMap& properties,
                     RowExpressionEngine& engine);

// The same of one column's default.
Status CheckDefault(const StructField& field, const std::string& text, RowExpressionEngine& engine);

}  // namespace millpond::data
