#include "platform/tracking/registry_rows_internal.h"

#include "platform/tracking/artifact_uri.h"

namespace millpond::platform {

ModelVersion VersionOf(const SqliteRow& row, const std::string& root) {
  return {.name = row.Text(0),
          .version = row.Int(1),
          .run_id = row.Text(2),
          .source = ArtifactFolder(root, row.Text(3)),
          .description = row.Text(4),
          .creation_time_ms = row.Int(5),
          .last_update_time_ms = row.Int(6),
          .source_uri = row.Text(7),
          .run_link = row.Text(8),
          .model_id = row.Text(9),
          .user_id = row.Text(10)};
}

RegisteredModel ModelOf(const SqliteRow& row) {
  return {.name = row.Text(0),
          .description = row.Text(1),
          .creation_time_ms = row.Int(2),
          .last_update_time_ms = row.Int(3),
          .latest_version = row.Int(4)};
}

Status CompleteVersion(SqliteDatabase& db, ModelVersion& version) {
  const std::vector<SqliteValue> key = {version.name, version.version};
  MP_RETURN_IF_ERROR(
      db.Execute("SELECT key, value FROM registry_version_tags WHERE name = ?1 AND version = ?2 "
                 "ORDER BY key",
                 key, [&](const SqliteRow& tag) -> Status {
                   version.tags.push_back({tag.Text(0), tag.Text(1)});
                   return OkStatus();
                 }));
  return db.Execute(
      "SELECT alias FROM registry_aliases WHERE name = ?1 AND version = ?2 ORDER BY 1", key,
      [&](const SqliteRow& alias) -> Status {
        version.aliases.push_back(alias.Text(0));
        return OkStatus();
      });
}

Status CompleteModel(SqliteDatabase& db, RegisteredModel& model) {
  MP_RETURN_IF_ERROR(
      ReadPairs(db, "SELECT key, value FROM registry_model_tags WHERE name = ?1 ORDER BY key",
                model.name, model.tags));
  return db.Execute("SELECT alias, version FROM registry_aliases WHERE name = ?1 ORDER BY 1",
                    {model.name}, [&](const SqliteRow& row) -> Status {
                      model.aliases.push_back({row.Text(0), row.Int(1)});
                      return OkStatus();
                    });
}

Result<ModelVersion> FindVersion(SqliteDatabase& db, const std::string& root,
                                 const std::string& name, int64_t number) {
  MP_ASSIGN_OR_RETURN(auto rows, db.Query(fmt::format("SELECT {} FROM registry_versions v WHERE "
                                                      "name = ?1 AND version = ?2 AND deleted = 0",
                                                      kVersionColumns),
                                          {name, number}));
  if (rows.empty()) {
    return Fail(ErrorKind::kNotFound, "Model Version (name={}, version={}) not found", name,
                number);
  }
  ModelVersion version = VersionOf(rows[0], root);
  MP_RETURN_IF_ERROR(CompleteVersion(db, version));
  return version;
}

Result<RegisteredModel> FindModel(SqliteDatabase& db, const std::string& name) {
  MP_ASSIGN_OR_RETURN(
      auto rows,
      db.Query(fmt::format("SELECT {} FROM registry_models m WHERE name = ?1", kModelColumns),
               {name}));
  if (rows.empty()) {
    return Fail(ErrorKind::kNotFound, "Registered Model with name={} not found", name);
  }
  RegisteredModel model = ModelOf(rows[0]);
  MP_RETURN_IF_ERROR(CompleteModel(db, model));
  return model;
}

Status WriteAudit(SqliteDatabase& db, const RegistryAudit& audit) {
  return db.Execute(
      "INSERT INTO registry_audit (at, principal, action, model, alias, from_version, to_version, "
      "detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
      {audit.at_ms, audit.principal, audit.action, audit.model, audit.alias, audit.from_version,
       audit.to_version, audit.detail});
}

Result<int64_t> MoveAlias(SqliteDatabase& db, RegistryAudit audit) {
  MP_ASSIGN_OR_RETURN(
      auto before, db.Query("SELECT version FROM registry_aliases WHERE name = ?1 AND alias = ?2",
                            {audit.model, audit.alias}));
  audit.from_version = before.empty() ? 0 : before[0].Int(0);
  if (audit.action.empty()) audit.action = "set_alias";
  MP_RETURN_IF_ERROR(
      db.Execute("INSERT OR REPLACE INTO registry_aliases (name, alias, version) "
                 "VALUES (?1, ?2, ?3)",
                 {audit.model, audit.alias, audit.to_version}));
  MP_RETURN_IF_ERROR(WriteAudit(db, audit));
  return audit.from_version;
}

Status TouchModel(SqliteDatabase& db, const std::string& name, int64_t now) {
  return db.Execute("UPDATE registry_models SET last_update_time = ?2 WHERE name = ?1",
                    {name, now});
}

Status TouchVersion(SqliteDatabase& db, const std::string& name, int64_t version, int64_t now) {
  return db.Execute(
      "UPDATE registry_versions SET last_update_time = ?3 WHERE name = ?1 AND version = ?2",
      {name, version, now});
}

}  // namespace millpond::platform
