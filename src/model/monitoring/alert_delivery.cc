#include "model/monitoring/alert_delivery.h"

#include <set>

#include "base/http/http_client.h"
#include "base/json.h"
#include "base/log.h"
#include "model/monitoring/monitoring_tables.h"

namespace millpond::model {
namespace {

std::string BodyOf(const AlertRow& alert, const std::string& project) {
  const auto number = [](double value) { return std::isnan(value) ? Json() : Json(value); };
  return DumpJson(Json{{"alert_id", alert.alert_id},
                       {"project", project},
                       {"monitor", alert.monitor},
                       {"model", alert.model},
                       {"population", alert.population},
                       {"cause", alert.cause},
                       {"object", alert.object},
                       {"transition", alert.transition},
                       {"period_start", FormatTimestamp(alert.period_start.at)},
                       {"measured", number(alert.measured)},
                       {"threshold", number(alert.threshold)},
                       {"message", alert.message},
                       {"command", alert.command},
                       {"at", FormatTimestamp(alert.at.at)}});
}

// A webhook's address often is the secret itself, path and all: only the host may be told.
std::string WithoutPath(std::string message, const std::string& url) {
  const size_t host = url.find("://");
  const size_t path = host == std::string::npos ? 0 : url.find('/', host + 3);
  if (path == std::string::npos) return message;
  const std::string secret = url.substr(path, url.find('?') - path);
  if (secret.size() < 2) return message;
  for (size_t at = message.find(secret); at != std::string::npos; at = message.find(secret)) {
    message.replace(at, secret.size(), "…");
  }
  return message;
}

// The status of the answer; the last error if there was none that says "taken".
Result<int> Post(const std::string& url, const AlertRow& alert, const data::Workspace& workspace) {
  HttpCall call{
      .method = "POST",
      .url = url,
      .headers = {{"Content-Type", "application/json"}, {"Idempotency-Key", alert.alert_id}},
      .body = BodyOf(alert, workspace.name),
      .timeout_ms = kDeliveryTimeoutMs,
      .max_response_bytes = 64 << 10};
  Result<int> status = 0;
  for (int attempt = 0; attempt < kDeliveryAttempts; ++attempt) {
    MP_RETURN_IF_ERROR(workspace.env.cancellation.Check());
    auto reply = SendHttp(call, workspace.env.cancellation);
    if (reply && reply->status / 100 == 2) return reply->status;
    status = reply ? Fail(ErrorKind::kUnavailable, "it answered {}", reply->status)
                   : Fail(reply.error().kind(), "{}", WithoutPath(reply.error().ToString(), url));
    if (!reply && reply.error().kind() == ErrorKind::kInvalidArgument) break;
  }
  return status;
}

}  // namespace

Result<DeliveryReport> DeliverAlerts(data::Catalog& catalog,
                                     const std::vector<MonitorDefinition>& monitors,
                                     const WebhookResolver& resolve) {
  DeliveryReport report;
  const Micros now = catalog.workspace().env.clock.Now();
  MP_ASSIGN_OR_RETURN(auto alerts, ReadMonitoringRows<AlertRow>(catalog));
  MP_ASSIGN_OR_RETURN(auto deliveries, ReadMonitoringRows<DeliveryRow>(catalog));
  std::set<std::string> told;
  for (const auto& delivery : deliveries) told.insert(delivery.alert_id);
  for (const auto& monitor : monitors) {
    if (!monitor.webhook) continue;
    std::string problem;
    for (const auto& alert : alerts) {
      const bool waits = alert.monitor == monitor.name && !told.contains(alert.alert_id) &&
                         alert.at.at > now - kDeliverWithin;
      if (!waits) continue;
      if (!problem.empty()) {  // one failure is enough for this run
        ++report.waiting;
        continue;
      }
      auto url = resolve(*monitor.webhook);
      Result<int> status =
          url ? Post(*url, alert, catalog.workspace()) : std::unexpected<Error>(url.error());
      if (!status) {
        ++report.waiting;
        problem = fmt::format("webhook {} of monitor {}: {}", monitor.webhook->name(), monitor.name,
                              status.error().ToString());
        continue;
      }
      DeliveryRow row{alert.alert_id, {now}, monitor.webhook->name(), *status};
      MP_RETURN_IF_ERROR(UpsertMonitoringRows<DeliveryRow>(catalog, {row}));
      ++report.delivered;
    }
    if (problem.empty()) continue;
    LogWarn("monitoring", "{}; the alerts wait for the next run", problem);
    report.problems.push_back(std::move(problem));
  }
  return report;
}

}  // namespace millpond::model
