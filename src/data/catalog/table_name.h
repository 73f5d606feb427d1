// Names of tables: catalog.schema.table, default main.default. A part has letters, digits and
// underscores, does not begin with a digit, and is looked up without regard to case.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace millpond::data {

struct TableName {
  std::string catalog = "main";
  std::string schema = "default";
  std::string table;

  std::string ToString() const { return catalog + "." + schema + "." + table; }
  auto operator<=>(const TableName&) const = default;
};

// "orders", "sales.orders" (schema.table) or "main.sales.orders". kInvalidArgument names the part.
Result<TableName> ParseTableName(std::string_view text);
Status ValidateNamePart(std::string_view part, std::string_view what);

}  // namespace millpond::data
