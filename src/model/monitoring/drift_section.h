// Monitoring as part of a page (report/page.h): what is alerting, PSI over time, average precision
// beside what the evaluation promised. Draws rows that are there; computes nothing.
#pragma once

#include <string>
#include <vector>

#include "data/catalog/catalog.h"
#include "model/monitoring/monitoring_rows.h"
#include "model/report/page.h"

namespace millpond::model {

struct MonitoringFacts {
  std::vector<DriftRow> drift;
  std::vector<QualityRow> quality;
  std::vector<ExpectationRow> expectations;
  std::vector<AlertRow> firing;
};

// What the tables of monitoring hold now; nothing where millpond monitor never ran.
Result<MonitoringFacts> ReadMonitoringFacts(data::Catalog& catalog);

// "PSI over time" of one monitor and population: the columns that moved most, and the line at which
// an alert fires.
Chart PsiOverTime(const std::vector<DriftRow>& drift, const std::string& monitor,
                  const std::string& population, double alert_at, size_t columns = 5);
// Average precision of the periods whose labels are known, with interval and evaluation.
Chart QualityOverTime(const std::vector<QualityRow>& quality, const std::string& monitor,
                      const std::string& population);

// A section "Monitoring" with all of it; says how to begin where there is nothing.
void DriftSection(Page& page, const MonitoringFacts& facts);

}  // namespace millpond::model
