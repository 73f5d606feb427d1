// The Delta tables of a project as a page and the report show them.
#pragma once

#include <vector>

#include "app/project.h"
#include "data/catalog/table_name.h"
#include "model/report/page.h"

namespace millpond::app {

struct TableRows {
  std::vector<data::TableName> names;
  model::ReportTable table;  // a row a name: version, rows, files, size at the latest version
};

Result<TableRows> ReadTableRows(Project& project);

}  // namespace millpond::app
