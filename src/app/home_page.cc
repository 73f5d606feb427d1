#include "app/home_page.h"

#include <algorithm>

#include "app/terminal.h"
#include "base/json.h"
#include "data/delta/snapshot.h"
#include "model/report/page.h"

namespace millpond::app {
namespace {

constexpr size_t kShownRuns = 20;

std::string Milliseconds(double seconds) {
  return model::FormatNumber(seconds * 1000, 2);
}

std::string Moment(Micros at) {
  return at == 0 ? "-" : FormatTimestamp(at).substr(0, 19) + "Z";
}

void AddEndpoints(model::Page& page, const HomePageParts& parts) {
  page.Section("Endpoints", "endpoints");
  model::ReportTable table{
      {"endpoint", "version", "requests", "p50 ms", "p99 ms", "refused", "failed", "marked"}, {}};
  std::vector<std::string> problems;
  for (const auto& endpoint : parts.endpoints.endpoints()) {
    const auto state = endpoint->state();
    const auto& metrics = endpoint->metrics();
    double marked = 0;
    for (size_t i = 1; i < metrics.answers.size(); ++i) marked += metrics.answers[i]->value();
    table.rows.push_back({endpoint->name(), state->model ? state->model->version_text() : "none",
                          WithThousands(static_cast<int64_t>(metrics.requests.value())),
                          Milliseconds(metrics.latency_seconds.Quantile(0.5)),
                          Milliseconds(metrics.latency_seconds.Quantile(0.99)),
                          WithThousands(static_cast<int64_t>(metrics.refused.value())),
                          WithThousands(static_cast<int64_t>(metrics.failed.value())),
                          WithThousands(static_cast<int64_t>(marked))});
    if (!state->problem.empty()) problems.push_back(endpoint->name() + ": " + state->problem);
  }
  if (table.rows.empty()) {
    page.Paragraph("None: a model in models/*.yml, trained by millpond run, becomes one.");
    return;
  }
  page.Table(table);
  for (const auto& problem : problems) page.Verdict(problem, false);
}

Status AddModels(model::Page& page, const HomePageParts& parts) {
  page.Section("Models", "models");
  model::ReportTable table{{"model", "version", "aliases", "average precision", "made", "run"}, {}};
  MP_ASSIGN_OR_RETURN(auto models, parts.stores.registry().ListModels());
  for (const auto& registered : models) {
    MP_ASSIGN_OR_RETURN(auto versions, parts.stores.registry().ListVersions(registered.name));
    for (const auto& version : versions) {
      auto run = parts.stores.tracking().GetRun(version.run_id);
      const auto* metric = run.has_value() ? run->FindMetric("average_precision") : nullptr;
      table.rows.push_back({version.name, fmt::format("{}", version.version),
                            fmt::format("{}", fmt::join(version.aliases, ", ")),
                            metric != nullptr ? model::FormatNumber(metric->value) : "-",
                            Moment(version.creation_time_ms * kMicrosPerMilli), version.run_id});
    }
  }
  if (table.rows.empty()) {
    page.Paragraph("None registered yet.");
  } else {
    page.Table(table);
  }
  return OkStatus();
}

Status AddRuns(model::Page& page, const HomePageParts& parts) {
  page.Section("Last runs", "runs");
  model::ReportTable table{{"run", "experiment", "status", "started", "average precision"}, {}};
  struct Row {
    int64_t start;
    std::vector<std::string> cells;
  };
  std::vector<Row> rows;
  MP_ASSIGN_OR_RETURN(auto experiments, parts.stores.tracking().ListExperiments());
  for (const auto& experiment : experiments) {
    MP_ASSIGN_OR_RETURN(auto runs, parts.stores.tracking().ListRuns(experiment.experiment_id));
    for (size_t i = 0; i < std::min(runs.size(), kShownRuns); ++i) {
      const auto& run = runs[i];
      const auto* metric = run.FindMetric("average_precision");
      rows.push_back({run.info.start_time_ms,
                      {run.info.run_name, experiment.name, std::string(ToString(run.info.status)),
                       Moment(run.info.start_time_ms * kMicrosPerMilli),
                       metric != nullptr ? model::FormatNumber(metric->value) : "-"}});
    }
  }
  std::ranges::sort(rows, std::greater(), &Row::start);
  if (rows.size() > kShownRuns) rows.resize(kShownRuns);
  for (auto& row : rows) table.rows.push_back(std::move(row.cells));
  if (table.rows.empty()) {
    page.Paragraph("None yet.");
  } else {
    page.Table(table);
  }
  return OkStatus();
}

Status AddTables(model::Page& page, const HomePageParts& parts) {
  page.Section("Tables", "tables");
  model::ReportTable table{{"table", "version", "rows", "files", "size"}, {}};
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
  }
  if (table.rows.empty()) {
    page.Paragraph("None yet.");
  } else {
    page.Table(table);
  }
  return OkStatus();
}

void AddFlows(model::Page& page, const HomePageParts& parts) {
  page.Section("Flows and features", "flows");
  const auto status = parts.flows.status();
  model::ReportTable flows{{"flow", "kind", "version", "rows", "last commit", "lag s"}, {}};
  for (const auto& flow : status.flows) {
    flows.rows.push_back({flow.flow, flow.kind,
                          flow.version < 0 ? "-" : fmt::format("{}", flow.version),
                          WithThousands(flow.rows), Moment(flow.last_commit),
                          model::FormatNumber(flow.lag_seconds, 1)});
  }
  if (!flows.rows.empty()) page.Table(flows);
  for (const auto& flow : status.flows) {
    if (!flow.last_error.empty()) page.Verdict(flow.flow + ": " + flow.last_error, false);
  }
  if (!status.error.empty()) page.Verdict(status.error, false);
  if (parts.online == nullptr) {
    page.Verdict("no online features: " + parts.online_problem, false);
    return;
  }
  model::ReportTable views{{"feature view", "version", "source", "source version",
                            "applied through", "rows", "late commits"},
                           {}};
  for (const auto& view : parts.online->Views()) {
    views.rows.push_back({view.view, fmt::format("{}", view.view_version), view.source,
                          fmt::format("{}", view.source_version), Moment(view.applied_through),
                          WithThousands(view.rows), WithThousands(view.late_commits)});
  }
  if (!views.rows.empty()) page.Table(views);
}

Result<HttpResponse> Render(const HomePageParts& parts) {
  model::Page page(parts.project.config().name, fmt::format("Millpond at {} on the project's clock",
                                                            Moment(parts.project.now())));
  page.Links({{"metrics", "/metrics"},
              {"API", "/openapi.json"},
              {"endpoints", "/endpoints"},
              {"report of the last run", "/report"}});
  AddEndpoints(page, parts);
  MP_RETURN_IF_ERROR(AddModels(page, parts));
  MP_RETURN_IF_ERROR(AddRuns(page, parts));
  MP_RETURN_IF_ERROR(AddTables(page, parts));
  AddFlows(page, parts);
  HttpResponse response = TextResponse(page.Render());
  response.content_type = "text/html; charset=utf-8";
  return response;
}

Result<HttpResponse> Report(const HomePageParts& parts) {
  HttpResponse response;
  response.content_type = "text/html; charset=utf-8";
  response.body_file = parts.project.StatePathOf("report.html");
  MP_ASSIGN_OR_RETURN(bool there, parts.project.env().fs.Exists(response.body_file));
  if (!there) {
    return Fail(ErrorKind::kNotFound, "no report yet: millpond run --project {} writes one",
                parts.project.config().project_dir);
  }
  return response;
}

}  // namespace

void AddHomePage(Router& router, HomePageParts parts) {
  router.Add({.pattern = "/",
              .handler = [parts](const HttpRequest&) { return Render(parts); },
              .doc = {.summary = "The project at a glance, as a page", .tag = "pages"}});
  router.Add({.pattern = "/report",
              .handler = [parts](const HttpRequest&) { return Report(parts); },
              .doc = {.summary = "The report of the last run, as a page", .tag = "pages"}});
}

}  // namespace millpond::app
