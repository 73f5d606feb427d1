// The two audits of what endpoints answered (design 6.14; platform/features/audit.h), over their
// inference tables: each view that a model uses, day by day of T and less where memory is short;
// the rows of each version of the model by that version's own features. What was found is kept in
// main.monitoring.audits, one row a view, audit and day:
//
//   audited_at, model, view, audit, period_from, period_to,
//   rows, equal, different, marked, marked_late, unauditable, without_features
//
// Where no period is asked for, an audit goes on from where the last such one ended, less an
// overlap for answers that reached their table late. Only such audits are kept: to look at a period
// again changes nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/cancellation.h"
#include "data/sql/session.h"
#include "model/training/model_definition.h"
#include "platform/features/audit.h"
#include "platform/tracking/model_registry.h"

namespace millpond::model {

inline constexpr const char* kAuditTable = "main.monitoring.audits";

struct InferenceAuditRequest {
  std::vector<platform::AuditKind> kinds = {platform::AuditKind::kEngine,
                                            platform::AuditKind::kSkew};
  std::optional<Micros> from = std::nullopt;  // of T; absent: as above
  std::optional<Micros> to = std::nullopt;    // exclusive; absent: now
};

// What one audit of one view found in the whole period.
struct InferenceAudit {
  std::string model;
  std::string table;
  Micros from = 0;
  Micros to = 0;
  platform::AuditReport report;
  int64_t without_features = 0;  // rows that a fallback or defaults answered: nothing to compare
};

struct InferenceAuditParts {
  platform::FeatureStore& features;
  platform::ModelRegistry& registry;
  data::SqlEngine& sql;
  data::Principal principal;
};

// The views of one model; empty where it has no inference table (yet). kResourceExhausted: the rows
// of one minute do not fit in memory. Errors name model, view and table.
Result<std::vector<InferenceAudit>> AuditInferences(const InferenceAuditParts& parts,
                                                    const ModelDefinition& definition,
                                                    const InferenceAuditRequest& request);

}  // namespace millpond::model
