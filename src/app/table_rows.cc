#include "app/table_rows.h"

#include "app/terminal.h"
#include "data/catalog/catalog.h"
#include "data/delta/log/snapshot.h"
#include "data/delta/log/table.h"

namespace millpond::app {

Result<TableRows> ReadTableRows(Project& project) {
  TableRows result;
  result.table.header = {"table", "version", "rows", "files", "size"};
  MP_ASSIGN_OR_RETURN(result.names, project.catalog().ListTables());
  for (const auto& name : result.names) {
    MP_ASSIGN_OR_RETURN(auto delta, project.catalog().OpenTable(name));
    MP_ASSIGN_OR_RETURN(auto snapshot, delta.Latest());
    const auto& files = snapshot->files();
    int64_t rows = 0, bytes = 0;
    for (int64_t i = 0; i < static_cast<int64_t>(files.size()); ++i) {
      rows += files.num_records(i).value_or(0);
      bytes += files.size_bytes(i);
    }
    result.table.rows.push_back(
        {name.ToString(), fmt::format("{}", snapshot->version()), WithThousands(rows),
         WithThousands(static_cast<int64_t>(files.size())), HumanBytes(bytes)});
  }
  return result;
}

}  // namespace millpond::app
