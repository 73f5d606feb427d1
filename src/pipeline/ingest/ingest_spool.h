// Rows pushed over HTTP, durable before they are acknowledged, for the source that a flow reads
// them from (pipeline/sources/push_source.h). What a push source has given it cannot give again, so
// its rows lie in a spool until the epoch that read them has committed (design 7.2).
//
//   CREATE OR REFRESH STREAMING TABLE pushed_purchases (…)
//   AS SELECT * FROM STREAM read_push('pushed_purchases', schema => 'customer_id BIGINT, …');
//
//   POST rows ─► open segment, one fsync for all that wait (group commit) ─► 200
//   seal ─► sealed segments = files of JSON lines ─► an epoch reads them as a STREAM of files does,
//   each once and whole ─► commit ─► the segment is removed
//
// A batch is kept wholly or not at all. One that was acknowledged survives a kill and a power cut;
// one that was not may have been kept all the same: a client that gives an idempotency key sends it
// again, and a batch whose key the spool has seen is acknowledged and not kept again. Keys are
// remembered for key_days, also over restarts, and no more than max_keys of them (key_memory.h).
// A spool over max_bytes refuses (kResourceExhausted; HTTP 429 with Retry-After).
//
// After an error of the disk the batches of that write are refused, the segment is cut back to what
// was acknowledged, and the next push goes into a new one.
//
// Thread-safe; one process owns a spool (file lock), any process may read and remove sealed
// segments. docs/formats/ingest-spool.md.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/environment.h"
#include "base/result.h"

namespace millpond::pipeline {

struct SpoolOptions {
  std::string dir;                           // SpoolDir of the push source
  int64_t max_bytes = int64_t{256} << 20;    // not yet committed by a flow
  int64_t segment_bytes = int64_t{8} << 20;  // a larger segment is sealed by itself
  int key_days = 7;
  int64_t max_keys = 1'000'000;  // about 128 bytes each, reserved as they come
  int lock_wait_ms = 0;          // for a `millpond run` that seals what a kill left open
};

struct PushResult {
  int64_t rows = 0;
  bool duplicate = false;  // the key was there: nothing was kept now
};

class IngestSpool {
 public:
  // Makes the folder, takes the lock (kConflict names the owner), and seals what an earlier owner
  // left open; a batch that its kill cut off is dropped there.
  static Result<std::unique_ptr<IngestSpool>> Open(const Environment& env, SpoolOptions options);
  virtual ~IngestSpool() = default;

  // `lines`: one flat JSON object a row, without line ends. All or nothing; durable on return.
  // kInvalidArgument: the key was used for other rows, or the batch alone is over max_bytes.
  virtual Result<PushResult> Append(const std::vector<std::string>& lines,
                                    const std::string& idempotency_key) = 0;
  // Makes what was appended so far readable by flows. True if there was anything.
  virtual Result<bool> Seal() = 0;
  // What waits for a flow, as it lies on the disk.
  virtual int64_t bytes() const = 0;
  // Keys forgotten before key_days were over.
  virtual int64_t forgotten_keys() const = 0;
};

// Seals what a killed owner left open in a spool, if nobody owns it now; for flows that run without
// a server. A spool that is not there is fine.
Status SealAbandonedSpool(const Environment& env, const std::string& dir);

}  // namespace millpond::pipeline
