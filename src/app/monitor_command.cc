// millpond monitor [NAME…] | list | alerts: what moved, how good the answers were, and what to look
// at first.
#include <arrow/record_batch.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <set>

#include "app/command.h"
#include "app/monitoring.h"
#include "app/result_output.h"
#include "app/terminal.h"
#include "data/arrow/status.h"
#include "kernel/column.h"
#include "model/monitoring/alerts.h"
#include "model/monitoring/monitoring_tables.h"
#include "platform/features/kernel_batch.h"

namespace millpond::app {
namespace {

using kernel::Value;

struct MonitorCommandOptions {
  std::vector<std::string> names;
  std::string from, to;
  bool fail_on_alert = false;
  bool all = false;  // alerts: also those that are over
  enum class Verb { kRun, kList, kAlerts } verb = Verb::kRun;
};

Value Text(std::string text) {
  return Value::Varchar(std::move(text));
}

// Three significant decimals, as a person reads them; NULL for what was not measured.
Value Number(double value) {
  if (std::isnan(value)) return Value::Null(kernel::kDouble);
  return Value::Double(std::round(value * 1000) / 1000);
}

Value Day(const model::Moment& moment) {
  return Text(moment.is_none() ? "" : FormatTimestamp(moment.at).substr(0, 10));
}

Status Print(Project& project, const CommonOptions& common, const std::vector<std::string>& names,
             const std::vector<kernel::Type>& types, const std::vector<std::vector<Value>>& rows) {
  kernel::Batch batch;
  batch.names = names;
  batch.rows = static_cast<int64_t>(rows.size());
  for (size_t i = 0; i < names.size(); ++i) {
    kernel::Column column(types[i]);
    for (const auto& row : rows) column.Append(row[i]);
    batch.columns.push_back(std::move(column));
  }
  MP_ASSIGN_OR_RETURN(auto arrow_batch, platform::ToArrowBatch(std::move(batch)));
  MP_ARROW_ASSIGN_OR_RETURN(auto reader,
                            arrow::RecordBatchReader::Make({arrow_batch}, arrow_batch->schema()));
  MP_RETURN_IF_ERROR(WriteResult(*reader, common, project.env().fs));
  return OkStatus();
}

std::string LabelsText(const model::QualityRow& row) {
  if (row.status != "label pending") return row.status;
  return "label pending until " + FormatTimestamp(row.label_known_at.at).substr(0, 10);
}

// How many alerts a monitor's period had fired by.
std::map<std::pair<std::string, Micros>, std::string> FiredIn(
    const std::vector<model::AlertRow>& alerts) {
  std::map<std::pair<std::string, Micros>, std::string> fired;
  for (const auto& alert : alerts) {
    std::string& text = fired[{alert.monitor + "/" + alert.population, alert.period_start.at}];
    text += fmt::format("{}{} {} ({})", text.empty() ? "" : ", ", alert.cause, alert.transition,
                        alert.object);
  }
  return fired;
}

bool IsAsked(const model::MonitorOptions& options, Micros begin) {
  return (!options.from || begin >= *options.from) && (!options.to || begin < *options.to);
}

Status PrintPeriods(Project& project, const CommonOptions& common,
                    const model::MonitorReport& report, const model::MonitorOptions& options) {
  MP_ASSIGN_OR_RETURN(auto alerts, model::ReadMonitoringRows<model::AlertRow>(project.catalog()));
  auto fired = FiredIn(alerts);
  std::vector<std::vector<Value>> rows;
  for (const auto& watched : report.monitors) {
    std::map<std::pair<std::string, Micros>, const model::DriftRow*> worst;
    for (const auto& row : watched.drift) {
      const model::DriftRow*& most = worst[{row.population, row.period_start.at}];
      if (!most || row.psi > most->psi) most = &row;
    }
    for (const auto& row : watched.quality) {
      if (!IsAsked(options, row.period_start.at)) continue;
      const model::DriftRow* most = worst[{row.population, row.period_start.at}];
      rows.push_back({Text(row.monitor), Text(row.population + (row.replayed ? " (replayed)" : "")),
                      Text(model::NameOf(watched.monitor.period, row.period_start.at)),
                      Value::Bigint(row.rows), Text(most ? most->name : ""),
                      Number(most ? most->psi : model::kNoNumber), Number(row.average_precision),
                      Number(row.evaluation_low), Number(row.calibration_gap),
                      Text(LabelsText(row)),
                      Text(fired[{row.monitor + "/" + row.population, row.period_start.at}])});
    }
  }
  return Print(project, common,
               {"monitor", "population", "period", "rows", "most_moved", "psi", "average_precision",
                "promised_at_least", "calibration_gap", "labels", "alerts"},
               {kernel::kVarchar, kernel::kVarchar, kernel::kVarchar, kernel::kBigint,
                kernel::kVarchar, kernel::kDouble, kernel::kDouble, kernel::kDouble,
                kernel::kDouble, kernel::kVarchar, kernel::kVarchar},
               rows);
}

Status PrintExpectations(Project& project, const CommonOptions& common,
                         const model::MonitorReport& report, const model::MonitorOptions& options) {
  std::vector<std::vector<Value>> rows;
  for (const auto& watched : report.monitors) {
    for (const auto& row : watched.expectations) {
      if (!IsAsked(options, row.period_start.at)) continue;
      rows.push_back({Text(row.flow), Text(row.expectation),
                      Text(model::NameOf(watched.monitor.period, row.period_start.at)),
                      Value::Bigint(row.rows), Value::Bigint(row.failed), Number(row.share),
                      Number(row.usual_share), Number(row.jump)});
    }
  }
  return Print(project, common,
               {"table", "expectation", "period", "rows", "failed", "share", "usual_share", "jump"},
               {kernel::kVarchar, kernel::kVarchar, kernel::kVarchar, kernel::kBigint,
                kernel::kBigint, kernel::kDouble, kernel::kDouble, kernel::kDouble},
               rows);
}

// For the person: what fires and what to run first; to standard error, as all that is no result.
void PrintSummary(const model::MonitorReport& report) {
  std::string text =
      fmt::format("{} in {}\n", model::SummaryOf(report), HumanSeconds(report.seconds));
  for (const auto& alert : report.firing) {
    text += fmt::format("\nALERT {} ({} of {})\n  {}\n  first: {}\n", alert.monitor, alert.cause,
                        alert.object, alert.message, alert.command);
  }
  for (const auto& problem : report.problems) text += fmt::format("\nproblem: {}\n", problem);
  for (const auto& problem : report.delivery.problems) {
    text += fmt::format("\nnot told: {}; the next run tries again\n", problem);
  }
  if (report.delivery.delivered > 0) {
    text += fmt::format("\n{} told to webhooks\n", report.delivery.delivered);
  }
  if (report.changed) {
    text += "\nwritten: main.monitoring.drift, .quality, .expectations, .alerts\n";
  } else {
    text += "\nnothing new: no table was written\n";
  }
  std::fprintf(stderr, "%s", text.c_str());
}

Status RunAll(Project& project, const MonitorCommandOptions& command, const CommonOptions& common) {
  model::MonitorOptions options;
  if (!command.from.empty()) {
    MP_ASSIGN_OR_RETURN_CONTEXT(options.from, ParseTimestamp(command.from), "--from");
  }
  if (!command.to.empty()) {
    MP_ASSIGN_OR_RETURN_CONTEXT(options.to, ParseTimestamp(command.to), "--to");
    if (!options.from) options.from = std::numeric_limits<Micros>::min();
  }
  MP_ASSIGN_OR_RETURN(auto stores, ModelStores::Open(project));
  TerminalProgress progress(stderr);
  options.progress = &progress;
  MP_ASSIGN_OR_RETURN(auto report, RunProjectMonitors(project, *stores, command.names, options));
  progress.Clear();
  const bool only_expectations =
      command.names.size() == 1 && command.names.front() == model::kExpectationsMonitor;
  MP_RETURN_IF_ERROR(only_expectations ? PrintExpectations(project, common, report, options)
                                       : PrintPeriods(project, common, report, options));
  PrintSummary(report);
  if (!report.problems.empty()) {
    return Fail(ErrorKind::kUnavailable, "{}", fmt::join(report.problems, "; "));
  }
  if (command.fail_on_alert && !report.firing.empty()) {
    return Fail(ErrorKind::kConflict, "{} alert(s) fire, and --fail-on-alert was given",
                report.firing.size());
  }
  return OkStatus();
}

Status ListMonitors(Project& project, const CommonOptions& common) {
  MP_ASSIGN_OR_RETURN(auto found, LoadMonitors(project, {}));
  std::vector<std::vector<Value>> rows;
  for (const auto& monitor : found.monitors) {
    rows.push_back(
        {Text(monitor.name),
         Text(monitor.watches_expectations() ? "expectations" : "model " + monitor.model),
         Text(std::string(ToString(monitor.period))), Text(monitor.cohort.by),
         Number(monitor.psi.high), Text(monitor.webhook ? monitor.webhook->name() : "the log only"),
         Text(monitor.file.empty() ? "(default)" : monitor.file)});
  }
  return Print(project, common,
               {"monitor", "watches", "period", "cohort", "psi_alert", "tells", "file"},
               {kernel::kVarchar, kernel::kVarchar, kernel::kVarchar, kernel::kVarchar,
                kernel::kDouble, kernel::kVarchar, kernel::kVarchar},
               rows);
}

Status ShowAlerts(Project& project, const MonitorCommandOptions& command,
                  const CommonOptions& common) {
  MP_ASSIGN_OR_RETURN(auto alerts, model::ReadMonitoringRows<model::AlertRow>(project.catalog()));
  if (!command.all) alerts = model::FiringAlerts(alerts);
  std::vector<std::vector<Value>> rows;
  for (const auto& alert : alerts) {
    rows.push_back({Text(alert.monitor), Text(alert.population), Text(alert.cause),
                    Text(alert.object), Text(alert.transition), Day(alert.period_start),
                    Number(alert.measured), Number(alert.threshold), Text(alert.message),
                    Text(alert.command)});
  }
  if (rows.empty()) std::fprintf(stderr, "no alert fires (millpond monitor looks)\n");
  return Print(
      project, common,
      {"monitor", "population", "cause", "object", "transition", "period", "measured", "threshold",
       "message", "first_command"},
      {kernel::kVarchar, kernel::kVarchar, kernel::kVarchar, kernel::kVarchar, kernel::kVarchar,
       kernel::kVarchar, kernel::kDouble, kernel::kDouble, kernel::kVarchar, kernel::kVarchar},
      rows);
}

Status RunMonitorCommand(const MonitorCommandOptions& options, const CommonOptions& common) {
  MP_ASSIGN_OR_RETURN(auto project, common.OpenProject());
  switch (options.verb) {
    case MonitorCommandOptions::Verb::kRun:
      return RunAll(*project, options, common);
    case MonitorCommandOptions::Verb::kList:
      return ListMonitors(*project, common);
    case MonitorCommandOptions::Verb::kAlerts:
      return ShowAlerts(*project, options, common);
  }
  return OkStatus();
}

}  // namespace

RunCommand AddMonitorCommand(CLI::App& sub, CommonOptions& common) {
  using Verb = MonitorCommandOptions::Verb;
  auto options = std::make_shared<MonitorCommandOptions>();
  sub.add_option("monitors", options->names, "Names (millpond monitor list); none: all");
  sub.add_option("--from", options->from, "Compute periods that begin here or later again");
  sub.add_option("--to", options->to, "… and before this");
  sub.add_flag("--fail-on-alert", options->fail_on_alert, "Exit with 1 if an alert fires");
  auto* list = sub.add_subcommand("list", "What is watched, and who is told");
  list->callback([options] { options->verb = Verb::kList; });
  auto* alerts = sub.add_subcommand("alerts", "Alerts that fire, with the first command to run");
  alerts->add_flag("--all", options->all, "Also those that are over: every transition");
  alerts->callback([options] { options->verb = Verb::kAlerts; });
  for (auto* verb : {list, alerts}) verb->fallthrough();
  sub.footer(
      "Examples:\n"
      "  millpond monitor\n"
      "  millpond monitor churn --from 1998-01-01 --format csv\n"
      "  millpond monitor --fail-on-alert\n"
      "  millpond monitor expectations\n"
      "  millpond monitor alerts --all");
  return [options, &common] { return RunMonitorCommand(*options, common); };
}

}  // namespace millpond::app
