// Of what is stored: the tables, and one table's columns and history.
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "app/home_sections.h"
#include "app/terminal.h"
#include "base/json.h"
#include "data/delta/snapshot.h"
#include "data/sql/output.h"

namespace millpond::app {
namespace {

std::string Text(const Json& value) {
  if (value.is_null()) return "";
  return value.is_string() ? value.get<std::string>() : DumpJson(value);
}

// The rows of a statement as a table of the page.
Result<model::ReportTable> Ask(data::SqlSession& session, const std::string& sql) {
  MP_ASSIGN_OR_RETURN(auto result, session.Execute(sql));
  std::string text;
  MP_RETURN_IF_ERROR(
      data::WriteOutput(*result.rows, data::OutputFormat::kJson, [&](std::string_view bytes) {
        text += bytes;
        return OkStatus();
      }));
  MP_ASSIGN_OR_RETURN(Json rows, ParseJson(text, "answer"));
  model::ReportTable table;
  table.header = result.rows->schema()->field_names();
  for (const auto& row : rows) {
    auto& cells = table.rows.emplace_back();
    for (const auto& name : table.header) cells.push_back(Text(row[name]));
  }
  return table;
}

}  // namespace

Status AddTables(model::Page& page, const HomePageParts& parts) {
  page.Section("Tables", "tables");
  model::ReportTable table{{"table", "version", "rows", "files", "size"}, {}};
  table.caption = "Delta tables at their latest version; a name leads to columns and history";
  MP_ASSIGN_OR_RETURN(auto names, parts.project.catalog().ListTables());
  for (const auto& name : names) {
    MP_ASSIGN_OR_RETURN(auto delta, parts.project.catalog().OpenTable(name));
    MP_ASSIGN_OR_RETURN(auto snapshot, delta.Latest());
    const auto& files = snapshot->files();
    int64_t rows = 0, bytes = 0;
    for (int64_t i = 0; i < static_cast<int64_t>(files.size()); ++i) {
      rows += files.num_records(i).value_or(0);
      bytes += files.size_bytes(i);
    }
    table.rows.push_back({name.ToString(), fmt::format("{}", snapshot->version()),
                          WithThousands(rows), WithThousands(static_cast<int64_t>(files.size())),
                          HumanBytes(bytes)});
    table.links.push_back("/tables/" + PercentEncode(name.ToString()));
  }
  if (table.rows.empty()) {
    page.Paragraph("None yet: millpond run makes those of transformations/*.sql.");
  } else {
    page.Table(table);
  }
  return OkStatus();
}

Result<HttpResponse> TablePage(const HomePageParts& parts, const HttpRequest& request) {
  MP_ASSIGN_OR_RETURN(auto name, data::ParseTableName(request.Parameter("name")));
  MP_ASSIGN_OR_RETURN(auto delta, parts.project.catalog().OpenTable(name));
  MP_ASSIGN_OR_RETURN(auto snapshot, delta.Latest());
  MP_ASSIGN_OR_RETURN(auto session, parts.project.sql().Connect({request.principal}));
  std::string quoted;
  for (const auto& part : {name.catalog, name.schema, name.table}) {
    quoted += (quoted.empty() ? "\"" : ".\"") + part + "\"";
  }
  model::Page page(name.ToString(),
                   fmt::format("version {}, {}", snapshot->version(), parts.project.config().name));
  page.Links({{"all of the project", "/"}});
  page.Section("Columns", "columns");
  MP_ASSIGN_OR_RETURN(auto columns, Ask(*session, "DESCRIBE " + quoted));
  columns.caption = "Names and types";
  page.Table(columns);
  page.Section("History", "history");
  MP_ASSIGN_OR_RETURN(auto history, Ask(*session, "DESCRIBE HISTORY " + quoted));
  history.caption = "Every version, latest first; any can be read with VERSION AS OF";
  page.Table(history);
  return PageResponse(page);
}

}  // namespace millpond::app
