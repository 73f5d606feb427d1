// "column = value" of UPDATE and of MERGE's UPDATE SET: of a whole column, or of a field inside a
// struct (s.a.b = …), whose other fields stay as they are.
#pragma once

#include <functional>
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
Result<Assignment> TakeAssigned(TokenCursor& at, const ChangeTarget& target);
// Refuses a place that is set already, in whole or in part.
Status AddAssignment(std::vector<Assignment>& assignments, Assignment one,
                     const SourceText& source);
// Refuses a column, or a field, that `schema` does not have.
Status CheckAssigned(const Assignment& one, const Schema& schema, const std::string& table,
                     const SourceText& source);

std::vector<const Assignment*> OfColumn(const std::vector<Assignment>& assignments,
                                        const std::string& column);

// The value in that type; one that would be another there is an error, which names the column.
// `value` writes an expression.
Status ComposeExact(ComposedQuery& sql, const DataType& type, const std::string& name,
                    const std::function<Status()>& value);
// The column with new values in some of its fields. `place`: where it stands as it was, "" if it
// was not there; a struct that was NULL becomes one of NULLs but for these fields, as in Spark. All
// of `assignments` are of fields of this column.
Status ComposeFields(ComposedQuery& sql, const std::string& place, const StructField& column,
                     const std::vector<const Assignment*>& assignments);

}  // namespace millpond::data
