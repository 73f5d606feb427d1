// report.html of `millpond run`: what is in the tables, which rows broke which expectation, and a
// section for each model.
#include <arrow/api.h>

#include "app/run.h"
#include "base/json.h"
#include "data/catalog/catalog.h"
#include "data/delta/snapshot.h"
#include "model/report/model_section.h"
#include "model/report/page.h"

namespace millpond::app {
namespace {

Status AddTables(model::Page& page, Project& project) {
  page.Section("Tables", "tables");
  page.Paragraph(fmt::format("Delta tables under {}.", project.StatePathOf("warehouse")));
  model::ReportTable table{{"table", "version", "rows", "files", "size"}, {}};
  MP_ASSIGN_OR_RETURN(auto names, project.catalog().ListTables());
  for (const auto& name : names) {
    MP_ASSIGN_OR_RETURN(auto delta, project.catalog().OpenTable(name));
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
  }
  page.Table(table);
  return OkStatus();
}

void AddExpectations(model::Page& page, const RunOutcome& outcome) {
  model::ReportTable table{{"expectation", "table", "on violation", "violations", "rows"}, {}};
  for (const auto& flow : outcome.tables.flows) {
    for (const auto& expectation : flow.expectations) {
      table.rows.push_back({expectation.name, flow.name,
                            std::string(pipeline::ToString(expectation.action)),
                            WithThousands(expectation.violations), WithThousands(flow.rows_in)});
    }
  }
  if (table.rows.empty()) return;
  page.Heading("Expectations, over the rows of this run");
  page.Table(table);
}

void AddScores(model::Page& page, const RunOutcome& outcome) {
  model::ReportTable table{{"model", "scores", "rows", "work list", "rows", "held out"}, {}};
  for (const auto& model : outcome.models) {
    if (!model.scored) continue;
    table.rows.push_back({model.definition.name, model.scoring.table,
                          WithThousands(model.scoring.rows), model.scoring.work_list,
                          WithThousands(model.scoring.work_list_rows),
                          WithThousands(model.scoring.holdout_rows)});
  }
  if (table.rows.empty()) return;
  page.Section("Scores", "scores");
  page.Table(table);
}

}  // namespace

Status WriteReport(Project& project, const RunOutcome& outcome, const std::string& path) {
  model::Page page(
      project.config().name,
      fmt::format("millpond run at {}", FormatTimestamp(project.now()).substr(0, 16) + "Z"));
  MP_RETURN_IF_ERROR(AddTables(page, project));
  AddExpectations(page, outcome);
  for (const auto& model : outcome.models) {
    model::AddModelSection(page,
                           {model.definition.name, model.definition.description,
                            model.training.run_id, model.training.version},
                           model.training.evaluation);
  }
  AddScores(page, outcome);
  return project.env().fs.ReplaceFile(path, page.Render());
}

}  // namespace millpond::app
