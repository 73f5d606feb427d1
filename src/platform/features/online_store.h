// Feature values for requests: a cache of the visibility rule (design 6.1), never a second truth.
// For each view it serves it keeps, by entity, the raw rows in blocks and a mergeable state per
// full block (a tile), in RocksDB; one Get computes an entity's values at T with the same compiled
// program as a training set, bit for bit, or marks its answer.
//
//   commits ─CommitFeed─► feeder ─rows, applied_through, version: one write batch─► RocksDB ─► Get
//
// A tile is used only if every row in it is visible at T - settle; else its block's rows.
// `applied_through` of a view is the moment on the project's clock up to which every commit of its
// source that was stamped by then is applied; an answer is exact iff applied_through ≥ T - settle,
// otherwise it says stale. A commit seen later than settle after its stamp is counted and kept
// (late_commits), with its entities, so that audits can mark the answers it would have changed.
//
// One owner: the folder is locked (base/fs/file_lock.h); a second process gets kConflict naming the
// owner. The state is disposable: a folder that is missing, damaged or of another format or of
// another definition (by the columns' hashes) is rebuilt from the table. A source that is not
// append-only (a commit with dataChange that removes files) is refused by name.
// Thread-safe; Get takes no lock that a commit holds for long.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics/metrics.h"
#include "base/result.h"
#include "kernel/feature_view.h"

namespace millpond::platform {

class FeatureStore;

struct OnlineOptions {
  std::string dir;                 // <state>/online
  int64_t cache_bytes = 64 << 20;  // RocksDB's block cache; this and the rest reserved as kServing
  int64_t entity_cache_bytes = 64 << 20;  // entities ready to be computed
  int follow_interval_ms = 100;  // how often logs are looked at for commits of other processes
};

// The values of one view for the rows of one request.
struct OnlineFeatures {
  kernel::Batch features;      // the view's outputs, one row per entity given
  Micros applied_through = 0;  // on the project's clock
  bool stale = false;          // applied_through < T - settle
  int64_t source_version = 0;  // of the source, that is wholly applied
  int64_t view_version = 0;    // of the definition that gave the values
};

// What is known of a served view.
struct OnlineViewStatus {
  std::string view;
  int64_t view_version = 0;
  std::string source;
  int64_t source_version = 0;
  Micros applied_through = 0;
  int64_t rows = 0;
  int64_t late_commits = 0;  // seen by this process
  std::string problem;       // why its source is not followed any more; "": it is
};

class OnlineStore {
 public:
  // `features` and `metrics` must outlive the store.
  static Result<std::unique_ptr<OnlineStore>> Open(FeatureStore& features, OnlineOptions options,
                                                   MetricsRegistry& metrics);
  virtual ~OnlineStore() = default;

  // Serves the view from now on: deploys it if it is not live yet (design 6.1), brings its state up
  // to its source, and follows. Again for the same view: nothing. Blocks until it is caught up.
  virtual Status Serve(const std::string& view) = 0;
  virtual std::vector<OnlineViewStatus> Views() const = 0;

  // Names and types of the entity columns of a served view. kNotFound.
  virtual Result<std::vector<kernel::SourceColumn>> EntityColumns(
      const std::string& view) const = 0;

  // `entity`: the view's entity columns by name and of their types (others are ignored); `as_of`:
  // T, drawn once a request by the caller; `view_version` 0: the newest that is served. kNotFound:
  // the view is not served, or not in that version.
  // kUnavailable: the store cannot be read.
  virtual Result<OnlineFeatures> Get(const std::string& view, const kernel::Batch& entity,
                                     Micros as_of, int64_t view_version = 0) = 0;

  // Looks at the sources now instead of at the next interval; returns when what it saw is applied.
  virtual Status CatchUp() = 0;
};

}  // namespace millpond::platform
