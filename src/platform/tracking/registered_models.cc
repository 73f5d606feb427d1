// Registered models and their tags.
#include "platform/tracking/model_registry.h"
#include "platform/tracking/registry_rows_internal.h"
#include "platform/tracking/tracking_rules.h"

namespace millpond::platform {

namespace {

constexpr std::string_view kTablesByName[] = {"registry_versions", "registry_version_tags",
                                              "registry_model_tags", "registry_aliases"};

Status FailTaken(const std::string& name) {
  return Fail(ErrorKind::kAlreadyExists, "Registered Model (name={}) already exists.", name);
}

Result<bool> HasModel(SqliteDatabase& db, const std::string& name) {
  MP_ASSIGN_OR_RETURN(auto rows, db.Query("SELECT 1 FROM registry_models WHERE name = ?1", {name}));
  return !rows.empty();
}

Status SetTagOfModel(SqliteDatabase& db, const std::string& name, const Tag& tag) {
  return db.Execute("INSERT OR REPLACE INTO registry_model_tags VALUES (?1, ?2, ?3)",
                    {name, tag.key, tag.value});
}

}  // namespace

Result<RegisteredModel> ModelRegistry::CreateModel(const std::string& name,
                                                   const std::vector<Tag>& tags,
                                                   const std::string& description,
                                                   const std::string& principal) {
  MP_RETURN_IF_ERROR(CheckModelName(name));
  for (const auto& tag : tags) MP_RETURN_IF_ERROR(CheckTag(tag, "", kMaxRegistryTagLength));
  const int64_t now = clock_.NowMillis();
  return Change([&](SqliteDatabase& db) -> Result<RegisteredModel> {
    MP_ASSIGN_OR_RETURN(const bool taken, HasModel(db, name));
    if (taken) return std::unexpected<Error>(FailTaken(name).error());
    MP_RETURN_IF_ERROR(db.Execute("INSERT INTO registry_models VALUES (?1, ?2, ?3, ?3)",
                                  {name, description, now}));
    for (const auto& tag : tags) MP_RETURN_IF_ERROR(SetTagOfModel(db, name, tag));
    MP_RETURN_IF_ERROR(WriteAudit(
        db, {.at_ms = now, .principal = principal, .action = "create_model", .model = name}));
    return FindModel(db, name);
  });
}

Result<RegisteredModel> ModelRegistry::GetModel(const std::string& name) {
  MP_RETURN_IF_ERROR(CheckModelName(name));
  return connection_->Read([&](SqliteDatabase& db) { return FindModel(db, name); });
}

Result<std::vector<RegisteredModel>> ModelRegistry::ListModels() {
  return connection_->Read([&](SqliteDatabase& db) -> Result<std::vector<RegisteredModel>> {
    std::vector<RegisteredModel> models;
    MP_RETURN_IF_ERROR(
        db.Execute(fmt::format("SELECT {} FROM registry_models m ORDER BY m.name", kModelColumns),
                   {}, [&](const SqliteRow& row) -> Status {
                     models.push_back(ModelOf(row));
                     return CompleteModel(db, models.back());
                   }));
    return models;
  });
}

Result<RegisteredModel> ModelRegistry::DescribeModel(const std::string& name,
                                                     const std::string& description) {
  MP_RETURN_IF_ERROR(CheckModelName(name));
  const int64_t now = clock_.NowMillis();
  return connection_->Write([&](SqliteDatabase& db) -> Result<RegisteredModel> {
    MP_RETURN_IF_ERROR(
        db.Execute("UPDATE registry_models SET description = ?2, "
                   "last_update_time = ?3 WHERE name = ?1",
                   {name, description, now}));
    return FindModel(db, name);
  });
}

Result<RegisteredModel> ModelRegistry::RenameModel(const std::string& name,
                                                   const std::string& new_name,
                                                   const std::string& principal) {
  MP_RETURN_IF_ERROR(CheckModelName(name));
  MP_RETURN_IF_ERROR(CheckModelName(new_name));
  const int64_t now = clock_.NowMillis();
  return Change([&](SqliteDatabase& db) -> Result<RegisteredModel> {
    MP_ASSIGN_OR_RETURN(auto model, FindModel(db, name));
    if (name == new_name) return model;
    MP_ASSIGN_OR_RETURN(const bool taken, HasModel(db, new_name));
    if (taken) return std::unexpected<Error>(FailTaken(new_name).error());
    // Versions refer to the model's row, which gets its new name last.
    MP_RETURN_IF_ERROR(db.Execute("PRAGMA defer_foreign_keys = ON"));
    for (const auto table : kTablesByName) {
      MP_RETURN_IF_ERROR(db.Execute(fmt::format("UPDATE {} SET name = ?2 WHERE name = ?1", table),
                                    {name, new_name}));
    }
    MP_RETURN_IF_ERROR(
        db.Execute("UPDATE registry_models SET name = ?2, last_update_time = ?3 WHERE name = ?1",
                   {name, new_name, now}));
    MP_RETURN_IF_ERROR(WriteAudit(db, {.at_ms = now,
                                       .principal = principal,
                                       .action = "rename_model",
                                       .model = new_name,
                                       .detail = name}));
    return FindModel(db, new_name);
  });
}

Status ModelRegistry::DeleteModel(const std::string& name, const std::string& principal) {
  MP_RETURN_IF_ERROR(CheckModelName(name));
  const int64_t now = clock_.NowMillis();
  return Change([&](SqliteDatabase& db) -> Status {
    MP_ASSIGN_OR_RETURN(auto model, FindModel(db, name));
    for (const auto& alias : model.aliases) {
      MP_RETURN_IF_ERROR(WriteAudit(db, {.at_ms = now,
                                         .principal = principal,
                                         .action = "delete_alias",
                                         .model = name,
                                         .alias = alias.alias,
                                         .from_version = alias.version}));
    }
    for (const auto table : kTablesByName) {
      MP_RETURN_IF_ERROR(db.Execute(fmt::format("DELETE FROM {} WHERE name = ?1", table), {name}));
    }
    MP_RETURN_IF_ERROR(db.Execute("DELETE FROM registry_models WHERE name = ?1", {name}));
    return WriteAudit(
        db, {.at_ms = now, .principal = principal, .action = "delete_model", .model = name});
  });
}

Status ModelRegistry::SetModelTag(const std::string& name, const Tag& tag) {
  MP_RETURN_IF_ERROR(CheckModelName(name));
  MP_RETURN_IF_ERROR(CheckTag(tag, "", kMaxRegistryTagLength));
  return connection_->Write([&](SqliteDatabase& db) -> Status {
    MP_ASSIGN_OR_RETURN([[maybe_unused]] auto model, FindModel(db, name));
    return SetTagOfModel(db, name, tag);
  });
}

Status ModelRegistry::DeleteModelTag(const std::string& name, const std::string& key) {
  MP_RETURN_IF_ERROR(CheckModelName(name));
  return connection_->Write([&](SqliteDatabase& db) -> Status {
    MP_ASSIGN_OR_RETURN([[maybe_unused]] auto model, FindModel(db, name));
    return db.Execute("DELETE FROM registry_model_tags WHERE name = ?1 AND key = ?2", {name, key});
  });
}

}  // namespace millpond::platform
