#include "model/monitoring/monitor.h"

#include <algorithm>
#include <chrono>
#include <map>

#include "base/fs/file_lock.h"
#include "base/log.h"
#include "model/monitoring/alerts.h"
#include "model/monitoring/expectation_history.h"
#include "model/monitoring/model_monitor_internal.h"
#include "model/monitoring/monitoring_tables.h"
#include "pipeline/flows/event_log.h"

namespace millpond::model {
namespace {

template <typename Row>
Result<std::vector<Row>> RowsOfMonitor(data::Catalog& catalog, const std::string& monitor) {
  MP_ASSIGN_OR_RETURN(auto rows, ReadMonitoringRows<Row>(catalog));
  std::erase_if(rows, [&](const Row& row) { return row.monitor != monitor; });
  return rows;
}

// Rows of periods of another kind, from before the monitor's `period` was changed.
template <typename Row>
void EraseOtherPeriods(std::vector<Row>& rows, PeriodKind kind) {
  std::erase_if(rows, [&](const Row& row) {
    return PeriodOf(kind, row.period_start.at) != Period{row.period_start.at, row.period_end.at};
  });
}

// Leaves what belongs to the monitor as it is defined now. Rows of drift outlive a change that a
// period was computed anew for: features that are no longer watched, or that only the version
// before had.
void KeepCurrent(MonitorReport::Watched& watched) {
  const MonitorDefinition& monitor = watched.monitor;
  EraseOtherPeriods(watched.drift, monitor.period);
  EraseOtherPeriods(watched.quality, monitor.period);
  EraseOtherPeriods(watched.expectations, monitor.period);
  std::map<std::pair<std::string, Micros>, int64_t> versions;
  for (const auto& row : watched.quality) {
    versions[{row.population, row.period_start.at}] = row.model_version;
  }
  std::erase_if(watched.drift, [&](const DriftRow& row) {
    const bool chosen = monitor.features.empty() || row.kind == "prediction" ||
                        std::ranges::find(monitor.features, row.name) != monitor.features.end();
    const auto version = versions.find({row.population, row.period_start.at});
    return !chosen || (version != versions.end() && version->second != row.model_version);
  });
}

const ModelDefinition* ModelNamed(const std::vector<ModelDefinition>& models,
                                  const std::string& name) {
  const auto found = std::ranges::find(models, name, &ModelDefinition::name);
  return found == models.end() ? nullptr : &*found;
}

// One pass over the monitors; tables first, then what they mean.
class MonitorRun {
 public:
  MonitorRun(const TrainerParts& parts, const std::vector<ModelDefinition>& models,
             const MonitorOptions& options, MonitorReport& report)
      : parts_(parts), models_(models), options_(options), report_(report) {}

  Status RunOne(const MonitorDefinition& monitor) {
    MonitorReport::Watched watched;
    watched.monitor = monitor;
    std::map<std::string, std::string> sources;
    Result<int> computed = 0;
    if (monitor.watches_expectations()) {
      MP_RETURN_IF_ERROR(UpdateExpectations(monitor));
    } else {
      const ModelDefinition* model = ModelNamed(models_, monitor.model);
      if (!model) {
        return Fail(ErrorKind::kNotFound, "{}: there is no model {}", monitor.file, monitor.model);
      }
      ModelMonitor run(parts_, *model, monitor, options_);
      computed = run.Run(report_.changed);
      if (!computed && computed.error().kind() == ErrorKind::kCancelled) {
        return std::unexpected<Error>(computed.error());
      }
      sources = ModelMonitor::SourcesOf(parts_, *model);
    }
    MP_ASSIGN_OR_RETURN(watched.drift, RowsOfMonitor<DriftRow>(parts_.catalog, monitor.name));
    MP_ASSIGN_OR_RETURN(watched.quality, RowsOfMonitor<QualityRow>(parts_.catalog, monitor.name));
    MP_ASSIGN_OR_RETURN(watched.expectations,
                        RowsOfMonitor<ExpectationRow>(parts_.catalog, monitor.name));
    KeepCurrent(watched);
    // Also where a period failed: what is known of the others is told.
    MP_RETURN_IF_ERROR(Alert(watched, sources));
    if (!computed) return std::unexpected<Error>(computed.error());
    watched.computed = *computed;
    report_.monitors.push_back(std::move(watched));
    return OkStatus();
  }

 private:
  Status UpdateExpectations(const MonitorDefinition& monitor) {
    MP_ASSIGN_OR_RETURN(auto log, pipeline::EventLog::Open(parts_.catalog.workspace()));
    MP_ASSIGN_OR_RETURN(auto events, log.Events(""));
    MP_ASSIGN_OR_RETURN(bool written, UpsertMonitoringRows(
                                          parts_.catalog, ExpectationHistory(events, monitor.period,
                                                                             monitor.name)));
    report_.changed = report_.changed || written;
    return OkStatus();
  }

  Status Alert(const MonitorReport::Watched& watched,
               const std::map<std::string, std::string>& sources) {
    MP_ASSIGN_OR_RETURN(auto recorded, ReadMonitoringRows<AlertRow>(parts_.catalog));
    auto fresh = NewAlerts({watched.monitor, watched.drift, watched.quality, watched.expectations,
                            recorded, sources, parts_.catalog.workspace().env.clock.Now()});
    MP_ASSIGN_OR_RETURN(bool written, UpsertMonitoringRows(parts_.catalog, fresh));
    report_.changed = report_.changed || written;
    for (const auto& alert : fresh) {
      LogWarn("monitoring", "alert {} ({} of {}): {}; first: {}", alert.transition, alert.cause,
              alert.object, alert.message, alert.command);
    }
    std::ranges::move(fresh, std::back_inserter(report_.fresh));
    return OkStatus();
  }

  const TrainerParts& parts_;
  const std::vector<ModelDefinition>& models_;
  const MonitorOptions& options_;
  MonitorReport& report_;
};

}  // namespace

Result<MonitorReport> RunMonitors(const TrainerParts& parts,
                                  const std::vector<ModelDefinition>& models,
                                  const std::vector<MonitorDefinition>& monitors,
                                  const MonitorOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  const data::Workspace& workspace = parts.catalog.workspace();
  LockWait wait{.cancellation = workspace.env.cancellation};
  MP_ASSIGN_OR_RETURN(auto lock, FileLock::Acquire(JoinPath(workspace.state_dir, "monitor.lock"),
                                                   "millpond monitor of " + workspace.name, wait));
  MonitorReport report;
  MonitorRun run(parts, models, options, report);
  for (const auto& monitor : monitors) {
    const Status done = run.RunOne(monitor);
    if (done) continue;
    if (done.error().kind() == ErrorKind::kCancelled) return std::unexpected<Error>(done.error());
    report.problems.push_back(fmt::format("monitor {}: {}", monitor.name, done.error().ToString()));
    LogWarn("monitoring", "{}", report.problems.back());
  }
  MP_ASSIGN_OR_RETURN(auto recorded, ReadMonitoringRows<AlertRow>(parts.catalog));
  report.firing = FiringAlerts(recorded);
  std::erase_if(report.firing, [&](const AlertRow& alert) {
    return std::ranges::find(monitors, alert.monitor, &MonitorDefinition::name) == monitors.end();
  });
  if (options.webhooks) {
    MP_ASSIGN_OR_RETURN(report.delivery, DeliverAlerts(parts.catalog, monitors, options.webhooks));
  }
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return report;
}

std::string SummaryOf(const MonitorReport& report) {
  const auto count = [](size_t n, std::string_view what) {
    return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
  };
  size_t periods = 0, fired = 0;
  for (const auto& watched : report.monitors) periods += static_cast<size_t>(watched.computed);
  for (const auto& alert : report.fresh) fired += alert.transition == "fired" ? 1 : 0;
  return fmt::format("{} computed, {} fired, {} cleared, {} firing", count(periods, "period"),
                     count(fired, "alert"), report.fresh.size() - fired, report.firing.size());
}

}  // namespace millpond::model
