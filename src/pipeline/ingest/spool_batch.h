// Batches of rows as the bytes of a segment. A batch is its rows' lines, and the last of them ends
// with a mark that says where the batch begins and what its bytes are:
//
//   {"a":1}
//   {"a":2,"_batch":{"rows":2,"bytes":15,"sha256":"5f…","at":"2026-…Z","key":"k1"}}
//
// so that a segment is plain JSON lines, and every batch can be told to be whole by itself. A
// batch whose mark is missing or wrong was never acknowledged (docs/formats/ingest-spool.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace millpond::pipeline {

struct BatchMark {
  int64_t rows = 0;
  int64_t bytes = 0;   // of the batch before its mark
  std::string digest;  // of these bytes: SHA-256, the first 16 digits
  Micros at = 0;
  std::string key;  // idempotency key; "": none
};

struct EncodedBatch {
  std::string bytes;
  BatchMark mark;
};

// `lines`: one flat JSON object each. kInvalidArgument for what cannot be one.
Result<EncodedBatch> EncodeBatch(const std::vector<std::string>& lines, Micros at,
                                 const std::string& key);

struct ScannedSegment {
  std::string whole;             // the bytes of all whole batches
  std::vector<BatchMark> marks;  // of these
  bool damaged = false;          // a whole batch stands after bytes that belong to none
};

// What a segment holds. Bytes after the last whole batch are a write that was cut off.
ScannedSegment ScanSegment(std::string_view bytes);

}  // namespace millpond::pipeline
