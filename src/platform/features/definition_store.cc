#include "platform/features/definition_store.h"

#include "base/json.h"

namespace millpond::platform {
namespace {

const std::vector<std::string>& Migrations() {
  static const std::vector<std::string> scripts = {R"(
CREATE TABLE feature_views (
  name TEXT NOT NULL COLLATE NOCASE,
  version INTEGER NOT NULL,
  text TEXT NOT NULL,
  file TEXT NOT NULL,
  canonical TEXT NOT NULL,
  source TEXT NOT NULL,
  entity TEXT NOT NULL,      -- a JSON array of column names
  timestamp_column TEXT NOT NULL,
  settle_us INTEGER NOT NULL,
  created_us INTEGER NOT NULL,
  PRIMARY KEY (name, version));
CREATE TABLE feature_columns (
  view TEXT NOT NULL COLLATE NOCASE,
  version INTEGER NOT NULL,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  type TEXT NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (view, version, position));
CREATE TABLE feature_live_versions (
  view TEXT NOT NULL COLLATE NOCASE,
  table_id TEXT NOT NULL,
  source TEXT NOT NULL,
  version INTEGER NOT NULL,
  commit_us INTEGER NOT NULL,
  deployed_us INTEGER NOT NULL,
  PRIMARY KEY (view, table_id));
)",
                                                   R"(
CREATE TABLE feature_late_commits (
  view TEXT NOT NULL COLLATE NOCASE,
  table_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  stamp_us INTEGER NOT NULL,
  seen_us INTEGER NOT NULL,
  settle_us INTEGER NOT NULL,
  all_entities INTEGER NOT NULL,
  PRIMARY KEY (view, table_id, version));
CREATE TABLE feature_late_entities (
  view TEXT NOT NULL COLLATE NOCASE,
  table_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  entity TEXT NOT NULL,      -- canonical bytes in hexadecimal digits
  PRIMARY KEY (view, table_id, version, entity));
)"};
  return scripts;
}

constexpr const char* kNewest =
    "version = (SELECT max(version) FROM feature_views AS o WHERE o.name = v.name)";

}  // namespace

Result<std::unique_ptr<DefinitionStore>> DefinitionStore::Open(const std::string& meta_path) {
  MP_ASSIGN_OR_RETURN(SqliteDatabase database, SqliteDatabase::Open(meta_path));
  MP_RETURN_IF_ERROR(database.Migrate("features", Migrations()));
  return std::unique_ptr<DefinitionStore>(new DefinitionStore(std::move(database)));
}

Result<std::vector<FeatureView>> DefinitionStore::Read(const std::string& where,
                                                       const std::vector<SqliteValue>& parameters) {
  std::vector<FeatureView> views;
  MP_ASSIGN_OR_RETURN(
      auto rows,
      database_.Query("SELECT name, version, text, file, canonical, source, entity, "
                      "timestamp_column, settle_us, created_us FROM feature_views AS v WHERE " +
                          where + " ORDER BY name",
                      parameters));
  for (const SqliteRow& row : rows) {
    FeatureView view{.name = row.Text(0),
                     .version = row.Int(1),
                     .text = row.Text(2),
                     .file = row.Text(3),
                     .canonical = row.Text(4),
                     .source = row.Text(5),
                     .entity = {},
                     .timestamp = row.Text(7),
                     .settle = row.Int(8),
                     .columns = {},
                     .created_at = row.Int(9)};
    MP_ASSIGN_OR_RETURN(Json entity, ParseJson(row.Text(6), "feature_views.entity in meta.db"));
    for (const auto& column : entity) view.entity.push_back(column.get<std::string>());
    MP_ASSIGN_OR_RETURN(
        auto columns,
        database_.Query("SELECT name, type, hash FROM feature_columns WHERE view = ?1 AND version "
                        "= ?2 ORDER BY position",
                        {view.name, view.version}));
    for (const SqliteRow& column : columns) {
      view.columns.push_back({column.Text(0), column.Text(1), column.Text(2)});
    }
    views.push_back(std::move(view));
  }
  return views;
}

Status DefinitionStore::Insert(const FeatureView& view) {
  Json entity = Json::array();
  for (const std::string& column : view.entity) entity.push_back(column);
  MP_RETURN_IF_ERROR(database_.Execute(
      "INSERT INTO feature_views VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
      {view.name, view.version, view.text, view.file, view.canonical, view.source, DumpJson(entity),
       view.timestamp, view.settle, view.created_at}));
  for (size_t i = 0; i < view.columns.size(); ++i) {
    const FeatureColumn& column = view.columns[i];
    MP_RETURN_IF_ERROR(database_.Execute(
        "INSERT INTO feature_columns VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        {view.name, view.version, static_cast<int64_t>(i), column.name, column.type, column.hash}));
  }
  return OkStatus();
}

Result<DefinitionStore::PutOutcome> DefinitionStore::Put(FeatureView& view, bool replace) {
  std::lock_guard lock(mutex_);
  PutOutcome outcome = PutOutcome::kCreated;
  MP_RETURN_IF_ERROR(database_.Transaction([&]() -> Status {
    MP_ASSIGN_OR_RETURN(auto stored, Read(std::string("name = ?1 AND ") + kNewest, {view.name}));
    view.version = 1;
    if (!stored.empty()) {
      const FeatureView& old = stored.front();
      view.name = old.name;
      view.version = old.version;
      if (old.canonical == view.canonical) {
        outcome = PutOutcome::kUnchanged;
        view.created_at = old.created_at;
        return database_.Execute(
            "UPDATE feature_views SET text = ?3, file = ?4 WHERE name = ?1 AND version = ?2 AND "
            "(text <> ?3 OR file <> ?4)",
            {view.name, view.version, view.text, view.file});
      }
      if (!replace) {
        return Fail(ErrorKind::kAlreadyExists,
                    "feature view {} exists with another definition: write CREATE OR REPLACE "
                    "FEATURE VIEW to make version {} of it",
                    old.name, old.version + 1);
      }
      outcome = PutOutcome::kReplaced;
      view.version = old.version + 1;
    }
    return Insert(view);
  }));
  return outcome;
}

Result<std::optional<FeatureView>> DefinitionStore::Find(const std::string& name) {
  std::lock_guard lock(mutex_);
  MP_ASSIGN_OR_RETURN(auto views, Read(std::string("name = ?1 AND ") + kNewest, {name}));
  if (views.empty()) return std::nullopt;
  return std::move(views.front());
}

Result<std::vector<FeatureView>> DefinitionStore::List() {
  std::lock_guard lock(mutex_);
  return Read(kNewest, {});
}

Result<DefinitionStore::Recorded> DefinitionStore::RecordLive(const LiveVersion& live) {
  {
    std::lock_guard lock(mutex_);
    MP_RETURN_IF_ERROR(database_.Execute(
        "INSERT INTO feature_live_versions VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
        {live.view, live.table_id, live.source, live.version, live.commit_time, live.deployed_at}));
    if (database_.changes() == 1) return Recorded{live, false};
  }
  MP_ASSIGN_OR_RETURN(auto stored, Live(live.view, live.table_id));
  if (!stored) {
    return Fail(ErrorKind::kInternal, "the live version of {} was not written", live.view);
  }
  return Recorded{std::move(*stored), true};
}

Result<std::optional<LiveVersion>> DefinitionStore::Live(const std::string& view,
                                                         const std::string& table_id) {
  std::lock_guard lock(mutex_);
  MP_ASSIGN_OR_RETURN(auto rows,
                      database_.Query("SELECT view, source, table_id, version, commit_us, "
                                      "deployed_us FROM feature_live_versions WHERE view = ?1 AND "
                                      "table_id = ?2",
                                      {view, table_id}));
  if (rows.empty()) return std::nullopt;
  const SqliteRow& row = rows.front();
  return LiveVersion{row.Text(0), row.Text(1), row.Text(2), row.Int(3), row.Int(4), row.Int(5)};
}

namespace {

std::string ToHex(std::string_view bytes) {
  std::string text;
  for (char byte : bytes) text += fmt::format("{:02x}", static_cast<uint8_t>(byte));
  return text;
}

std::string FromHex(std::string_view text) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<char>(digit(text[i]) << 4 | digit(text[i + 1])));
  }
  return bytes;
}

}  // namespace

Status DefinitionStore::RecordLate(const LateCommit& late) {
  std::lock_guard lock(mutex_);
  return database_.Transaction([&]() -> Status {
    MP_RETURN_IF_ERROR(database_.Execute(
        "INSERT INTO feature_late_commits VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO "
        "NOTHING",
        {late.view, late.table_id, late.version, late.stamp, late.seen, late.settle,
         int64_t{late.all_entities}}));
    if (database_.changes() == 0) return OkStatus();
    for (const std::string& entity : late.entities) {
      MP_RETURN_IF_ERROR(
          database_.Execute("INSERT INTO feature_late_entities VALUES (?1, ?2, ?3, ?4)",
                            {late.view, late.table_id, late.version, ToHex(entity)}));
    }
    return OkStatus();
  });
}

Result<std::vector<LateCommit>> DefinitionStore::LateCommits(const std::string& view, Micros from,
                                                             Micros to) {
  std::lock_guard lock(mutex_);
  MP_ASSIGN_OR_RETURN(
      auto rows, database_.Query("SELECT view, table_id, version, stamp_us, seen_us, settle_us, "
                                 "all_entities FROM feature_late_commits WHERE view = ?1 AND "
                                 "stamp_us + settle_us <= ?3 AND seen_us >= ?2 ORDER BY 2, 3",
                                 {view, from, to}));
  std::vector<LateCommit> commits;
  for (const SqliteRow& row : rows) {
    LateCommit late{.view = row.Text(0),
                    .table_id = row.Text(1),
                    .version = row.Int(2),
                    .stamp = row.Int(3),
                    .seen = row.Int(4),
                    .settle = row.Int(5),
                    .all_entities = row.Int(6) != 0,
                    .entities = {}};
    MP_ASSIGN_OR_RETURN(auto entities,
                        database_.Query("SELECT entity FROM feature_late_entities WHERE view = ?1 "
                                        "AND table_id = ?2 AND version = ?3",
                                        {late.view, late.table_id, late.version}));
    for (const SqliteRow& entity : entities) late.entities.insert(FromHex(entity.Text(0)));
    commits.push_back(std::move(late));
  }
  return commits;
}

}  // namespace millpond::platform
