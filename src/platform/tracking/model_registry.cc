#include "platform/tracking/model_registry.h"

#include "platform/tracking/meta_connection_internal.h"

namespace millpond::platform {

namespace {

constexpr std::string_view kVersionColumns =
    "name, version, run_id, source, description, creation_time";

Status CheckModelName(const std::string& name) {
  MP_RETURN_IF_ERROR(CheckKey("registered model", name));
  if (name.find_first_of("/:") == std::string::npos) return OkStatus();
  return Fail(ErrorKind::kInvalidArgument,
              "the name of a registered model may not hold '/' or ':': '{}'", name);
}

Result<ModelVersion> CompleteVersion(SqliteDatabase& db, const SqliteRow& row) {
  ModelVersion version{.name = row.Text(0),
                       .version = row.Int(1),
                       .run_id = row.Text(2),
                       .source = row.Text(3),
                       .description = row.Text(4),
                       .creation_time_ms = row.Int(5)};
  const std::vector<SqliteValue> key = {version.name, version.version};
  MP_RETURN_IF_ERROR(
      db.Execute("SELECT key, value FROM registry_version_tags WHERE name = ?1 AND version = ?2 "
                 "ORDER BY key",
                 key, [&](const SqliteRow& tag) -> Status {
                   version.tags.push_back({tag.Text(0), tag.Text(1)});
                   return OkStatus();
                 }));
  MP_RETURN_IF_ERROR(
      db.Execute("SELECT alias FROM registry_aliases WHERE name = ?1 AND version = ?2 ORDER BY 1",
                 key, [&](const SqliteRow& alias) -> Status {
                   version.aliases.push_back(alias.Text(0));
                   return OkStatus();
                 }));
  return version;
}

Result<ModelVersion> FindVersion(SqliteDatabase& db, const std::string& name, int64_t number) {
  MP_ASSIGN_OR_RETURN(
      auto rows,
      db.Query(fmt::format("SELECT {} FROM registry_versions WHERE name = ?1 AND version = ?2",
                           kVersionColumns),
               {name, number}));
  if (rows.empty()) {
    return Fail(ErrorKind::kNotFound, "model '{}' has no version {}", name, number);
  }
  return CompleteVersion(db, rows[0]);
}

Status WriteAudit(SqliteDatabase& db, const RegistryAudit& audit) {
  return db.Execute(
      "INSERT INTO registry_audit (at, principal, action, model, alias, from_version, to_version) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
      {audit.at_ms, audit.principal, audit.action, audit.model, audit.alias, audit.from_version,
       audit.to_version});
}

Status MoveAlias(SqliteDatabase& db, RegistryAudit audit) {
  MP_RETURN_IF_ERROR(CheckKey("alias", audit.alias));
  MP_ASSIGN_OR_RETURN(
      auto before, db.Query("SELECT version FROM registry_aliases WHERE name = ?1 AND alias = ?2",
                            {audit.model, audit.alias}));
  audit.from_version = before.empty() ? 0 : before[0].Int(0);
  audit.action = "set_alias";
  MP_RETURN_IF_ERROR(
      db.Execute("INSERT OR REPLACE INTO registry_aliases (name, alias, version) "
                 "VALUES (?1, ?2, ?3)",
                 {audit.model, audit.alias, audit.to_version}));
  return WriteAudit(db, audit);
}

// The next version number of a model, which is made if it is missing.
Result<int64_t> NextVersion(SqliteDatabase& db, const std::string& name, int64_t now) {
  MP_RETURN_IF_ERROR(
      db.Execute("INSERT INTO registry_models VALUES (?1, '', ?2, ?2) ON CONFLICT (name) DO UPDATE "
                 "SET last_update_time = excluded.last_update_time",
                 {name, now}));
  MP_ASSIGN_OR_RETURN(
      auto rows,
      db.Query("SELECT coalesce(max(version), 0) + 1 FROM registry_versions WHERE name = ?1",
               {name}));
  return rows[0].Int(0);
}

Status InsertVersion(SqliteDatabase& db, const NewModelVersion& request, int64_t number,
                     int64_t now) {
  MP_RETURN_IF_ERROR(
      db.Execute("INSERT INTO registry_versions VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                 {request.name, number, request.run_id, request.source, request.description, now}));
  for (const auto& tag : request.tags) {
    MP_RETURN_IF_ERROR(CheckKey("tag", tag.key));
    MP_RETURN_IF_ERROR(
        db.Execute("INSERT OR REPLACE INTO registry_version_tags VALUES (?1, ?2, ?3, ?4)",
                   {request.name, number, tag.key, tag.value}));
  }
  RegistryAudit audit{.at_ms = now,
                      .principal = request.principal,
                      .action = "create_version",
                      .model = request.name,
                      .to_version = number};
  MP_RETURN_IF_ERROR(WriteAudit(db, audit));
  for (const auto& alias : request.aliases) {
    audit.alias = alias;
    MP_RETURN_IF_ERROR(MoveAlias(db, audit));
  }
  return OkStatus();
}

}  // namespace

Result<ModelVersion> ModelRegistry::RegisterAndFinishRun(const NewModelVersion& request) {
  MP_RETURN_IF_ERROR(CheckModelName(request.name));
  std::lock_guard lock(connection_->mutex);
  SqliteDatabase& db = connection_->db;
  const int64_t now = clock_.NowMillis();
  int64_t number = 0;
  MP_RETURN_IF_ERROR(db.Transaction([&]() -> Status {
    MP_RETURN_IF_ERROR(RequireRun(db, request.run_id, true));
    MP_ASSIGN_OR_RETURN(number, NextVersion(db, request.name, now));
    MP_RETURN_IF_ERROR(InsertVersion(db, request, number, now));
    return db.Execute(
        "UPDATE tracking_runs SET status = 'FINISHED', end_time = ?2 WHERE run_id = ?1",
        {request.run_id, now});
  }));
  return FindVersion(db, request.name, number);
}

Result<ModelVersion> ModelRegistry::GetVersion(const std::string& name, int64_t version) {
  std::lock_guard lock(connection_->mutex);
  return FindVersion(connection_->db, name, version);
}

Result<ModelVersion> ModelRegistry::GetByAlias(const std::string& name, const std::string& alias) {
  std::lock_guard lock(connection_->mutex);
  MP_ASSIGN_OR_RETURN(
      auto rows,
      connection_->db.Query("SELECT version FROM registry_aliases WHERE name = ?1 AND alias = ?2",
                            {name, alias}));
  if (rows.empty()) {
    return Fail(ErrorKind::kNotFound,
                "model '{}' has no alias '{}'; millpond models train trains it", name, alias);
  }
  return FindVersion(connection_->db, name, rows[0].Int(0));
}

Result<std::vector<ModelVersion>> ModelRegistry::ListVersions(const std::string& name) {
  std::lock_guard lock(connection_->mutex);
  MP_ASSIGN_OR_RETURN(auto rows, connection_->db.Query(
                                     fmt::format("SELECT {} FROM registry_versions WHERE name = ?1 "
                                                 "ORDER BY version DESC",
                                                 kVersionColumns),
                                     {name}));
  std::vector<ModelVersion> versions;
  for (const auto& row : rows) {
    MP_ASSIGN_OR_RETURN(auto version, CompleteVersion(connection_->db, row));
    versions.push_back(std::move(version));
  }
  return versions;
}

Result<std::vector<RegisteredModel>> ModelRegistry::ListModels() {
  std::lock_guard lock(connection_->mutex);
  std::vector<RegisteredModel> models;
  MP_RETURN_IF_ERROR(connection_->db.Execute(
      "SELECT m.name, m.description, m.creation_time, m.last_update_time, "
      "coalesce((SELECT max(version) FROM registry_versions v WHERE v.name = m.name), 0) "
      "FROM registry_models m ORDER BY m.name",
      {}, [&](const SqliteRow& row) -> Status {
        models.push_back({row.Text(0), row.Text(1), row.Int(2), row.Int(3), row.Int(4)});
        return OkStatus();
      }));
  return models;
}

Status ModelRegistry::SetAlias(const std::string& name, const std::string& alias, int64_t version,
                               const std::string& principal) {
  std::lock_guard lock(connection_->mutex);
  SqliteDatabase& db = connection_->db;
  return db.Transaction([&]() -> Status {
    MP_ASSIGN_OR_RETURN(auto found, FindVersion(db, name, version));
    return MoveAlias(db, {.at_ms = clock_.NowMillis(),
                          .principal = principal,
                          .model = found.name,
                          .alias = alias,
                          .to_version = version});
  });
}

Status ModelRegistry::SetVersionTag(const std::string& name, int64_t version, const Tag& tag) {
  MP_RETURN_IF_ERROR(CheckKey("tag", tag.key));
  std::lock_guard lock(connection_->mutex);
  SqliteDatabase& db = connection_->db;
  return db.Transaction([&]() -> Status {
    MP_ASSIGN_OR_RETURN(auto found, FindVersion(db, name, version));
    return db.Execute("INSERT OR REPLACE INTO registry_version_tags VALUES (?1, ?2, ?3, ?4)",
                      {found.name, version, tag.key, tag.value});
  });
}

Result<std::vector<RegistryAudit>> ModelRegistry::History(const std::string& name) {
  std::lock_guard lock(connection_->mutex);
  std::vector<RegistryAudit> history;
  MP_RETURN_IF_ERROR(connection_->db.Execute(
      "SELECT at, principal, action, model, alias, from_version, to_version FROM registry_audit "
      "WHERE model = ?1 ORDER BY id DESC",
      {name}, [&](const SqliteRow& row) -> Status {
        history.push_back({row.Int(0), row.Text(1), row.Text(2), row.Text(3), row.Text(4),
                           row.Int(5), row.Int(6)});
        return OkStatus();
      }));
  return history;
}

}  // namespace millpond::platform
