// Pushing rows over HTTP:
//
//   POST /api/ingest/{table}
//     Content-Type: application/json     [{…}, {…}] or {"rows": [{…}, {…}]}
//     Content-Type: application/x-ndjson an object a line
//     Idempotency-Key: …                 up to 255 printable ASCII characters; may be left out
//   200 {"rows": 2, "duplicate": false}  durable; true: the key was known, nothing was kept now
//   400 names row and field, and nothing of the body is kept; 404 names the tables that take
//   pushes; 429 with Retry-After: too much waits for the flows; 503: the disk failed, and the batch
//   may have been kept: send it again under the same key
//
//   GET /api/ingest                      the tables that take pushes, their columns, what waits
//
// Pushing needs the privilege kModify on the table's name; the list shows those that one may push
// to.
#pragma once

#include "base/http/router.h"
#include "data/sql/access.h"
#include "pipeline/ingest/ingest_spools.h"

namespace millpond::pipeline {

// Must outlive the router.
struct IngestParts {
  IngestSpools& spools;
  data::AccessPolicy* access = nullptr;  // null: everybody may push
};

void AddIngestRoutes(Router& router, IngestParts parts);

}  // namespace millpond::pipeline
