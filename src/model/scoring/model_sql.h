// The SELECTs that a model's definition holds (labels, candidates), run at fixed table versions.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "data/catalog/catalog.h"
#include "data/sql/session.h"
#include "kernel/column.h"

namespace millpond::model {

// A SELECT inside the YAML file. `text` is preceded by as many line ends as stand before it in the
// file, so that an error's line is the file's own (columns count from the block's indentation).
struct ModelSql {
  std::string file = {};
  std::string text = {};
};

// Table name (catalog.schema.table) -> version.
using TableVersions = std::map<std::string, int64_t>;

// The tables a SELECT reads at any depth, with their latest versions. A table function or a
// delta.`path` is refused by name: what cannot be pinned cannot be reproduced.
Result<TableVersions> ResolveTables(data::Catalog& catalog, const ModelSql& sql);

// `:as_of` in the text (outside strings and comments).
Result<bool> HasAsOf(const ModelSql& sql);

// One SELECT at `versions`; as_of stands in for `:as_of` as TIMESTAMP '…'. The order of the rows is
// the engine's.
Result<kernel::Batch> SelectRows(data::SqlEngine& engine, const data::Principal& principal,
                                 const ModelSql& sql, const TableVersions& versions,
                                 std::optional<Micros> as_of);

}  // namespace millpond::model
