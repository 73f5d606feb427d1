// The head of CREATE FEATURE VIEW, and its SELECT as a tree: what the user wrote, with places, and
// checked as far as that goes without any table.
//
//   CREATE [OR REPLACE] FEATURE VIEW name
//     ENTITY (column, …)  TIMESTAMP column
//     [KNOWN AT expression]  [SETTLE 5 SECONDS]
//   AS SELECT … FROM table [WHERE …] WINDOW w AS (RANGE INTERVAL 90 DAYS PRECEDING), …
//
// What the language will have later (KNOWN AT COMMIT, GRAIN, CHANGES AS HISTORY …) is refused by
// name. Every error begins with "file:line:column: ".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "data/catalog/table_name.h"
#include "data/sql/statement.h"
#include "data/sql/syntax.h"

namespace millpond::platform {

struct PlacedName {
  std::string name;
  size_t offset = 0;
};

struct ViewStatement {
  data::SourceText source;
  size_t offset = 0;      // of CREATE
  std::string_view text;  // the statement, without ';'
  bool or_replace = false;
  PlacedName name;
  std::vector<PlacedName> entity;
  PlacedName timestamp;
  std::optional<data::SqlExpr> known_at;  // nullopt: the timestamp
  Micros settle = kMicrosPerSecond;
  data::TableName table;
  data::SelectTree select;
};

bool IsViewStatement(const data::Statement& statement);

Result<ViewStatement> ParseViewStatement(const data::Statement& statement);

// All statements of a features/*.sql file: each must be a CREATE FEATURE VIEW.
Result<std::vector<ViewStatement>> ParseViewFile(const data::SourceText& source);

}  // namespace millpond::platform
