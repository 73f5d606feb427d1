// Where labels come from when a person names them: a CSV or Parquet file, or a table.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "platform/features/view_binding.h"

namespace millpond::platform {

// `what`: a path ending in .csv or .parquet (from the working folder), else a table's name, read at
// its latest version. In a CSV file (one header line) the columns that hold T and the entities of
// the views have the views' types; others are typed by their values. An empty field is NULL.
Result<std::shared_ptr<arrow::RecordBatchReader>> OpenLabelRows(
    data::Catalog& catalog, const std::string& what, const std::vector<ViewBinding>& views,
    const TrainingOptions& options);

}  // namespace millpond::platform
