// A project's transformations/*.sql as a graph of flows, and a run of it.
//
//   CREATE [OR REFRESH] STREAMING TABLE t [(columns, CONSTRAINT …)] [COMMENT '…']
//     [TBLPROPERTIES ('k' = 'v')] AS SELECT … FROM STREAM read_files(…) | STREAM read_push(…)
//     | STREAM(u) | STREAM u                       -- several by UNION ALL
//   CREATE [OR REFRESH] MATERIALIZED VIEW v [(…)] AS SELECT …
//   CREATE TEMPORARY VIEW w AS SELECT …        -- a name for a query, seen by these files only
//
// The order of flows is found from what their queries read; a cycle is refused and its members
// named. A streaming table reads each file, and each row that was appended to a table, once; a
// materialized view is computed anew when an input or its definition changed, and skipped else.
// Rows that were pushed have one reader, and are gone when its epoch has committed: such a table
// cannot be refreshed from its source.
//
// Nothing is lost and nothing counted twice, whatever is killed and when: flows run in epochs with
// written plans (epoch_plan.h, docs/formats/flow-state.md). Flows run one after another; the first
// that fails ends the run, and what was done before stays. Two processes take turns (flow_turn.h).
// Who keeps flows running is flow_runner.h.
//
// A changed definition of a streaming table holds for rows that are read from then on, as long as
// its columns stay the same; changed columns need a full refresh, and the error says so.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/cancellation.h"
#include "base/result.h"
#include "pipeline/flows/report.h"
#include "pipeline/sources/push_source.h"

namespace millpond::data {
class Catalog;
class SqlEngine;
}  // namespace millpond::data

namespace millpond::pipeline {

struct RunOptions {
  ProgressFunction progress;
  // Tables to be emptied and computed from all their input; streaming tables that read them are
  // refreshed too. Names as in the files; {"*"}: all but those that pushed rows go to.
  std::vector<std::string> full_refresh;
  CancellationToken cancellation;
  // Hears once whom the run waits for, if another one has its turn.
  std::function<void(const std::string&)> on_wait;
};

struct FlowInfo {
  std::string name;
  std::string kind;
  std::vector<std::string> reads;  // what it reads, in the order of their first mention
  std::string place;               // file:line:column of its statement
  bool is_stream = false;          // a streaming table
  std::string quarantine;          // its quarantine table; "": none
};

class Pipeline {
 public:
  // Reads and checks all *.sql files of the folder; a folder that is not there is an empty
  // pipeline. The catalog and the engine must outlive the pipeline; the engine needs ReadFiles
  // registered only for plain SQL.
  static Result<Pipeline> Load(data::Catalog& catalog, data::SqlEngine& engine,
                               const std::string& dir);
  Pipeline(Pipeline&&) noexcept;
  Pipeline& operator=(Pipeline&&) noexcept;
  ~Pipeline();

  std::vector<FlowInfo> flows() const;  // in the order in which they run
  // What rows can be pushed to.
  std::vector<PushSource> push_sources() const;
  Result<PipelineReport> Run(const RunOptions& options = {});
  // One flow of flows(), for a caller that has taken the turn: its epochs until nothing is new.
  Result<FlowReport> RunOne(size_t flow, const CancellationToken& cancellation);

 private:
  struct Impl;
  explicit Pipeline(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace millpond::pipeline
