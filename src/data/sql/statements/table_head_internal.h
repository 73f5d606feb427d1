// CREATE [OR REPLACE] TABLE [IF NOT EXISTS] t [(a BIGINT [NOT NULL] [COMMENT '…'] [rule], …,
//   [CONSTRAINT c CHECK (…)])] [USING DELTA] [PARTITIONED BY (a, …) | CLUSTER BY (a, …)]
//   [COMMENT '…'] [LOCATION 'path'] [TBLPROPERTIES ('k' = 'v', …)]
// in any order of the clauses, up to AS, LIKE, SHALLOW CLONE or the end. A column's rule is DEFAULT
// expression, GENERATED ALWAYS AS (expression), GENERATED ALWAYS | BY DEFAULT AS IDENTITY [(START
// WITH n INCREMENT BY n)], or CONSTRAINT c CHECK (…), read by table_head_rules.cc; expressions are
// turned into Spark's SQL.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/catalog/table_name.h"
#include "data/delta/log/table.h"
#include "data/sql/token_cursor.h"

namespace millpond::data {

struct TableHead {
  bool or_replace = false;
  bool if_not_exists = false;
  TableName name;
  size_t name_offset = 0;
  std::vector<StructField> columns;
  std::vector<std::string> partition_columns;
  std::vector<std::string> clustering_columns;
  StringMap properties;
  std::optional<std::string> comment;
  std::optional<std::string> location;  // as written
  size_t location_offset = 0;
  bool by_path = false;  // CREATE TABLE delta.`location`: no name

  CreateOptions create_options() const;  // without the schema
};

// If a rule of the column `field` begins at the cursor, reads it and gives true.
Result<bool> TakeColumnRule(TokenCursor& at, const SourceText& source, StructField& field,
                            StringMap& properties);
// CONSTRAINT c CHECK (…), as a table property.
Status TakeConstraint(TokenCursor& at, const SourceText& source, StringMap& properties);
// "(a, b)": names of columns.
Result<std::vector<std::string>> TakeColumnList(TokenCursor& at);

Result<TableHead> ParseTableHead(TokenCursor& at, const SourceText& source);
// The clauses from the cursor on, as far as they are of these kinds.
Status TakeTableClauses(TokenCursor& at, const SourceText& source, TableHead& head);

}  // namespace millpond::data
