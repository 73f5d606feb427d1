// The closing summary of `millpond run`: what was written where, in aligned lines.
#include <algorithm>
#include <cmath>

#include "app/run.h"
#include "base/json.h"
#include "model/report/page.h"

namespace millpond::app {
namespace {

std::string TableLine(const pipeline::FlowReport& flow, size_t width) {
  std::string line = fmt::format("  {:<{}}  version {:<4}", flow.name, width, flow.version);
  if (!flow.changed)
    return line + "  unchanged" + (flow.message.empty() ? "" : " (" + flow.message + ")");
  line += fmt::format("  {} rows written", WithThousands(flow.rows_out));
  if (flow.files_read > 0) line += fmt::format(" from {} files", WithThousands(flow.files_read));
  if (flow.rows_quarantined > 0) {
    line += fmt::format(", {} quarantined in {}", WithThousands(flow.rows_quarantined),
                        flow.quarantine_table);
  }
  if (flow.rows_dropped > 0) line += fmt::format(", {} dropped", WithThousands(flow.rows_dropped));
  return line + fmt::format("  ({})", HumanSeconds(flow.seconds));
}

// Average precision of each prediction on the test split: "model 0.702, logistic 0.711, …".
std::string MetricsLine(const Json& evaluation) {
  std::string line;
  auto metrics = evaluation.is_object() ? evaluation.find("metrics") : evaluation.end();
  if (!evaluation.is_object() || metrics == evaluation.end()) return line;
  for (const Json& entry : *metrics) {
    if (entry.value("metric", "") != "average_precision" || !entry["value"].is_number()) continue;
    line += fmt::format("{}{} {}", line.empty() ? "average precision on the test split: " : ", ",
                        entry.value("prediction", "?"),
                        model::FormatNumber(entry["value"].get<double>()));
  }
  return line;
}

// "trained on 22,047 rows, calibrated on 4,195, tested on 15,698".
std::string RowsLine(const Json& evaluation) {
  if (!evaluation.is_object() || !evaluation.contains("splits")) return "trained";
  const auto rows = [&](const char* part) {
    return WithThousands(evaluation["splits"][part].value("rows", int64_t{0}));
  };
  return fmt::format("trained on {} rows, calibrated on {}, tested on {}", rows("train"),
                     rows("calibrate"), rows("test"));
}

std::string ModelLines(const ModelOutcome& outcome) {
  const auto& training = outcome.training;
  std::string text = fmt::format(
      "  {:<12}  version {}, run {}  {}\n", outcome.definition.name, training.version,
      training.run_id,
      training.unchanged
          ? "unchanged"
          : fmt::format("{} ({})", RowsLine(training.evaluation), HumanSeconds(training.seconds)));
  if (std::string metrics = MetricsLine(training.evaluation); !metrics.empty()) {
    text += fmt::format("  {:<12}  {}\n", "", metrics);
  }
  if (training.evaluation.is_object() && training.evaluation.contains("verdict")) {
    text += fmt::format("  {:<12}  {}\n", "", training.evaluation.value("verdict", ""));
  }
  for (const auto& warning : training.warnings)
    text += fmt::format("  {:<12}  warning: {}\n", "", warning);
  text += fmt::format("  {:<12}  model folder {}\n", "", training.model_path);
  return text;
}

std::string ScoreLine(const ModelOutcome& outcome) {
  const auto& scoring = outcome.scoring;
  std::string line =
      fmt::format("  {}  version {}  {} rows{}\n", scoring.table, scoring.version,
                  WithThousands(scoring.rows), scoring.unchanged ? "  unchanged" : "");
  if (!scoring.work_list.empty()) {
    line += fmt::format("  {}  version {}  {} rows, {} held out\n", scoring.work_list,
                        scoring.work_list_version, WithThousands(scoring.work_list_rows),
                        WithThousands(scoring.holdout_rows));
  }
  return line;
}

}  // namespace

std::string Summarize(const Project& project, const RunOutcome& outcome) {
  std::string text = fmt::format("Project {} at {}\n", project.config().name,
                                 FormatTimestamp(project.now()).substr(0, 19) + "Z");
  if (!outcome.changed()) text += "Nothing has changed since the last run.\n";
  size_t width = 0;
  for (const auto& flow : outcome.tables.flows) width = std::max(width, flow.name.size());
  if (!outcome.tables.flows.empty()) text += "\nTables\n";
  for (const auto& flow : outcome.tables.flows) text += TableLine(flow, width) + "\n";
  for (const auto& flow : outcome.tables.flows) {
    for (const auto& expectation : flow.expectations) {
      if (expectation.violations == 0) continue;
      text += fmt::format("    {}: {} of {} rows break {} ({})\n", flow.name,
                          WithThousands(expectation.violations), WithThousands(flow.rows_in),
                          expectation.name, pipeline::ToString(expectation.action));
    }
  }
  if (!outcome.models.empty()) text += "\nModels\n";
  for (const auto& model : outcome.models) text += ModelLines(model);
  bool scored = std::ranges::any_of(outcome.models, &ModelOutcome::scored);
  if (scored) text += "\nScores\n";
  for (const auto& model : outcome.models) {
    if (model.scored) text += ScoreLine(model);
  }
  text +=
      fmt::format("\nReport  {}\nTables  {} (Delta: open them with any Delta reader)\nTook    {}\n",
                  outcome.report_path, project.warehouse_dir(), HumanSeconds(outcome.seconds));
  if (const auto asked = project.store_requests().totals(); asked.all() > 0) {
    text += fmt::format("Store   {}\n", asked.ToString());
  }
  return text;
}

}  // namespace millpond::app
