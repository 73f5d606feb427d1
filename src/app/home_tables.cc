// Of what is stored: the tables, and one table's columns and history.
#include "app/home_sections.h"
#include "app/table_rows.h"
#include "app/terminal.h"
#include "data/delta/log/snapshot.h"
#include "data/delta/log/table.h"
#include "data/delta/metadata/text_limits.h"

namespace millpond::app {
namespace {

constexpr int kShownVersions = 50;
constexpr size_t kShownCharacters = 120;

// "rows=3, files=1", cut where a commit says very much.
std::string Words(const data::StringMap& map) {
  std::string text;
  for (const auto& [key, value] : map) {
    text += fmt::format("{}{}={}", text.empty() ? "" : ", ", key, value);
  }
  if (text.size() <= kShownCharacters) return text;
  size_t end = kShownCharacters;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // UTF-8
  return text.substr(0, end) + "…";
}

model::ReportTable Columns(const data::Snapshot& snapshot) {
  model::ReportTable table{{"column", "type", "comment"}, {}};
  table.caption = "Columns at the latest version";
  for (const auto& field : snapshot.schema().fields()) {
    const auto comment = field.metadata.find("comment");
    table.rows.push_back({field.name, data::TypeString(field),
                          comment == field.metadata.end() ? "" : comment->second});
  }
  return table;
}

}  // namespace

Status AddTables(model::Page& page, const HomePageParts& parts) {
  page.Section("Tables", "tables");
  MP_ASSIGN_OR_RETURN(auto tables, ReadTableRows(parts.project));
  model::ReportTable& table = tables.table;
  table.caption = "Delta tables at their latest version; a name leads to columns and history";
  for (const auto& name : tables.names) {
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
  MP_ASSIGN_OR_RETURN(auto history, delta.History(kShownVersions));
  model::Page page(name.ToString(),
                   fmt::format("version {}, {}", snapshot->version(), parts.project.config().name));
  page.Links({{"all of the project", "/"}});
  page.Section("Columns", "columns");
  page.Table(Columns(*snapshot));
  page.Section("History", "history");
  model::ReportTable versions{{"version", "committed", "operation", "metrics", "parameters"}, {}};
  versions.caption = fmt::format(
      "The last {} versions, latest first; each can be read with VERSION AS OF", kShownVersions);
  for (const auto& entry : history) {
    versions.rows.push_back({fmt::format("{}", entry.version), Moment(entry.timestamp),
                             entry.operation, Words(entry.metrics), Words(entry.parameters)});
  }
  page.Table(versions);
  return PageResponse(page);
}

}  // namespace millpond::app
