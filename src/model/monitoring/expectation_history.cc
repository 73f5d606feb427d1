#include "model/monitoring/expectation_history.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace millpond::model {
namespace {

constexpr double kStandardErrors = 3;

double Jump(double now, double n, double before, double m) {
  const double pooled = (now * n + before * m) / (n + m);
  const double error = std::sqrt(pooled * (1 - pooled) * (1 / n + 1 / m));
  return now - before > kStandardErrors * error ? now - before : 0;
}

}  // namespace

std::vector<ExpectationRow> ExpectationHistory(const std::vector<pipeline::FlowEvent>& events,
                                               PeriodKind period, const std::string& monitor) {
  std::map<std::tuple<std::string, std::string, Micros>, ExpectationRow> counted;
  for (const auto& event : events) {
    const Period inside = PeriodOf(period, event.at);
    for (const auto& one : event.outcome.expectations) {
      ExpectationRow& row = counted[{event.flow, one.name, inside.begin}];
      row.monitor = monitor;
      row.flow = event.flow;
      row.expectation = one.name;
      row.action = pipeline::ToString(one.action);
      row.period_start.at = inside.begin;
      row.period_end.at = inside.end;
      ++row.epochs;
      row.rows += event.outcome.rows_in;
      row.failed += one.violations;
    }
  }
  std::vector<ExpectationRow> rows;
  int64_t rows_before = 0, failed_before = 0;
  for (auto& [key, row] : counted) {
    const bool same =
        !rows.empty() && rows.back().flow == row.flow && rows.back().expectation == row.expectation;
    if (!same) rows_before = failed_before = 0;
    const auto n = static_cast<double>(row.rows), m = static_cast<double>(rows_before);
    if (row.rows > 0) row.share = static_cast<double>(row.failed) / n;
    if (rows_before > 0) {
      row.usual_share = static_cast<double>(failed_before) / m;
      if (row.rows > 0) row.jump = Jump(row.share, n, row.usual_share, m);
    }
    rows_before += row.rows;
    failed_before += row.failed;
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace millpond::model
