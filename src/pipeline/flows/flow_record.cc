#include "pipeline/flows/flow_record.h"

#include <algorithm>

namespace millpond::pipeline {
namespace {

MetricLabels LabelsOf(const std::string& flow) {
  return {{"flow", flow}};
}

double SecondsSince(SteadyTime moment) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - moment).count();
}

}  // namespace

FlowRecord::FlowRecord(std::string flow, std::string kind, bool is_stream, MetricsRegistry& metrics)
    : is_stream_(is_stream),
      epochs_(metrics.FindCounter("millpond_flow_epochs_total", "Epochs committed by flows",
                                  LabelsOf(flow))),
      rows_(metrics.FindCounter("millpond_flow_rows_total", "Rows that flows wrote to their tables",
                                LabelsOf(flow))),
      failures_(metrics.FindCounter("millpond_flow_failures_total", "Turns of flows that failed",
                                    LabelsOf(flow))),
      seconds_(metrics.FindHistogram("millpond_flow_epoch_seconds",
                                     "Time of a flow's turn that committed something, per epoch",
                                     LabelsOf(flow))),
      lag_(metrics.FindGauge("millpond_flow_lag_seconds",
                             "Time since a flow was up to date, if it is not", LabelsOf(flow))) {
  status_.flow = std::move(flow);
  status_.kind = std::move(kind);
}

void FlowRecord::NoteTurn(const FlowReport& report, SteadyTime began, Micros now) {
  status_.failures = 0;
  status_.last_error.clear();
  status_.version = report.version;
  up_to_date_ = began;
  if (!report.changed) return;
  status_.epochs += report.epochs;
  status_.rows += report.rows_out;
  status_.last_seconds = report.seconds;
  status_.last_commit = now;
  epochs_.Add(static_cast<double>(report.epochs));
  rows_.Add(static_cast<double>(report.rows_out));
  for (int64_t i = 0; i < report.epochs; ++i) {
    seconds_.Observe(report.seconds / static_cast<double>(report.epochs));
  }
}

void FlowRecord::NoteFailure(const std::string& error, int first_ms, int last_ms) {
  status_.last_error = error;
  int64_t wait_ms = first_ms;
  for (int i = 0; i < status_.failures && wait_ms < last_ms; ++i) wait_ms *= 2;
  ++status_.failures;
  failures_.Add();
  retry_at_ = std::chrono::steady_clock::now() +
              std::chrono::milliseconds(std::min<int64_t>(wait_ms, last_ms));
}

double FlowRecord::LagSeconds(bool waits) const {
  return waits || failing() ? SecondsSince(up_to_date_) : 0;
}

FlowStatus FlowRecord::status(bool waits) const {
  FlowStatus status = status_;
  status.lag_seconds = LagSeconds(waits);
  return status;
}

}  // namespace millpond::pipeline
