// Rows of the registry's tables, read and written inside a transaction of the caller's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/db/sqlite.h"
#include "platform/tracking/meta_connection_internal.h"
#include "platform/tracking/model_registry.h"

namespace millpond::platform {

inline constexpr std::string_view kVersionColumns =
    "v.name, v.version, v.run_id, v.source, v.description, v.creation_time, v.last_update_time, "
    "v.source_uri, v.run_link, v.model_id, v.user_id";
inline constexpr std::string_view kModelColumns =
    "m.name, m.description, m.creation_time, m.last_update_time, "
    "coalesce((SELECT max(version) FROM registry_versions v WHERE v.name = m.name AND "
    "v.deleted = 0), 0)";

ModelVersion VersionOf(const SqliteRow& row, const std::string& root);  // of kVersionColumns
RegisteredModel ModelOf(const SqliteRow& row);                          // of kModelColumns
// Adds tags and aliases.
Status CompleteVersion(SqliteDatabase& db, ModelVersion& version);
Status CompleteModel(SqliteDatabase& db, RegisteredModel& model);

// kNotFound names what is not there.
Result<ModelVersion> FindVersion(SqliteDatabase& db, const std::string& root,
                                 const std::string& name, int64_t number);
Result<RegisteredModel> FindModel(SqliteDatabase& db, const std::string& name);

Status WriteAudit(SqliteDatabase& db, const RegistryAudit& audit);
// Sets audit.alias of audit.model to audit.to_version; gives the version it named before, 0 for
// none. The audit row is written with it; an empty action is "set_alias".
Result<int64_t> MoveAlias(SqliteDatabase& db, RegistryAudit audit);
// ModelRegistry::HeldBy.
Result<std::optional<RegistryAudit>> HoldOf(SqliteDatabase& db, const std::string& model,
                                            const std::string& alias);
// Sets last_update_time of a model.
Status TouchModel(SqliteDatabase& db, const std::string& name, int64_t now);
Status TouchVersion(SqliteDatabase& db, const std::string& name, int64_t version, int64_t now);

template <typename Work>
auto ModelRegistry::Change(Work&& work) {
  auto outcome = connection_->Write(std::forward<Work>(work));
  if (outcome.has_value()) connection_->RegistryChanged();
  return outcome;
}

}  // namespace millpond::platform
