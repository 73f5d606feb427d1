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

bool IsTaken(int status) {
  return status / 100 == 2;
}

// The receiver cannot take anything now; any other answer that is not 2xx is about this one alert.
bool IsBusy(int status) {
  return status == 429 || status >= 500;
}

// The status of the last answer, whatever it is; an error if there was none.
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
    if (reply && !IsBusy(reply->status)) return reply->status;
    status = reply ? Result<int>(reply->status)
                   : Fail(reply.error().kind(), "{}", WithoutPath(reply.error().ToString(), url));
    if (!reply && reply.error().kind() == ErrorKind::kInvalidArgument) break;
  }
  return status;
}

// What one monitor's webhook is told.
class Delivery {
 public:
  Delivery(data::Catalog& catalog, const MonitorDefinition& monitor, const WebhookResolver& resolve,
           DeliveryReport& report)
      : catalog_(catalog),
        monitor_(monitor),
        resolve_(resolve),
        report_(report),
        now_(catalog.workspace().env.clock.Now()) {}

  Status Tell(const AlertRow& alert) {
    if (stopped_) {  // one failure of the receiver's is enough for this run
      ++report_.waiting;
      return OkStatus();
    }
    auto url = resolve_(*monitor_.webhook);
    Result<int> status =
        url ? Post(*url, alert, catalog_.workspace()) : std::unexpected<Error>(url.error());
    if (status && IsTaken(*status)) {
      DeliveryRow row{alert.alert_id, {now_}, monitor_.webhook->name(), *status};
      MP_RETURN_IF_ERROR(UpsertMonitoringRows<DeliveryRow>(catalog_, {row}));
      ++report_.delivered;
      return OkStatus();
    }
    ++report_.waiting;
    stopped_ = !status || IsBusy(*status);
    AddProblem(status ? fmt::format("it answered {} to alert {}", *status, alert.alert_id)
                      : status.error().ToString());
    return OkStatus();
  }

 private:
  void AddProblem(const std::string& what) {
    report_.problems.push_back(
        fmt::format("webhook {} of monitor {}: {}", monitor_.webhook->name(), monitor_.name, what));
    LogWarn("monitoring", "{}; what was not taken waits for the next run", report_.problems.back());
  }

  data::Catalog& catalog_;
  const MonitorDefinition& monitor_;
  const WebhookResolver& resolve_;
  DeliveryReport& report_;
  const Micros now_;
  bool stopped_ = false;
};

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
    Delivery delivery(catalog, monitor, resolve, report);
    for (const auto& alert : alerts) {
      const bool waits = alert.monitor == monitor.name && !told.contains(alert.alert_id) &&
                         alert.at.at > now - kDeliverWithin;
      if (!waits) continue;
      MP_RETURN_IF_ERROR(delivery.Tell(alert));
    }
  }
  return report;
}

}  // namespace millpond::model
