// Of what is at work: problems, endpoints, flows and features.
#include "app/home_sections.h"
#include "app/terminal.h"

namespace millpond::app {
namespace {

std::string Milliseconds(double seconds) {
  return model::FormatNumber(seconds * 1000, 2);
}

std::string Count(double value) {
  return WithThousands(static_cast<int64_t>(value));
}

}  // namespace

void AddProblems(model::Page& page, const HomePageParts& parts) {
  page.Section("Now", "now");
  std::vector<std::string> problems;
  for (const auto& endpoint : parts.endpoints.endpoints()) {
    const auto state = endpoint->state();
    if (!state->problem.empty()) {
      problems.push_back("endpoint " + endpoint->name() + ": " + state->problem);
    }
  }
  const auto status = parts.flows.status();
  if (!status.error.empty()) problems.push_back("flows: " + status.error);
  for (const auto& flow : status.flows) {
    if (!flow.last_error.empty()) problems.push_back("flow " + flow.flow + ": " + flow.last_error);
  }
  if (parts.online == nullptr) {
    problems.push_back("no online features: " + parts.online_problem);
  } else {
    for (const auto& view : parts.online->Views()) {
      if (!view.problem.empty()) {
        problems.push_back("feature view " + view.view + ": " + view.problem);
      }
    }
  }
  for (const auto& problem : problems) page.Verdict(problem, false);
  if (problems.empty()) {
    page.Verdict(
        fmt::format("No part reports a problem. At work: flows {}, feature views {}, endpoints {}.",
                    status.flows.size(), parts.online->Views().size(),
                    parts.endpoints.endpoints().size()),
        true);
  }
}

void AddEndpoints(model::Page& page, const HomePageParts& parts) {
  page.Section("Endpoints", "endpoints");
  model::ReportTable table{
      {"endpoint", "version", "requests", "p50 ms", "p99 ms", "refused", "failed", "marked"}, {}};
  table.caption = "Since the server started; a marked answer was made of stale or default features";
  for (const auto& endpoint : parts.endpoints.endpoints()) {
    const auto state = endpoint->state();
    const auto& metrics = endpoint->metrics();
    double marked = 0;
    for (size_t i = 1; i < metrics.answers.size(); ++i) marked += metrics.answers[i]->value();
    table.rows.push_back(
        {endpoint->name(), state->model ? state->model->version_text() : "none",
         Count(metrics.requests.value()), Milliseconds(metrics.latency_seconds.Quantile(0.5)),
         Milliseconds(metrics.latency_seconds.Quantile(0.99)), Count(metrics.refused.value()),
         Count(metrics.failed.value()), Count(marked)});
    table.links.push_back("/endpoints/" + PercentEncode(endpoint->name()));
  }
  if (table.rows.empty()) {
    page.Paragraph("None: a model in models/*.yml, trained by millpond run, becomes one.");
  } else {
    page.Table(table);
  }
}

void AddFlows(model::Page& page, const HomePageParts& parts) {
  page.Section("Flows and features", "flows");
  const auto status = parts.flows.status();
  model::ReportTable flows{{"flow", "kind", "version", "rows", "last commit", "lag s"}, {}};
  flows.caption = "Tables that the server keeps up to date; rows since it started";
  for (const auto& flow : status.flows) {
    flows.rows.push_back({flow.flow, flow.kind,
                          flow.version < 0 ? "-" : fmt::format("{}", flow.version),
                          WithThousands(flow.rows), Moment(flow.last_commit),
                          model::FormatNumber(flow.lag_seconds, 1)});
    flows.links.push_back("/tables/" + PercentEncode(flow.flow));
  }
  if (flows.rows.empty()) {
    page.Paragraph("No flows: transformations/*.sql declare them.");
  } else {
    page.Table(flows);
  }
  if (parts.online == nullptr) return;
  model::ReportTable views{{"feature view", "version", "source", "source version",
                            "applied through", "rows", "late commits"},
                           {}};
  views.caption = "Features ready for requests, as far as the sources' commits are applied";
  for (const auto& view : parts.online->Views()) {
    views.rows.push_back({view.view, fmt::format("{}", view.view_version), view.source,
                          fmt::format("{}", view.source_version), Moment(view.applied_through),
                          WithThousands(view.rows), WithThousands(view.late_commits)});
    views.links.push_back("/api/features/" + PercentEncode(view.view));
  }
  if (!views.rows.empty()) page.Table(views);
}

}  // namespace millpond::app
