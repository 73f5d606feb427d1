// Small results made by hand (DESCRIBE, SHOW, system tables) as a RecordBatchReader.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace millpond::data {

enum class CellType { kText, kInteger, kBoolean, kTimestamp };

struct RowsColumn {
  std::string name;
  CellType type = CellType::kText;
};

// monostate is NULL; a timestamp is int64_t microseconds.
using Cell = std::variant<std::monostate, std::string, int64_t, bool>;

Result<std::shared_ptr<arrow::RecordBatchReader>> MakeRows(
    const std::vector<RowsColumn>& columns, const std::vector<std::vector<Cell>>& rows);

// Reads and forgets all rows.
Status DrainRows(arrow::RecordBatchReader& rows);

}  // namespace millpond::data
