// What a run of flows did, for the closing summary and the event log.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "pipeline/expectations/expectation.h"

namespace millpond::pipeline {

struct FlowReport {
  std::string name;  // main.default.orders
  std::string kind;  // "streaming table", "materialized view", "batch flow"
  bool changed = false;
  std::string message;  // why it was skipped or redone, for a person: "no new data"

  int64_t epochs = 0;
  int64_t files_read = 0;  // of read_files sources
  int64_t rows_in = 0;     // given by the SELECT
  int64_t rows_out = 0;    // in the table
  int64_t rows_dropped = 0;
  int64_t rows_quarantined = 0;
  int64_t bytes = 0;  // of data files written
  std::vector<ExpectationCount> expectations;
  int64_t version = -1;          // of the table after the run
  std::string quarantine_table;  // "" if the flow has none
  double seconds = 0;
};

struct PipelineReport {
  std::vector<FlowReport> flows;  // in the order in which they ran

  bool changed() const {
    for (const FlowReport& flow : flows) {
      if (flow.changed) return true;
    }
    return false;
  }
};

// Called before a flow starts, after each batch of rows (report->rows_in grows) and each epoch, and
// at its end (`done`). The listener throttles.
struct FlowProgress {
  size_t flow = 0;  // from 0
  size_t flows = 0;
  bool done = false;
  const FlowReport* report = nullptr;
};
using ProgressFunction = std::function<void(const FlowProgress&)>;

}  // namespace millpond::pipeline
