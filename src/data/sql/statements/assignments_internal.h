// "column = value" of UPDATE and of MERGE's UPDATE SET: of a whole column, or of a field inside a
// struct (s.a.b = …), whose other fields stay as they are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/sql/statements/change_statement_internal.h"

namespace millpond::data {

struct Assignment {
  std::string column;               // as written, without the target's alias
  std::vector<std::string> fields;  // inside the column, from the top; empty: the whole column
  size_t offset = 0;
  std::string_view value;

  std::string name() const;  // "s.a.b"
};

// What stands before the "=".
Result<Assignment> TakeAssigned(TokenCursor& at, const ChangeTarget& target,
                                const SourceText& source);
// Refuses a place that is set already, in whole or in part.
Status AddAssignment(std::vector<Assignment>& assignments, Assignment one,
                     const SourceText& source);
// Refuses a column, or a field, that `schema` does not have.
Status CheckAssigned(const Assignment& one, const Schema& schema, const std::string& table,
                     const SourceText& source);

// The fields' values in the column as it was, `before` ("NULL": it was not there); a struct that was NULL becomes one of NULLs
// but for them, as in Spark. All of `assignments` are of this column, and none is of all of it.
Status ComposeFields(ComposedQuery& sql, const std::string& before, const StructField& column,
                     const std::vector<const Assignment*>& assignments);

}  // namespace millpond::data
