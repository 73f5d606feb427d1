#include <arrow/table.h>

#include "data/arrow/status.h"
#include "data/delta/commit/write.h"
#include "model/scoring/tagged_table_internal.h"

namespace millpond::model {
namespace {

constexpr char kTag[] = "millpond.made_from";

// The latest version, if it was made from `fingerprint`; -1 otherwise.
Result<int64_t> VersionMadeFrom(data::Catalog& catalog, const OwnedTable& owned,
                                const std::string& fingerprint) {
  MP_ASSIGN_OR_RETURN(auto table, FindOwnedTable(catalog, owned));
  if (!table) return -1;
  MP_ASSIGN_OR_RETURN(auto history, table->History(1));
  if (history.empty()) return -1;
  auto tag = history.front().tags.find(kTag);
  bool same = tag != history.front().tags.end() && tag->second == fingerprint;
  return same ? history.front().version : -1;
}

}  // namespace

Result<TaggedWrite> WriteUnlessTagged(
    data::Catalog& catalog, const OwnedTable& owned, const std::string& operation,
    const std::string& fingerprint,
    const std::function<Result<std::shared_ptr<arrow::Table>>()>& make) {
  MP_ASSIGN_OR_RETURN(int64_t found, VersionMadeFrom(catalog, owned, fingerprint));
  if (found >= 0) return TaggedWrite{false, found};
  MP_ASSIGN_OR_RETURN(auto rows, make());
  data::CreateOptions create;
  MP_ASSIGN_OR_RETURN(create.schema, data::Schema::FromArrow(*rows->schema()));
  create.operation = operation;
  MP_ASSIGN_OR_RETURN(auto table, OpenOwnedTable(catalog, owned, create));
  data::WriteOptions options;
  options.mode = data::WriteMode::kOverwrite;
  options.operation = operation;
  options.commit_tags = {{kTag, fingerprint}};
  options.overwrite_schema = create.schema;
  arrow::TableBatchReader reader(*rows);
  MP_ASSIGN_OR_RETURN_CONTEXT(auto commit, data::WriteTable(table, reader, options),
                              "while writing {}", owned.name.ToString());
  return TaggedWrite{true, commit.version};
}

}  // namespace millpond::model
