// Watches the models of a project: what moved, how good the answers were once that is known, what
// broke expectations, and which of it somebody should hear of.
//
//   scores, answers ─► periods that are due ─► drift, quality ─┐
//   event log ───────► expectations ──────────────────────────┼─► alerts ─► log, webhook
//                                                 (Delta tables, monitoring_tables.h)
//
// A period is due if it is not there yet, if what it was computed from has changed (another
// scoring, more answers, another definition of the monitor), if its labels were pending and are
// known by now, or if the tables of its labels changed within a horizon and a period since (labels
// come late), or ever while it has none. A period that was replayed stays as it is when a new
// champion comes. Running again without news writes nothing. A run that is killed anywhere is
// finished by the next one: a period counts as done when its row of quality is there, which is
// written after its rows of drift.
//
// One run at a time (a file lock; the second waits). Reads tables only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "model/monitoring/alert_delivery.h"
#include "model/monitoring/monitor_definition.h"
#include "model/monitoring/monitoring_rows.h"
#include "model/training/trainer.h"

namespace millpond::model {

struct MonitorOptions {
  // Periods that begin in [from, to) are computed again, whatever is there.
  std::optional<Micros> from, to;
  WebhookResolver webhooks;      // null: nobody is told but the log
  Progress* progress = nullptr;  // phase "monitor", object the monitor
};

struct MonitorReport {
  struct Watched {
    MonitorDefinition monitor;
    std::vector<QualityRow> quality;  // all periods
    std::vector<DriftRow> drift;
    std::vector<ExpectationRow> expectations;
    int computed = 0;  // periods
  };
  std::vector<Watched> monitors;
  std::vector<std::string> problems;  // of monitors that could not be run, and why
  std::vector<AlertRow> fresh;        // found by this run
  std::vector<AlertRow> firing;       // now, of the monitors that were run
  DeliveryReport delivery;
  bool changed = false;  // a table was written
  double seconds = 0;
};

// Runs `monitors` (of LoadMonitorDefinitions) over `models`. What keeps one monitor from running
// is a problem in the report; the others go on.
Result<MonitorReport> RunMonitors(const TrainerParts& parts,
                                  const std::vector<ModelDefinition>& models,
                                  const std::vector<MonitorDefinition>& monitors,
                                  const MonitorOptions& options = {});

// "3 periods computed, 1 alert fired, 0 cleared, 2 firing".
std::string SummaryOf(const MonitorReport& report);

}  // namespace millpond::model
