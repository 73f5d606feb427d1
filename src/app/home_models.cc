// Of what was trained: registered models, a picture of how they did, the last runs.
#include <algorithm>

#include "app/home_sections.h"

namespace millpond::app {
namespace {

constexpr size_t kShownRuns = 20;
constexpr size_t kShownVersions = 10;  // of a model

}  // namespace

Status AddModels(model::Page& page, const HomePageParts& parts) {
  page.Section("Models", "models");
  model::ReportTable table{{"model", "version", "aliases", "average precision", "made", "run"}, {}};
  table.caption = "Versions in the registry, latest first; the alias champion is what is served";
  model::Chart chart{"Average precision by version", "version", "average precision", {}, {}};
  int64_t latest = 0;  // of any model
  MP_ASSIGN_OR_RETURN(auto models, parts.stores.registry().ListModels());
  for (const auto& registered : models) {
    MP_ASSIGN_OR_RETURN(auto versions, parts.stores.registry().ListVersions(registered.name));
    model::ChartSeries series{
        .name = registered.name, .points = {}, .style = model::ChartSeries::Style::kPoints};
    std::ranges::sort(versions, std::greater(), &platform::ModelVersion::version);
    for (size_t i = 0; i < versions.size(); ++i) {
      const auto& version = versions[i];
      auto run = parts.stores.tracking().GetRun(version.run_id);
      const auto* metric = run.has_value() ? run->FindMetric("average_precision") : nullptr;
      if (metric != nullptr) {
        series.points.emplace_back(static_cast<double>(version.version - 1), metric->value);
        latest = std::max(latest, version.version);
      }
      if (i >= kShownVersions && version.aliases.empty()) continue;
      table.rows.push_back({version.name, fmt::format("{}", version.version),
                            fmt::format("{}", fmt::join(version.aliases, ", ")),
                            metric != nullptr ? model::FormatNumber(metric->value) : "-",
                            Moment(version.creation_time_ms * kMicrosPerMilli), version.run_id});
    }
    std::ranges::reverse(series.points);
    if (series.points.size() > 1) chart.series.push_back(std::move(series));
  }
  if (table.rows.empty()) {
    page.Paragraph("None registered yet: millpond run trains those of models/*.yml.");
    return OkStatus();
  }
  page.Table(table);
  for (int64_t version = 1; version <= latest; ++version) {
    chart.x_names.push_back(fmt::format("{}", version));
  }
  if (!chart.series.empty()) page.AddChart(chart);
  return OkStatus();
}

Status AddRuns(model::Page& page, const HomePageParts& parts) {
  page.Section("Last runs", "runs");
  model::ReportTable table{{"run", "experiment", "status", "started", "average precision"}, {}};
  table.caption = fmt::format("The last {} of all experiments, latest first", kShownRuns);
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
    page.Paragraph("None yet: millpond run makes one a model, and MLflow's clients can log here.");
  } else {
    page.Table(table);
  }
  return OkStatus();
}

}  // namespace millpond::app
