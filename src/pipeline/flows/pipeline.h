// A project's transformations/*.sql as a graph of flows, and a run of it.
//
//   CREATE [OR REFRESH] STREAMING TABLE t [(columns, CONSTRAINT …)] [COMMENT '…']
//     [TBLPROPERTIES ('k' = 'v')] AS SELECT … FROM STREAM read_files(…) | STREAM(u) | STREAM u
//   CREATE [OR REFRESH] MATERIALIZED VIEW v [(…)] AS SELECT …
//   CREATE TEMPORARY VIEW w AS SELECT …        -- a name for a query, seen by these files only
//
// The order of flows is found from what their queries read; a cycle is refused and its members
// named. A streaming table reads each file, and each row that was appended to a table, once; a
// materialized view is computed anew when an input or its definition changed, and skipped else.
//
// Nothing is lost and nothing counted twice, whatever is killed and when: flows run in epochs with
// written plans (epoch_plan.h, docs/formats/flow-state.md). Flows run one after another; the first
// that fails ends the run, and what was done before stays.
//
// A changed definition of a streaming table holds for rows that are read from then on, as long as
// its columns stay the same; changed columns need a full refresh, and the error says so.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "pipeline/flows/report.h"

namespace millpond::data {
class Catalog;
class SqlEngine;
}  // namespace millpond::data

namespace millpond::pipeline {

struct RunOptions {
  ProgressFunction progress;
  // Tables to be emptied and computed from all their input; streaming tables that read them are
  // refreshed too. Names as in the files; {"*"}: all.
  std::vector<std::string> full_refresh;
};

struct FlowInfo {
  std::string name;
  std::string kind;
  std::vector<std::string> reads;  // tables, in the order of their first mention
  std::string place;               // file:line:column of its statement
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
  Result<PipelineReport> Run(const RunOptions& options = {});

 private:
  struct Impl;
  explicit Pipeline(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace millpond::pipeline
