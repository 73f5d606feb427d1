// Versions of registered models.
#include "platform/tracking/artifact_uri.h"
#include "platform/tracking/model_registry.h"
#include "platform/tracking/registry_rows_internal.h"
#include "platform/tracking/tracking_rules.h"

namespace millpond::platform {

namespace {

Status CheckNewVersion(const NewModelVersion& request) {
  MP_RETURN_IF_ERROR(CheckModelName(request.name));
  for (const auto& tag : request.tags) {
    MP_RETURN_IF_ERROR(CheckTag(tag, "", kMaxRegistryTagLength));
  }
  for (const auto& alias : request.aliases) MP_RETURN_IF_ERROR(CheckAliasIsFree(alias));
  return OkStatus();
}

Status EnsureModel(SqliteDatabase& db, const NewModelVersion& request, int64_t now) {
  MP_RETURN_IF_ERROR(db.Execute("INSERT OR IGNORE INTO registry_models VALUES (?1, '', ?2, ?2)",
                                {request.name, now}));
  if (db.changes() == 0) return OkStatus();
  return WriteAudit(db, {.at_ms = now,
                         .principal = request.principal,
                         .action = "create_model",
                         .model = request.name});
}

// Gives the number. The model must be there.
Result<int64_t> InsertVersion(SqliteDatabase& db, const std::string& root,
                              const NewModelVersion& request, int64_t now) {
  MP_RETURN_IF_ERROR(TouchModel(db, request.name, now));
  MP_ASSIGN_OR_RETURN(
      auto rows,
      db.Query("SELECT coalesce(max(version), 0) + 1 FROM registry_versions WHERE name = ?1",
               {request.name}));
  const int64_t number = rows[0].Int(0);
  MP_RETURN_IF_ERROR(db.Execute(
      "INSERT INTO registry_versions (name, version, run_id, source, description, creation_time, "
      "last_update_time, source_uri, run_link, model_id, user_id) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8, ?9, ?10)",
      {request.name, number, request.run_id, ArtifactUri(root, request.source), request.description,
       now, request.source_uri, request.run_link, request.model_id, request.principal}));
  for (const auto& tag : request.tags) {
    MP_RETURN_IF_ERROR(
        db.Execute("INSERT OR REPLACE INTO registry_version_tags VALUES (?1, ?2, ?3, ?4)",
                   {request.name, number, tag.key, tag.value}));
  }
  const RegistryAudit created{.at_ms = now,
                              .principal = request.principal,
                              .action = "create_version",
                              .model = request.name,
                              .to_version = number};
  MP_RETURN_IF_ERROR(WriteAudit(db, created));
  for (const auto& alias : request.aliases) {
    MP_ASSIGN_OR_RETURN(auto held, HoldOf(db, request.name, alias));
    if (held) continue;
    RegistryAudit moved = created;
    moved.action = "set_alias";
    moved.alias = alias;
    MP_ASSIGN_OR_RETURN([[maybe_unused]] auto before, MoveAlias(db, moved));
  }
  return number;
}

}  // namespace

Result<ModelVersion> ModelRegistry::RegisterAndFinishRun(const NewModelVersion& request) {
  MP_RETURN_IF_ERROR(CheckNewVersion(request));
  const int64_t now = clock_.NowMillis();
  return Change([&](SqliteDatabase& db) -> Result<ModelVersion> {
    MP_ASSIGN_OR_RETURN(auto run, FindRun(db, request.run_id, RunAccess::kWrite));
    MP_RETURN_IF_ERROR(EnsureModel(db, request, now));
    MP_ASSIGN_OR_RETURN(int64_t number,
                        InsertVersion(db, connection_->artifact_root, request, now));
    MP_RETURN_IF_ERROR(db.Execute(
        "UPDATE tracking_runs SET status = 'FINISHED', end_time = ?2 WHERE sequence = ?1",
        {run.sequence, now}));
    return FindVersion(db, connection_->artifact_root, request.name, number);
  });
}

Result<ModelVersion> ModelRegistry::CreateVersion(const NewModelVersion& request) {
  MP_RETURN_IF_ERROR(CheckNewVersion(request));
  const int64_t now = clock_.NowMillis();
  return Change([&](SqliteDatabase& db) -> Result<ModelVersion> {
    MP_ASSIGN_OR_RETURN([[maybe_unused]] auto model, FindModel(db, request.name));
    if (!request.run_id.empty()) {
      MP_ASSIGN_OR_RETURN([[maybe_unused]] auto run, FindRun(db, request.run_id, RunAccess::kRead));
    }
    MP_ASSIGN_OR_RETURN(int64_t number,
                        InsertVersion(db, connection_->artifact_root, request, now));
    return FindVersion(db, connection_->artifact_root, request.name, number);
  });
}

Result<ModelVersion> ModelRegistry::GetVersion(const std::string& name, int64_t version) {
  return connection_->Read([&](SqliteDatabase& db) {
    return FindVersion(db, connection_->artifact_root, name, version);
  });
}

Result<std::vector<ModelVersion>> ModelRegistry::ListVersions(const std::string& name) {
  return connection_->Read([&](SqliteDatabase& db) -> Result<std::vector<ModelVersion>> {
    std::vector<ModelVersion> versions;
    MP_RETURN_IF_ERROR(
        db.Execute(fmt::format("SELECT {} FROM registry_versions v WHERE name = ?1 AND "
                               "deleted = 0 ORDER BY version DESC",
                               kVersionColumns),
                   {name}, [&](const SqliteRow& row) -> Status {
                     versions.push_back(VersionOf(row, connection_->artifact_root));
                     return CompleteVersion(db, versions.back());
                   }));
    return versions;
  });
}

Result<ModelVersion> ModelRegistry::DescribeVersion(const std::string& name, int64_t version,
                                                    const std::string& description) {
  const int64_t now = clock_.NowMillis();
  return connection_->Write([&](SqliteDatabase& db) -> Result<ModelVersion> {
    MP_RETURN_IF_ERROR(
        db.Execute("UPDATE registry_versions SET description = ?3, "
                   "last_update_time = ?4 WHERE name = ?1 AND version = ?2",
                   {name, version, description, now}));
    return FindVersion(db, connection_->artifact_root, name, version);
  });
}

Status ModelRegistry::DeleteVersion(const std::string& name, int64_t version,
                                    const std::string& principal) {
  const int64_t now = clock_.NowMillis();
  return Change([&](SqliteDatabase& db) -> Status {
    MP_ASSIGN_OR_RETURN(auto found, FindVersion(db, connection_->artifact_root, name, version));
    RegistryAudit audit{.at_ms = now,
                        .principal = principal,
                        .action = "delete_alias",
                        .model = name,
                        .from_version = version};
    for (const auto& alias : found.aliases) {
      audit.alias = alias;
      MP_RETURN_IF_ERROR(WriteAudit(db, audit));
    }
    MP_RETURN_IF_ERROR(db.Execute("DELETE FROM registry_aliases WHERE name = ?1 AND version = ?2",
                                  {name, version}));
    MP_RETURN_IF_ERROR(
        db.Execute("UPDATE registry_versions SET deleted = 1, "
                   "last_update_time = ?3 WHERE name = ?1 AND version = ?2",
                   {name, version, now}));
    MP_RETURN_IF_ERROR(TouchModel(db, name, now));
    audit.alias = "";
    audit.action = "delete_version";
    return WriteAudit(db, audit);
  });
}

Status ModelRegistry::SetVersionTag(const std::string& name, int64_t version, const Tag& tag) {
  MP_RETURN_IF_ERROR(CheckModelName(name));
  MP_RETURN_IF_ERROR(CheckTag(tag, "", kMaxRegistryTagLength));
  return connection_->Write([&](SqliteDatabase& db) -> Status {
    MP_ASSIGN_OR_RETURN([[maybe_unused]] auto found,
                        FindVersion(db, connection_->artifact_root, name, version));
    return db.Execute("INSERT OR REPLACE INTO registry_version_tags VALUES (?1, ?2, ?3, ?4)",
                      {name, version, tag.key, tag.value});
  });
}

Status ModelRegistry::DeleteVersionTag(const std::string& name, int64_t version,
                                       const std::string& key) {
  return connection_->Write([&](SqliteDatabase& db) -> Status {
    MP_ASSIGN_OR_RETURN([[maybe_unused]] auto found,
                        FindVersion(db, connection_->artifact_root, name, version));
    return db.Execute(
        "DELETE FROM registry_version_tags WHERE name = ?1 AND version = ?2 AND key = ?3",
        {name, version, key});
  });
}

Result<std::optional<ModelVersion>> ModelRegistry::VersionAt(const std::string& folder) {
  const std::string uri = ArtifactUri(connection_->artifact_root, folder);
  return connection_->Read([&](SqliteDatabase& db) -> Result<std::optional<ModelVersion>> {
    MP_ASSIGN_OR_RETURN(
        auto rows,
        db.Query(fmt::format("SELECT {} FROM registry_versions v WHERE deleted = 0 AND "
                             "substr(source || '/', 1, length(?1) + 1) = ?1 || '/' OR "
                             "deleted = 0 AND "
                             "substr(?1 || '/', 1, length(source) + 1) = source || '/' LIMIT 1",
                             kVersionColumns),
                 {uri}));
    if (rows.empty()) return std::optional<ModelVersion>();
    return std::optional(VersionOf(rows[0], connection_->artifact_root));
  });
}

}  // namespace millpond::platform
