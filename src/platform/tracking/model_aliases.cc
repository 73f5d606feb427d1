// Aliases: moving them, and moving them back.
#include <algorithm>
#include <cctype>
#include <limits>

#include "platform/tracking/model_registry.h"
#include "platform/tracking/registry_rows_internal.h"
#include "platform/tracking/tracking_rules.h"

namespace millpond::platform {

namespace {

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// The audit rows of a model, newest first, and before a rename those of its former name.
Result<std::vector<RegistryAudit>> ReadHistory(SqliteDatabase& db, const std::string& model) {
  std::vector<RegistryAudit> history;
  std::string name = model;
  int64_t before = std::numeric_limits<int64_t>::max();
  while (true) {
    std::string former;
    MP_ASSIGN_OR_RETURN(
        auto rows,
        db.Query("SELECT at, principal, action, model, alias, from_version, to_version, detail, id "
                 "FROM registry_audit WHERE model = ?1 AND id < ?2 ORDER BY id DESC",
                 {name, before}));
    for (const auto& row : rows) {
      history.push_back({row.Int(0), row.Text(1), row.Text(2), row.Text(3), row.Text(4), row.Int(5),
                         row.Int(6), row.Text(7)});
      before = row.Int(8);
      if (history.back().action == "rename_model") {
        former = history.back().detail;
        break;
      }
    }
    if (former.empty()) return history;
    name = former;
  }
}

// The versions an alias named, each undone move taken back, the present one last.
std::vector<int64_t> AliasStack(const std::vector<RegistryAudit>& newest_first,
                                const std::string& alias) {
  std::vector<int64_t> stack;
  for (auto audit = newest_first.rbegin(); audit != newest_first.rend(); ++audit) {
    // Another model may have had its name before.
    if (audit->action == "delete_model" || audit->action == "create_model") stack.clear();
    if (audit->alias != alias) continue;
    if (audit->action == "rollback") {
      while (!stack.empty() && stack.back() != audit->to_version) stack.pop_back();
      if (stack.empty()) stack.push_back(audit->to_version);
    } else if (audit->to_version != 0 && (stack.empty() || stack.back() != audit->to_version)) {
      stack.push_back(audit->to_version);
    }
  }
  return stack;
}

}  // namespace

Result<std::optional<RegistryAudit>> HoldOf(SqliteDatabase& db, const std::string& model,
                                            const std::string& alias) {
  MP_ASSIGN_OR_RETURN(auto history, ReadHistory(db, model));
  // What comes before belongs to another model that had the name.
  const auto made = std::ranges::find(history, "create_model", &RegistryAudit::action);
  history.erase(made, history.end());
  const auto moved = std::ranges::find(history, alias, &RegistryAudit::alias);
  if (moved == history.end() || moved->to_version == 0) return std::nullopt;
  for (auto older = moved + 1; older != history.end(); ++older) {
    if (older->action == "create_version" && older->to_version > moved->to_version) return *moved;
  }
  return std::nullopt;
}

Result<std::optional<RegistryAudit>> ModelRegistry::HeldBy(const std::string& name,
                                                           const std::string& alias) {
  return connection_->Read([&](SqliteDatabase& db) { return HoldOf(db, name, alias); });
}

Result<ModelVersion> ModelRegistry::GetByAlias(const std::string& name, const std::string& alias) {
  MP_RETURN_IF_ERROR(CheckModelName(name));
  MP_RETURN_IF_ERROR(CheckAliasName(alias));
  return connection_->Read([&](SqliteDatabase& db) -> Result<ModelVersion> {
    MP_ASSIGN_OR_RETURN(auto model, FindModel(db, name));
    int64_t version = 0;
    if (Lower(alias) == "latest") version = model.latest_version;
    for (const auto& each : model.aliases) {
      if (each.alias == alias) version = each.version;
    }
    if (version == 0) {
      return Fail(ErrorKind::kNotFound, "Registered model alias {} not found. (model '{}')", alias,
                  name);
    }
    return FindVersion(db, connection_->artifact_root, name, version);
  });
}

Status ModelRegistry::SetAlias(const std::string& name, const std::string& alias, int64_t version,
                               const std::string& principal) {
  MP_RETURN_IF_ERROR(CheckModelName(name));
  MP_RETURN_IF_ERROR(CheckAliasIsFree(alias));
  return Change([&](SqliteDatabase& db) -> Status {
    MP_ASSIGN_OR_RETURN([[maybe_unused]] auto found,
                        FindVersion(db, connection_->artifact_root, name, version));
    MP_ASSIGN_OR_RETURN([[maybe_unused]] auto before, MoveAlias(db, {.at_ms = clock_.NowMillis(),
                                                                     .principal = principal,
                                                                     .model = name,
                                                                     .alias = alias,
                                                                     .to_version = version}));
    return OkStatus();
  });
}

Status ModelRegistry::DeleteAlias(const std::string& name, const std::string& alias,
                                  const std::string& principal) {
  MP_RETURN_IF_ERROR(CheckModelName(name));
  MP_RETURN_IF_ERROR(CheckAliasName(alias));
  return Change([&](SqliteDatabase& db) -> Status {
    MP_ASSIGN_OR_RETURN(auto model, FindModel(db, name));
    for (const auto& each : model.aliases) {
      if (each.alias != alias) continue;
      MP_RETURN_IF_ERROR(
          db.Execute("DELETE FROM registry_aliases WHERE name = ?1 AND alias = ?2", {name, alias}));
      return WriteAudit(db, {.at_ms = clock_.NowMillis(),
                             .principal = principal,
                             .action = "delete_alias",
                             .model = name,
                             .alias = alias,
                             .from_version = each.version});
    }
    return OkStatus();
  });
}

Result<ModelRegistry::Move> ModelRegistry::Promote(const std::string& name,
                                                   const std::string& alias, int64_t version,
                                                   const std::string& principal) {
  MP_RETURN_IF_ERROR(CheckModelName(name));
  MP_RETURN_IF_ERROR(CheckAliasIsFree(alias));
  return Change([&](SqliteDatabase& db) -> Result<Move> {
    MP_ASSIGN_OR_RETURN([[maybe_unused]] auto found,
                        FindVersion(db, connection_->artifact_root, name, version));
    MP_ASSIGN_OR_RETURN(int64_t from, MoveAlias(db, {.at_ms = clock_.NowMillis(),
                                                     .principal = principal,
                                                     .action = "promote",
                                                     .model = name,
                                                     .alias = alias,
                                                     .to_version = version}));
    return Move{from, version};
  });
}

Result<ModelRegistry::Move> ModelRegistry::Rollback(const std::string& name,
                                                    const std::string& alias,
                                                    const std::string& principal) {
  MP_RETURN_IF_ERROR(CheckModelName(name));
  MP_RETURN_IF_ERROR(CheckAliasName(alias));
  return Change([&](SqliteDatabase& db) -> Result<Move> {
    MP_ASSIGN_OR_RETURN([[maybe_unused]] auto model, FindModel(db, name));
    MP_ASSIGN_OR_RETURN(const auto history, ReadHistory(db, name));
    MP_ASSIGN_OR_RETURN(
        auto rows, db.Query("SELECT version FROM registry_aliases WHERE name = ?1 AND alias = ?2",
                            {name, alias}));
    const int64_t present = rows.empty() ? 0 : rows[0].Int(0);
    std::vector<int64_t> stack = AliasStack(history, alias);
    if (!stack.empty() && stack.back() == present) stack.pop_back();
    for (auto version = stack.rbegin(); version != stack.rend(); ++version) {
      const auto found = FindVersion(db, connection_->artifact_root, name, *version);
      if (!found && found.error().kind() == ErrorKind::kNotFound) continue;  // deleted since
      if (!found) return std::unexpected<Error>(found.error());
      MP_ASSIGN_OR_RETURN(int64_t from, MoveAlias(db, {.at_ms = clock_.NowMillis(),
                                                       .principal = principal,
                                                       .action = "rollback",
                                                       .model = name,
                                                       .alias = alias,
                                                       .to_version = *version}));
      return Move{from, *version};
    }
    return Fail(ErrorKind::kNotFound,
                "alias '{}' of model '{}' named no other version before {}; millpond models "
                "promote {} VERSION sets it",
                alias, name, present == 0 ? "it was removed" : fmt::format("version {}", present),
                name);
  });
}

Result<std::vector<RegistryAudit>> ModelRegistry::History(const std::string& name) {
  return connection_->Read([&](SqliteDatabase& db) { return ReadHistory(db, name); });
}

}  // namespace millpond::platform
