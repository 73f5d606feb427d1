#include "data/sql/walls.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace millpond::data {
namespace {

constexpr std::array<std::string_view, 5> kTableFunctions = {"range", "generate_series", "unnest",
                                                             "repeat", "delta_scan"};

// Functions that tell of the server, keep state in it, or act outside the query.
constexpr std::array<std::string_view, 12> kScalarFunctions = {
    "current_setting", "getenv",          "getvariable",      "write_log",
    "nextval",         "currval",         "txid_current",     "current_query",
    "in_search_path",  "current_schemas", "current_database", "current_connection_id"};
// DuckDB's decoder of variant bytes trusts them.
constexpr std::string_view kTrustsBytes = "variant_bytes_to_variant";

struct Remedy {
  std::string_view prefix;
  std::string_view text;
};

constexpr std::array<Remedy, 8> kRemedies = {{
    {"read_", "files are read by read_files('path', format => 'csv' | 'json' | 'text' | …)"},
    {"parquet_", "a table's files and sizes are shown by DESCRIBE DETAIL t"},
    {"glob", "files are read by read_files('path', format => …)"},
    {"sniff_", "files are read by read_files('path', format => …)"},
    {"delta_", "a Delta table is read by delta_scan('path') or delta.`path`"},
    {"duckdb_", "tables are listed by SHOW TABLES, columns by DESCRIBE t"},
    {"pragma_", "tables are listed by SHOW TABLES, columns by DESCRIBE t"},
    {"query", "write the query itself"},
}};

std::string RemedyFor(const std::string& function) {
  for (const Remedy& remedy : kRemedies) {
    if (function.starts_with(remedy.prefix)) return std::string(remedy.text);
  }
  return "functions that may stand in FROM are range, generate_series, unnest, delta_scan, "
         "read_files, table_changes";
}

}  // namespace

Status CheckWalls(const SelectTree& tree, const SourceText& source,
                  const std::function<bool(const std::string&)>& is_registered,
                  const RewrittenSql* outer) {
  const auto place = [&](size_t offset) {
    return outer != nullptr ? outer->SourceOffset(offset) : offset;
  };
  Status status = OkStatus();
  ForEachRelation(tree, [&](const TableRef& ref) {
    if (!status) return;
    if (ref.kind == TableRef::Kind::kOther) {
      status = FailAt(source, place(ref.offset), ErrorKind::kUnsupported,
                      "PIVOT, UNPIVOT, DESCRIBE and SHOW inside FROM are not supported; write "
                      "aggregates with FILTER (WHERE …) for PIVOT");
    } else if (ref.kind == TableRef::Kind::kFunction) {
      const std::string& name = ref.function->name;
      if (std::ranges::find(kTableFunctions, name) != kTableFunctions.end()) return;
      if (is_registered(name)) return;
      status = FailAt(source, place(ref.offset), ErrorKind::kPermissionDenied,
                      "table function {} is not available; {}", name, RemedyFor(name));
    }
  });
  if (!status) return status;
  ForEachExpression(tree, [&](const SqlExpr& expression) {
    if (!status || expression.kind != SqlExprKind::kFunction) return;
    if (expression.name == kTrustsBytes) {
      status = FailAt(source, place(expression.offset), ErrorKind::kPermissionDenied,
                      "function {} is not available: it does not check the bytes that it is given",
                      expression.name);
      return;
    }
    const bool refused =
        std::ranges::find(kScalarFunctions, expression.name) != kScalarFunctions.end() ||
        expression.name.starts_with("pg_") || expression.name.starts_with("has_") ||
        expression.name.starts_with("duckdb_");
    if (!refused) return;
    status = FailAt(source, place(expression.offset), ErrorKind::kPermissionDenied,
                    "function {} is not available: it looks at the server, not at data",
                    expression.name);
  });
  return status;
}

}  // namespace millpond::data
