// Brings a caller's rows to a table's columns: by name, without regard to case; safe widening casts
// only; NOT NULL, ranges and UTF-8 checked. Columns that the rows lack are NULL.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "data/delta/metadata/schema.h"

namespace millpond::data {

class RowMapper {
 public:
  // kInvalidArgument names a column that the table does not have, that stands twice, or that is
  // missing and NOT NULL. `filled`: table columns that the caller fills where the rows lack them
  // (empty: none).
  static Result<RowMapper> Make(const Schema& table, const arrow::Schema& rows,
                                const std::string& table_path,
                                const std::vector<bool>& filled = {});

  Result<std::shared_ptr<arrow::RecordBatch>> Map(const arrow::RecordBatch& rows) const;

 private:
  Schema schema_;
  std::shared_ptr<arrow::Schema> arrow_schema_;
  std::vector<int> source_;  // of each table column: the rows' column, -1 if there is none
};

}  // namespace millpond::data
