#include "app/init/file_facts.h"

#include "base/json.h"
#include "data/sql/output.h"
#include "data/sql/tokenizer.h"

namespace millpond::app {
namespace {

constexpr int kHeadLines = 20;

std::string At(Micros at) {
  return fmt::format("CAST(make_timestamp({}) AS TIMESTAMPTZ)", at);
}

int64_t Number(const Json& row, const char* key) {
  auto at = row.find(key);
  return at != row.end() && at->is_number() ? at->get<int64_t>() : 0;
}

}  // namespace

FileFacts::FileFacts(std::unique_ptr<data::SqlSession> session, std::string file, std::string shown,
                     TerminalProgress& progress)
    : session_(std::move(session)),
      file_(std::move(file)),
      shown_(std::move(shown)),
      progress_(&progress) {}

Result<Json> FileFacts::Rows(const std::string& sql) {
  MP_ASSIGN_OR_RETURN(auto rows, session_->Select(sql));
  std::string text;
  MP_RETURN_IF_ERROR(
      data::WriteOutput(*rows, data::OutputFormat::kJson, [&](std::string_view bytes) {
        text += bytes;
        return OkStatus();
      }));
  return ParseJson(text, "rows of the file");
}

Result<Json> FileFacts::OneRow(const std::string& sql) {
  MP_ASSIGN_OR_RETURN(Json rows, Rows(sql));
  if (!rows.is_array() || rows.size() != 1) return Fail(ErrorKind::kInternal, "no row: {}", sql);
  return rows[0];
}

Result<FileFacts> FileFacts::Open(Project& project, std::string file, std::string shown,
                                  TerminalProgress& progress) {
  MP_ASSIGN_OR_RETURN(auto session, project.sql().Connect({"local"}));
  FileFacts facts(std::move(session), std::move(file), std::move(shown), progress);
  progress.Report({.phase = "read", .object = facts.shown_});
  const std::string lines =
      fmt::format("FROM read_files({}, format => 'text')", data::QuoteString(facts.file_));
  MP_ASSIGN_OR_RETURN(Json odd,
                      facts.Rows("SELECT min(line_number) AS line " + lines +
                                 " WHERE contains(line, chr(65533)) OR contains(line, chr(0))"));
  if (!odd.empty() && odd[0]["line"].is_number()) {
    return Fail(ErrorKind::kInvalidArgument,
                "{}:{}: not UTF-8; convert the file first, for example: iconv -f WINDOWS-1252 -t "
                "UTF-8 {} > utf8.csv",
                facts.shown_, odd[0]["line"].get<int64_t>(), facts.shown_);
  }
  MP_ASSIGN_OR_RETURN(Json head, facts.Rows(fmt::format("SELECT line {} WHERE line_number <= {} "
                                                        "ORDER BY line_number",
                                                        lines, kHeadLines)));
  std::vector<std::string> texts;
  for (const auto& row : head) texts.push_back(row["line"].get<std::string>());
  while (!texts.empty() && texts.back().empty()) texts.pop_back();
  MP_ASSIGN_OR_RETURN(facts.head_, ReadCsvHead(texts, facts.shown_));
  return facts;
}

Result<std::vector<FileColumn>> FileFacts::Columns(const std::string& time_format) {
  const std::vector<std::string> names = SqlNames(head_.columns);
  std::string schema, select;
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string quoted = data::QuoteName(head_.columns[i]);
    schema += (i > 0 ? ", " : "") + quoted + " STRING";
    select += fmt::format("{}trim({}) AS {}", i > 0 ? ", " : "", quoted, names[i]);
  }
  auto written = session_->Execute(fmt::format(
      "CREATE TABLE file_rows AS SELECT {} FROM read_files({}, format => 'csv', header => true, "
      "delimiter => {}, schema => {})",
      select, data::QuoteString(file_),
      head_.delimiter == '\t' ? "'\\t'" : data::QuoteString(std::string(1, head_.delimiter)),
      data::QuoteString(schema)));
  if (!written.has_value()) {
    return Fail(written.error().kind(), "{}: {}", shown_, written.error().message());
  }
  std::vector<FileColumn> columns;
  for (size_t i = 0; i < names.size(); ++i) {
    progress_->Report({.phase = "look at",
                       .object = "columns",
                       .done = static_cast<int64_t>(i + 1),
                       .total = static_cast<int64_t>(names.size())});
    MP_ASSIGN_OR_RETURN(Json row, OneRow(ProfileSql(names[i], time_format)));
    FileColumn column;
    MP_ASSIGN_OR_RETURN(column.profile, ProfileFromJson(row));
    column.profile.header = head_.columns[i];
    column.profile.header.erase(0, column.profile.header.find_first_not_of(' '));
    column.profile.header.erase(column.profile.header.find_last_not_of(' ') + 1);
    column.profile.name = names[i];
    if (column.profile.distinct <= 1000) {
      MP_ASSIGN_OR_RETURN(Json top, Rows(TopValuesSql(names[i])));
      for (const auto& value : top) {
        column.profile.top.emplace_back(value["v"].get<std::string>(), value["n"].get<int64_t>());
      }
    }
    column.type = TypeOf(column.profile);
    column.time = TimeTypeOf(column.profile, time_format);
    // With a format of one's own, the columns that it does not read may still be times.
    if (!column.time.is_time() && !time_format.empty())
      column.time = TimeTypeOf(column.profile, "");
    columns.push_back(std::move(column));
  }
  if (columns.empty() || columns[0].profile.rows == 0) {
    return Fail(ErrorKind::kInvalidArgument, "{} has a header line and no row below it", shown_);
  }
  return columns;
}

Status FileFacts::TakeEvents(const ProjectSketch& sketch) {
  const FileColumn& entity = sketch.entity_column();
  const std::string& name = entity.profile.name;
  const std::string& time = sketch.time_column().time.sql;
  MP_RETURN_IF_ERROR(session_->Execute(fmt::format(
      "CREATE TABLE file_events AS SELECT {} AS e, CAST({} AS TIMESTAMPTZ) AS t, {} AS l "
      "FROM file_rows WHERE {} AND {} IS NOT NULL",
      entity.type.kind == ColumnKind::kInteger ? entity.type.sql : "trim(" + name + ")", time,
      sketch.label_in_rows() ? sketch.label.sql : "CAST(NULL AS BOOLEAN)", FilledSql(name), time)));
  return OkStatus();
}

Result<TimeFacts> FileFacts::Times(bool whole_days, Micros now) {
  MP_ASSIGN_OR_RETURN(Json ends, OneRow("SELECT quantile_disc(epoch_us(t), 0.001) AS low, "
                                        "quantile_disc(epoch_us(t), 0.999) AS high, "
                                        "max(epoch_us(t)) AS last FROM file_events"));
  MP_ASSIGN_OR_RETURN(Json gaps,
                      OneRow("SELECT quantile_disc(gap, 0.5) AS median, quantile_disc(gap, 0.8) AS "
                             "long FROM (SELECT epoch_us(t) - "
                             "lag(epoch_us(t)) OVER (PARTITION BY e ORDER BY t) AS gap FROM "
                             "file_events) WHERE gap > 0"));
  TimeFacts facts{.begin = Number(ends, "low"),
                  .end = Number(ends, "last"),
                  .median_gap = Number(gaps, "median"),
                  .long_gap = Number(gaps, "long"),
                  .whole_days = whole_days,
                  .now = now};
  const Micros bulk = Number(ends, "high");
  if (facts.end - bulk > bulk - facts.begin) facts.end = bulk;
  return facts;
}

Result<std::vector<Micros>> FileFacts::LabelQuantiles() {
  MP_ASSIGN_OR_RETURN(
      Json row,
      OneRow("SELECT quantile_disc(epoch_us(t), 0.1) AS a, quantile_disc(epoch_us(t), 0.6) AS b, "
             "quantile_disc(epoch_us(t), 0.8) AS c FROM file_events WHERE l IS NOT NULL"));
  return std::vector<Micros>{Number(row, "a"), Number(row, "b"), Number(row, "c")};
}

Result<PartCounts> FileFacts::CountActivity(const std::vector<Micros>& moments, Micros horizon) {
  PartCounts counts;
  for (const Micros moment : moments) {
    MP_ASSIGN_OR_RETURN(
        Json row,
        OneRow(fmt::format(
            "SELECT count(*) AS n, count(*) FILTER (WHERE after = 0) AS away FROM (SELECT e, "
            "count(*) FILTER "
            "(WHERE t >= {0}) AS after FROM file_events WHERE t >= {1} AND t < {2} GROUP BY e "
            "HAVING count(*) FILTER (WHERE t < {0}) > 0)",
            At(moment), At(moment - horizon), At(moment + horizon))));
    counts.rows += Number(row, "n");
    counts.positives += Number(row, "away");
  }
  return counts;
}

Result<PartCounts> FileFacts::CountLabels(Micros from, Micros to, Micros known_by,
                                          Micros known_after) {
  MP_ASSIGN_OR_RETURN(
      Json row,
      OneRow(fmt::format(
          "SELECT count(*) AS n, count(*) FILTER (WHERE l) AS yes FROM file_events WHERE l IS NOT "
          "NULL AND t >= {} AND t < {} AND t <= {}",
          At(from), At(to), At(known_by - known_after))));
  return PartCounts{.rows = Number(row, "n"), .positives = Number(row, "yes")};
}

Result<std::vector<std::string>> FileFacts::LatestEntities() {
  MP_ASSIGN_OR_RETURN(Json rows,
                      Rows("SELECT e FROM file_events GROUP BY e ORDER BY max(t) DESC, e LIMIT 3"));
  std::vector<std::string> entities;
  for (const auto& row : rows) entities.push_back(DumpJson(row["e"]));
  return entities;
}

}  // namespace millpond::app
