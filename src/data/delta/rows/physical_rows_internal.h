// Rows of a table as its data files spell them: physical names at every level, and field ids where
// columns are mapped (PROTOCOL.md, "Column Mapping"). Values are shared, not copied.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>

#include "data/delta/metadata/schema.h"

namespace millpond::data {

// The Arrow schema of a data file with these (logical) columns.
std::shared_ptr<arrow::Schema> PhysicalArrowSchema(const Schema& columns);

// `rows` has the same columns under their logical names, in the same order.
std::shared_ptr<arrow::RecordBatch> AsPhysical(const arrow::RecordBatch& rows,
                                               std::shared_ptr<arrow::Schema> physical);

}  // namespace millpond::data
