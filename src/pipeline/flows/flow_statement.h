// The statements of transformations/*.sql: heads read by Millpond, bodies (the query after AS) left
// to data/sql. Parsing alone; what a query may say is checked in flow_query.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/catalog/table_name.h"
#include "data/delta/metadata/actions.h"
#include "data/sql/statement.h"
#include "pipeline/expectations/expectation.h"

namespace millpond::pipeline {

enum class FlowKind { kStreamingTable, kMaterializedView, kTemporaryView };
std::string_view ToString(FlowKind kind);  // "streaming table", …

struct ColumnDeclaration {
  std::string name;
  std::string type;  // as written; "" if none was
  std::string comment;
  size_t offset = 0;
};

struct FlowStatement {
  FlowKind kind = FlowKind::kStreamingTable;
  data::SourceText source{"", ""};  // the whole file
  std::string_view text;            // the statement, pointing into source.text(); body likewise
  std::string_view body;
  size_t name_offset = 0;
  data::TableName name;  // of a table; the view's name is name.table
  bool refresh = false;  // OR REFRESH / OR REPLACE
  std::vector<ColumnDeclaration> columns;
  std::vector<Expectation> expectations;
  std::vector<std::string> partition_columns;
  std::string comment;
  data::StringMap properties;

  std::string Place() const { return source.Place(name_offset); }
};

// Whether the head is one of CREATE … STREAMING TABLE / MATERIALIZED VIEW / TEMPORARY VIEW.
bool IsFlowStatement(const data::Statement& statement);

// kInvalidArgument at the token that is wrong; kUnsupported names a clause that is not there yet.
Result<FlowStatement> ParseFlowStatement(const data::Statement& statement);

// The tokens of a text with one blank between: what a definition says, without comments, layout
// and the case of its words.
Result<std::string> NormalizedText(std::string_view part, const data::SourceText& source);

}  // namespace millpond::pipeline
