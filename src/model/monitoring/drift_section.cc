#include "model/monitoring/drift_section.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "model/monitoring/alerts.h"
#include "model/monitoring/monitor_definition.h"
#include "model/monitoring/monitoring_tables.h"

namespace millpond::model {
namespace {

constexpr Micros kShortestMonth = 28 * kMicrosPerDay;

template <typename Row>
std::string PeriodName(const Row& row) {
  const bool month = row.period_end.at - row.period_start.at >= kShortestMonth;
  return NameOf(month ? PeriodKind::kMonth : PeriodKind::kDay, row.period_start.at);
}

template <typename Row>
std::vector<const Row*> RowsOf(const std::vector<Row>& rows, const std::string& monitor,
                               const std::string& population) {
  std::vector<const Row*> found;
  for (const Row& row : rows) {
    if (row.monitor == monitor && row.population == population) found.push_back(&row);
  }
  std::ranges::stable_sort(found, {}, [](const Row* row) { return row->period_start.at; });
  return found;
}

// The place of each period on the x axis, and its names.
template <typename Row>
std::map<Micros, double> PeriodAxis(const std::vector<const Row*>& rows,
                                    std::vector<std::string>& names) {
  std::map<Micros, double> axis;
  for (const Row* row : rows) {
    const auto place = static_cast<double>(names.size());
    if (axis.try_emplace(row->period_start.at, place).second) names.push_back(PeriodName(*row));
  }
  return axis;
}

ChartSeries Level(const std::string& name, double y, size_t periods) {
  return {name,
          {{0, y}, {static_cast<double>(std::max<size_t>(periods, 1) - 1), y}},
          ChartSeries::Style::kDashed};
}

void AddAlerts(Page& page, const MonitoringFacts& facts) {
  if (facts.firing.empty()) {
    page.Verdict("No alert fires.", true);
    return;
  }
  for (const auto& alert : facts.firing) {
    page.Verdict(fmt::format("{} (since {})", alert.message,
                             FormatTimestamp(alert.period_start.at).substr(0, 10)),
                 false);
    page.Paragraph("First: " + alert.command);
  }
}

std::string Share(double value) {
  return std::isnan(value) ? "-" : fmt::format("{:.0f} %", 100 * value);
}

void AddPeriods(Page& page, const std::vector<const QualityRow*>& quality,
                const std::vector<const DriftRow*>& drift) {
  std::map<Micros, const DriftRow*> worst;
  for (const DriftRow* row : drift) {
    const DriftRow*& most = worst[row->period_start.at];
    if (!most || row->psi > most->psi) most = row;
  }
  ReportTable table{{"period", "rows", "most moved", "PSI", "same cohorts", "average precision",
                     "observed - predicted", "labels"},
                    {}};
  for (const QualityRow* row : quality) {
    const auto moved = worst.find(row->period_start.at);
    const DriftRow* most = moved == worst.end() ? nullptr : moved->second;
    table.rows.push_back(
        {PeriodName(*row) + (row->replayed ? " (replayed)" : ""), fmt::format("{}", row->rows),
         most ? most->name : "-", most ? FormatNumber(most->psi) : "-",
         most ? Share(most->matched_share) : "-", FormatNumber(row->average_precision),
         FormatNumber(row->calibration_gap),
         row->status == "label pending"
             ? "pending until " + FormatTimestamp(row->label_known_at.at).substr(0, 10)
             : row->status});
  }
  page.Table(table);
}

}  // namespace

Result<MonitoringFacts> ReadMonitoringFacts(data::Catalog& catalog) {
  MonitoringFacts facts;
  MP_ASSIGN_OR_RETURN(facts.drift, ReadMonitoringRows<DriftRow>(catalog));
  MP_ASSIGN_OR_RETURN(facts.quality, ReadMonitoringRows<QualityRow>(catalog));
  MP_ASSIGN_OR_RETURN(facts.expectations, ReadMonitoringRows<ExpectationRow>(catalog));
  MP_ASSIGN_OR_RETURN(auto alerts, ReadMonitoringRows<AlertRow>(catalog));
  facts.firing = FiringAlerts(alerts);
  return facts;
}

Chart PsiOverTime(const std::vector<DriftRow>& drift, const std::string& monitor,
                  const std::string& population, double alert_at, size_t columns) {
  Chart chart{"Drift against the training set", "", "PSI", {}, {}};
  const auto rows = RowsOf(drift, monitor, population);
  const auto axis = PeriodAxis(rows, chart.x_names);
  std::map<std::string, std::pair<double, ChartSeries>> by_name;
  for (const DriftRow* row : rows) {
    auto& [most, series] = by_name[row->name];
    most = std::max(most, row->psi);
    series.name = row->kind == "prediction" ? "the answer" : row->name;
    series.points.emplace_back(axis.at(row->period_start.at), row->psi);
  }
  std::vector<std::pair<double, ChartSeries>> ordered;
  for (auto& [name, entry] : by_name) ordered.emplace_back(-entry.first, std::move(entry.second));
  std::ranges::stable_sort(ordered, {}, &std::pair<double, ChartSeries>::first);
  for (size_t i = 0; i < std::min(columns, ordered.size()); ++i) {
    chart.series.push_back(std::move(ordered[i].second));
  }
  if (!axis.empty()) chart.series.push_back(Level("alert", alert_at, axis.size()));
  return chart;
}

Chart QualityOverTime(const std::vector<QualityRow>& quality, const std::string& monitor,
                      const std::string& population) {
  Chart chart{"Average precision, once labels are known", "", "average precision", {}, {}};
  std::vector<const QualityRow*> rows;
  for (const QualityRow* row : RowsOf(quality, monitor, population)) {
    if (!std::isnan(row->average_precision)) rows.push_back(row);
  }
  const auto axis = PeriodAxis(rows, chart.x_names);
  if (rows.empty()) return chart;
  ChartSeries value{"measured", {}, ChartSeries::Style::kLine};
  ChartSeries low{"95 % low", {}, ChartSeries::Style::kPoints};
  ChartSeries high{"95 % high", {}, ChartSeries::Style::kPoints};
  ChartSeries promised{"evaluation, low end", {}, ChartSeries::Style::kDashed};
  for (const QualityRow* row : rows) {
    const double x = axis.at(row->period_start.at);
    value.points.emplace_back(x, row->average_precision);
    low.points.emplace_back(x, row->average_precision_low);
    high.points.emplace_back(x, row->average_precision_high);
    if (!std::isnan(row->evaluation_low)) promised.points.emplace_back(x, row->evaluation_low);
  }
  chart.series = {std::move(value), std::move(low), std::move(high), std::move(promised)};
  return chart;
}

void DriftSection(Page& page, const MonitoringFacts& facts) {
  page.Section("Monitoring", "monitoring");
  if (facts.quality.empty() && facts.expectations.empty()) {
    page.Paragraph("Nothing is watched yet: millpond monitor looks at what was scored.");
    return;
  }
  AddAlerts(page, facts);
  std::set<std::pair<std::string, std::string>> watched;
  for (const auto& row : facts.quality) watched.insert({row.monitor, row.population});
  const MonitorDefinition defaults;
  for (const auto& [monitor, population] : watched) {
    page.Heading(fmt::format("{} ({})", monitor, population));
    const Chart psi = PsiOverTime(facts.drift, monitor, population, defaults.psi.high);
    const Chart quality = QualityOverTime(facts.quality, monitor, population);
    if (!psi.series.empty()) page.AddChart(psi);
    if (!quality.series.empty()) page.AddChart(quality);
    AddPeriods(page, RowsOf(facts.quality, monitor, population),
               RowsOf(facts.drift, monitor, population));
  }
}

}  // namespace millpond::model
