// Keeps a project's flows running: a thread that runs the streaming tables as soon as there is
// something for them, and the materialized views after them at their own pace.
//
//   a push, a commit to a table that a flow reads ──► at once
//   new files, commits of other processes ──────────► within poll_interval_ms
//   views whose inputs may have changed ────────────► view_gap_ms after their last turn at the
//   earliest,
//                                                     when no streaming table has work
//
// Flows run one after another, in rounds; a round is a turn (flow_turn.h), so that a `millpond run`
// beside it comes in between. A flow that fails is tried again after retry_first_ms, then twice as
// long each time up to retry_last_ms, and does not stop the others; what it read stays where it is.
// The project's files are read again when they changed; while they cannot be read, the flows go on
// as they were, and status().error says why.
//
// Metrics, by flow: millpond_flow_epochs_total, millpond_flow_rows_total (in its table),
// millpond_flow_failures_total, millpond_flow_epoch_seconds, millpond_flow_lag_seconds.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics/metrics.h"
#include "pipeline/flows/report.h"
#include "pipeline/ingest/ingest_spools.h"

namespace millpond::data {
class Catalog;
class SqlEngine;
}  // namespace millpond::data

namespace millpond::pipeline {

struct FlowRunnerOptions {
  std::string transformations;  // the folder of the project's *.sql
  int poll_interval_ms = 1000;
  int commit_interval_ms = 100;  // between the begins of two rounds, when rows keep coming
  int view_gap_ms = 5000;
  int view_poll_ms =
      60'000;  // views are looked at this often when nothing is known of their inputs
  int retry_first_ms = 1000;
  int retry_last_ms = 60'000;
  // After each turn of a flow that changed its table or failed (`error` is not ""); on the runner's
  // thread.
  std::function<void(const FlowReport& report, const std::string& error)> on_turn = nullptr;
};

// All must outlive the runner. `spools`: null where nobody pushes (`millpond run --watch`).
struct FlowRunnerParts {
  data::Catalog& catalog;
  data::SqlEngine& engine;
  IngestSpools* spools = nullptr;
  MetricsRegistry& metrics;
};

struct FlowStatus {
  std::string flow;
  std::string kind;
  int64_t epochs = 0;  // since the start, as the other counts
  int64_t rows = 0;
  int64_t version = -1;     // of its table after its last turn
  double last_seconds = 0;  // of its last turn with an epoch
  Micros last_commit = 0;   // on the project's clock; 0: none yet
  int failures = 0;         // one after another, up to now
  std::string last_error;   // of the last failure; "" once a turn went well
  double lag_seconds = 0;   // since it was last up to date, if it is not
};

struct FlowRunnerStatus {
  std::vector<FlowStatus> flows;  // in the order in which they run
  std::string error;              // what keeps the runner as a whole from its work; "": nothing
  std::string waiting_for;        // who has the turn
};

class FlowRunner {
 public:
  // kConflict: another process owns a spool.
  static Result<std::unique_ptr<FlowRunner>> Start(FlowRunnerParts parts,
                                                   FlowRunnerOptions options);
  virtual ~FlowRunner() = default;  // stops

  // Looks for work now. Never blocks.
  virtual void Wake() = 0;
  virtual FlowRunnerStatus status() const = 0;
  // Runs rounds, views included, until one finds nothing new; false if that takes longer. A flow
  // that fails counts as done.
  virtual bool Settle(int timeout_ms) = 0;
  // The epoch at work is given up at its next batch of rows; it is run again by the next start.
  virtual void Stop() = 0;
};

}  // namespace millpond::pipeline
