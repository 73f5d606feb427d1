// Rows pushed over HTTP, durable before they are acknowledged, and the source that a flow reads
// them from. What a push source has given it cannot give again, so its rows lie in a spool until
// the epoch that read them has committed (design 7.2).
//
//   CREATE OR REFRESH STREAMING TABLE pushed_purchases (…)
//   AS SELECT * FROM STREAM read_push('pushed_purchases', schema => 'customer_id BIGINT, …');
//
//   POST rows ─► open segment, one fsync for all that wait (group commit) ─► 200
//   seal ─► sealed segments = files of JSON lines ─► an epoch reads them as a STREAM of files does,
//   each once and whole ─► commit ─► the segment is removed
//
// A batch with an idempotency key that the spool has seen is acknowledged and not kept again; keys
// live in the segments' own records and are remembered for key_days, also over restarts. A spool
// over max_bytes refuses (kResourceExhausted; HTTP 429 with Retry-After).
// Thread-safe; one process owns a spool (file lock), any process may read sealed segments.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/environment.h"
#include "base/json_fwd.h"
#include "base/result.h"

namespace millpond::pipeline {

struct SpoolOptions {
  std::string dir;                         // <state>/ingest/<catalog.schema.table>
  int64_t max_bytes = int64_t{256} << 20;  // not yet committed by a flow
  int key_days = 7;
};

struct PushResult {
  int64_t rows = 0;
  bool duplicate = false;  // the key was there: nothing was kept now
};

class IngestSpool {
 public:
  static Result<std::unique_ptr<IngestSpool>> Open(const Environment& env, SpoolOptions options);
  virtual ~IngestSpool() = default;

  // `lines`: one JSON object a row, without line ends. All or nothing; durable on return.
  virtual Result<PushResult> Append(const std::vector<std::string>& lines,
                                    const std::string& idempotency_key) = 0;
  // Makes what was appended so far readable by flows. True if there was anything.
  virtual Result<bool> Seal() = 0;
  virtual int64_t bytes() const = 0;
};

}  // namespace millpond::pipeline
