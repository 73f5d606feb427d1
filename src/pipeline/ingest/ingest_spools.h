// The spools of all push sources of a project, by the name that rows are pushed to. The server
// opens it; the flow runner says which sources the project's files have (Serve), again whenever
// they changed, and seals before each turn of the flows.
//
// Metrics, by table: millpond_ingest_rows_total, millpond_ingest_batches_total (by outcome: kept,
// duplicate, refused), millpond_ingest_waiting_bytes, millpond_ingest_forgotten_keys.
//
// Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/metrics/metrics.h"
#include "pipeline/ingest/ingest_spool.h"
#include "pipeline/ingest/pushed_rows.h"
#include "pipeline/sources/push_source.h"

namespace millpond::data {
struct Workspace;
}

namespace millpond::pipeline {

struct IngestLimits {
  int64_t max_bytes = int64_t{256} << 20;  // of each spool
  int key_days = 7;
};

struct PushTarget {
  PushSource source;
  int64_t waiting_bytes = 0;
};

class IngestSpools {
 public:
  // `workspace` and `metrics` must outlive it.
  IngestSpools(const data::Workspace& workspace, IngestLimits limits, MetricsRegistry& metrics);
  ~IngestSpools();
  IngestSpools(const IngestSpools&) = delete;
  IngestSpools& operator=(const IngestSpools&) = delete;

  // Takes pushes for these sources from now on, by their schemas, and for no others; what waits in
  // the spools of others stays there. kConflict: another process owns one of the spools.
  Status Serve(const std::vector<PushSource>& sources);

  std::vector<PushTarget> targets() const;  // by name

  // The source that `table` means: its full name, or its last part where only one source ends so.
  // kNotFound names those there are.
  Result<data::TableName> Find(const std::string& table) const;

  // Checks the rows and keeps them. kNotFound; the errors of ReadPushedRows and of
  // IngestSpool::Append.
  Result<PushResult> Push(const data::TableName& table, std::string_view body, PushForm form,
                          const std::string& idempotency_key);

  // Seals all spools. The first error, after all were tried.
  Status Seal();

  // Called after each push that was kept, on the pusher's thread, and maybe once more while this
  // call replaces it; null: nobody.
  void OnPush(std::function<void()> listener);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace millpond::pipeline
