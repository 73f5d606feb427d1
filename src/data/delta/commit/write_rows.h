// Rows of a query to data files, by the table's rules, a bounded slice at a time; the query goes
// on while a slice is encoded.
#pragma once

#include <arrow/type_fwd.h>

#include "base/result.h"

namespace millpond::data {

class DataWriter;
class DeltaTable;
class RowRules;

// An error of the rows' source is told as it is: it knows its own place.
Status WriteRows(const DeltaTable& table, arrow::RecordBatchReader& rows, RowRules& rules,
                 DataWriter& writer);

}  // namespace millpond::data
