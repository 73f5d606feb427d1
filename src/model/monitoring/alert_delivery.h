// Tells alerts to the webhooks of their monitors. The table of alerts is the outbox: an alert waits
// until it has a row in main.monitoring.alert_deliveries, so a failure is tried again by the next
// run and nothing is lost. A process that is killed between the answer and the row tells one alert
// twice; both calls carry the same Idempotency-Key. Alerts that are older than kDeliverWithin are
// not told: whoever adds a webhook hears of what happens from then on, and of the last month.
//
// POST application/json:
//   {"alert_id", "project", "monitor", "model", "population", "cause", "object", "transition",
//    "period_start", "measured", "threshold", "message", "command", "at"}
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/cancellation.h"
#include "data/catalog/catalog.h"
#include "model/monitoring/monitor_definition.h"
#include "model/monitoring/monitoring_rows.h"

namespace millpond::model {

inline constexpr Micros kDeliverWithin = 30 * kMicrosPerDay;
inline constexpr int kDeliveryAttempts = 2;  // of one alert in one run
inline constexpr int kDeliveryTimeoutMs = 5'000;

// The address behind a reference. Its value never reaches a log, a message or a table.
using WebhookResolver = std::function<Result<std::string>(const WebhookReference&)>;

struct DeliveryReport {
  int delivered = 0;
  int waiting = 0;                    // told to nobody yet
  std::vector<std::string> problems;  // of each webhook that failed, each refused alert
};

// A webhook that fails is a problem in the report, not an error.
Result<DeliveryReport> DeliverAlerts(data::Catalog& catalog,
                                     const std::vector<MonitorDefinition>& monitors,
                                     const WebhookResolver& resolve);

}  // namespace millpond::model
