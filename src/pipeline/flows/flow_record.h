// What a runner knows of one flow: its counts, its failures, when it may be tried again. Guarded by
// its owner.
#pragma once

#include <chrono>
#include <string>

#include "base/metrics/metrics.h"
#include "pipeline/flows/flow_runner.h"

namespace millpond::pipeline {

using SteadyTime = std::chrono::steady_clock::time_point;

class FlowRecord {
 public:
  FlowRecord(std::string flow, std::string kind, bool is_stream, MetricsRegistry& metrics);

  bool is_stream() const { return is_stream_; }
  const std::string& flow() const { return status_.flow; }
  bool failing() const { return status_.failures > 0; }
  SteadyTime retry_at() const { return retry_at_; }  // of a failing flow

  // `began`: when the turn did. `now`: on the project's clock.
  void NoteTurn(const FlowReport& report, SteadyTime began, Micros now);
  void NoteFailure(const std::string& error, int first_ms, int last_ms);

  // `waits`: something may be there that it has not looked at.
  double LagSeconds(bool waits) const;
  FlowStatus status(bool waits) const;
  void SetLag(bool waits) { lag_.Set(LagSeconds(waits)); }

 private:
  FlowStatus status_;
  bool is_stream_;
  SteadyTime up_to_date_ = std::chrono::steady_clock::now();
  SteadyTime retry_at_ = {};
  Counter& epochs_;
  Counter& rows_;
  Counter& failures_;
  Histogram& seconds_;
  Gauge& lag_;
};

}  // namespace millpond::pipeline
