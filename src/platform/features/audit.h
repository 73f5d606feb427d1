// The two audits of served features (design 6.14). Both recompute what was served by the batch
// path, by one point-in-time join over the period given, and compare bit by bit:
//
//   engine  at the version of the source that the answer used: differs if the online state or its
//           evaluation is wrong. All rows are compared.
//   skew    by the plain rule of training at the source's newest version: differs if an answer was
//           not what training would compute, and was not marked. Marked rows are counted apart:
//           those that said so when they were served, and those that a late commit may have changed
//           (FeatureStore::LateCommits).
//
// A row that cannot be recomputed (its version or files are gone, the source was rewritten, it was
// served by another definition of the view) is unauditable, never equal.
#pragma once

#include <arrow/type_fwd.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json_fwd.h"
#include "base/result.h"
#include "platform/features/feature_store.h"

namespace millpond::platform {

enum class AuditKind { kEngine, kSkew };

// Where served rows hold what. Entity and feature columns have the view's names unless renamed.
struct ServedColumns {
  std::string request_id = "request_id";
  std::string as_of = "as_of";                       // TIMESTAMP: T
  std::string source_version = "source_version";     // BIGINT: of the view's source
  std::string marked = "marked";                     // BOOLEAN
  std::string view_version;                          // BIGINT, or "" if there is none
  std::map<std::string, std::string> entity = {};    // the view's name → the column
  std::map<std::string, std::string> features = {};  // the view's name → the column
  // The features that the rows have, by the view's names; absent: all of the view. None: no row can
  // be audited.
  std::optional<std::vector<std::string>> compared = {};
};

struct AuditDifference {
  std::string request_id;
  Micros as_of = 0;
  std::string feature;
  std::string served;
  std::string recomputed;
};

struct AuditReport {
  std::string view;
  AuditKind kind = AuditKind::kEngine;
  int64_t rows = 0;  // given; the sum of the four below
  int64_t equal = 0;
  int64_t different = 0;
  int64_t marked = 0;  // not compared
  int64_t unauditable = 0;
  int64_t marked_late = 0;                       // of the marked: only by a late commit
  std::vector<AuditDifference> first;            // the first differences
  std::vector<std::string> unauditable_because;  // distinct reasons

  int64_t compared() const { return equal + different; }
  Json ToJson() const;
};

// Reads `served` to its end; its rows are held in memory, reserved as kBatch (kResourceExhausted:
// audit a shorter period). A feature whose column has another type than the view's is compared
// after a cast to that type. kInvalidArgument names a column that is missing or cannot be compared.
Result<AuditReport> AuditServedRows(FeatureStore& features, const std::string& view,
                                    arrow::RecordBatchReader& served, const ServedColumns& columns,
                                    AuditKind kind);

}  // namespace millpond::platform
