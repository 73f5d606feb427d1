// The values that one write gives to a table's identity columns (PROTOCOL.md, "Identity Columns"):
// from the high-water mark of the version it read, in steps, never one twice. The commit that
// brings the rows moves the mark, so that of two writers who read the same mark one loses; its
// values are then moved behind the winner's (ReissueIdentity). Used by one thread.
#pragma once

#include <arrow/type_fwd.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "data/delta/commit/table_rules.h"
#include "data/delta/commit/table_shape.h"
#include "data/delta/metadata/actions.h"
#include "data/delta/rows/data_writer.h"

namespace millpond::data {

class IdentityValues {
 public:
  // `shape`: of the table that is written.
  static Result<IdentityValues> Make(const TableShape& shape, std::string table_path);

  // Has this column of the schema such values?
  bool Has(int column) const { return columns_.contains(column); }
  // The next `rows` values. kInvalidArgument: BIGINT has no more.
  Result<std::shared_ptr<arrow::Array>> Next(int column, int64_t rows);

  bool gave_any() const;
  // The schema with the marks of what was given.
  Schema WithMarks(const Schema& schema) const;

  // By how much each column's values must move to lie behind the marks of `schema`, and gives the
  // values from there. Empty: they may stay.
  Result<std::map<int, int64_t>> MoveBehind(const Schema& schema);

 private:
  struct Column {
    IdentityRule rule;
    std::string name;
    int64_t first = 0;  // that is given out
    int64_t count = 0;
  };
  std::string table_path_;
  std::map<int, Column> columns_;
};

// Files of one write again, with the values of some columns moved. The old ones are not removed.
Result<std::vector<AddFile>> ReissueIdentity(const Environment& env, const std::string& table_path,
                                             const TableShape& shape,
                                             const std::vector<AddFile>& files,
                                             const std::map<int, int64_t>& moves,
                                             DataWriter& writer);

}  // namespace millpond::data
