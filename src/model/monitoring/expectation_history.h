// What share of the rows broke each expectation, period by period, from the pipelines' event log.
//
// usual_share is that of all rows of the same expectation in the periods before. jump is how far
// the period's share lies above it, and 0 where it is below, or within three standard errors of
// chance: sqrt(u(1 − u)/n + u(1 − u)/m) for n rows now, m rows before, u the share of both.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "model/monitoring/monitoring_rows.h"
#include "model/monitoring/period.h"
#include "pipeline/flows/event_log.h"

namespace millpond::model {

std::vector<ExpectationRow> ExpectationHistory(const std::vector<pipeline::FlowEvent>& events,
                                               PeriodKind period, const std::string& monitor);

}  // namespace millpond::model
