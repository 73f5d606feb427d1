// report.html of `millpond run`: what is in the tables, which rows broke which expectation, and a
// section for each model. It is a function of the project's state and definitions, and written
// whenever the file there does not show this state: a run that was killed before it, a model that
// was deleted, leave no stale page behind.
#include <arrow/api.h>

#include <map>

#include "app/run.h"
#include "app/table_rows.h"
#include "base/json.h"
#include "data/catalog/catalog.h"
#include "data/delta/log/snapshot.h"
#include "model/report/model_section.h"
#include "model/report/page.h"
#include "pipeline/flows/event_log.h"

namespace millpond::app {
namespace {

Status AddTables(model::Page& page, Project& project) {
  page.Section("Tables", "tables");
  page.Paragraph(fmt::format("Delta tables under {}.", project.warehouse_dir()));
  MP_ASSIGN_OR_RETURN(auto tables, ReadTableRows(project));
  page.Table(tables.table);
  return OkStatus();
}

// What the epochs of one table counted: its last one, and all since it was made or refreshed.
struct EpochCounts {
  int64_t generation = 0;
  int64_t last_rows = 0, all_rows = 0;
  std::vector<pipeline::ExpectationCount> last = {};
  std::map<std::string, int64_t> all = {};  // violations by expectation
};

EpochCounts CountsOf(const std::vector<pipeline::FlowEvent>& events) {
  EpochCounts counts;
  for (const auto& event : events) {
    if (event.generation < counts.generation) continue;
    if (event.generation > counts.generation) counts = {.generation = event.generation};
    counts.last_rows = event.outcome.rows_in;
    counts.all_rows += event.outcome.rows_in;
    counts.last = event.outcome.expectations;
    for (const auto& one : counts.last) counts.all[one.name] += one.violations;
  }
  return counts;
}

// From the epochs that made the tables, not from this run: a run without news shows them too.
Status AddExpectations(model::Page& page, Project& project, const RunOutcome& outcome) {
  model::ReportTable table{{"expectation", "table", "on violation", "violations (last epoch)",
                            "rows (last epoch)", "violations (all)", "rows (all)"},
                           {}};
  MP_ASSIGN_OR_RETURN(auto log, pipeline::EventLog::Open(project.catalog().workspace()));
  for (const auto& flow : outcome.tables.flows) {
    MP_ASSIGN_OR_RETURN(auto events, log.Events(flow.name));
    EpochCounts counts = CountsOf(events);
    // A materialized view is computed anew each time: its last epoch is all there is.
    const bool anew = flow.kind != "streaming table";
    for (const auto& one : counts.last) {
      table.rows.push_back({one.name, flow.name, std::string(pipeline::ToString(one.action)),
                            WithThousands(one.violations), WithThousands(counts.last_rows),
                            WithThousands(anew ? one.violations : counts.all[one.name]),
                            WithThousands(anew ? counts.last_rows : counts.all_rows)});
    }
  }
  page.Heading("Expectations");
  if (table.rows.empty()) {
    page.Paragraph("No table states an expectation.");
  } else {
    page.Table(table);
  }
  return OkStatus();
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

Result<model::Page> ReportOf(Project& project, const RunOutcome& outcome) {
  model::Page page(
      project.config().name,
      fmt::format("millpond run at {}", FormatTimestamp(project.now()).substr(0, 16) + "Z"));
  MP_RETURN_IF_ERROR(AddTables(page, project));
  MP_RETURN_IF_ERROR(AddExpectations(page, project, outcome));
  for (const auto& model : outcome.models) {
    model::AddModelSection(page,
                           {model.definition.name, model.definition.description,
                            model.training.run_id, model.training.version},
                           model.training.evaluation);
  }
  AddScores(page, outcome);
  return page;
}

}  // namespace

Status UpdateReport(Project& project, const RunOutcome& outcome, Progress& progress) {
  FileSystem& fs = project.env().fs;
  MP_ASSIGN_OR_RETURN(auto page, ReportOf(project, outcome));
  // A file that cannot be read is written anew; if that fails too, that error is told.
  auto there = fs.ReadFile(outcome.report_path);
  if (there && page.IsShownBy(*there)) return OkStatus();
  progress.Report({.phase = "report", .object = outcome.report_path});
  return fs.ReplaceFile(outcome.report_path, page.Render());
}

}  // namespace millpond::app
