// The Delta tables of monitoring: main.monitoring.drift, .quality, .expectations, .alerts and
// .alert_deliveries. Made when the first row comes. One writer at a time (the monitor's lock);
// readers see whole commits.
//
// A change of rows is one commit: rows whose key is there are replaced, others added, and a change
// that changes nothing commits nothing. Replacing writes the table anew, which is cheap as long as
// it has one row a monitor, period and column; adding alone appends.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/catalog/catalog.h"
#include "model/monitoring/monitoring_rows.h"

namespace millpond::model {

inline constexpr std::string_view kDriftTable = "main.monitoring.drift";
inline constexpr std::string_view kQualityTable = "main.monitoring.quality";
inline constexpr std::string_view kExpectationsTable = "main.monitoring.expectations";
inline constexpr std::string_view kAlertsTable = "main.monitoring.alerts";
inline constexpr std::string_view kDeliveriesTable = "main.monitoring.alert_deliveries";

// All rows, by key; none where the table is not there yet. kAlreadyExists: a table of the name is
// somebody else's.
template <typename Row>
Result<std::vector<Row>> ReadMonitoringRows(data::Catalog& catalog);

// Returns whether anything was written.
template <typename Row>
Result<bool> UpsertMonitoringRows(data::Catalog& catalog, std::vector<Row> rows);

}  // namespace millpond::model
