#include "data/catalog/commit_record_store.h"

namespace millpond::data {
namespace {

constexpr const char* kColumns =
    "position, table_id, catalog, schema, name, version, commit_time, operation";

CommitRecord ToRecord(const SqliteRow& row) {
  return {row.Int(0), row.Text(1), {row.Text(2), row.Text(3), row.Text(4)},
          row.Int(5), row.Int(6),  row.Text(7)};
}

std::vector<CommitRecord> ToRecords(const std::vector<SqliteRow>& rows) {
  std::vector<CommitRecord> records;
  for (const auto& row : rows) records.push_back(ToRecord(row));
  return records;
}

}  // namespace

Result<std::vector<CommitRecord>> CommitRecordStore::Insert(
    const std::vector<CommitRecord>& records) {
  std::vector<CommitRecord> added;
  std::lock_guard lock(mutex_);
  MP_RETURN_IF_ERROR(db_.Transaction([&]() -> Status {
    for (const auto& record : records) {
      MP_RETURN_IF_ERROR(
          db_.Execute("INSERT OR IGNORE INTO commits (table_id, catalog, schema, name, version, "
                      "commit_time, operation) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                      {record.table_id, record.table.catalog, record.table.schema,
                       record.table.table, record.version, record.commit_time, record.operation}));
      if (db_.changes() == 0) continue;
      added.push_back(record);
      added.back().position = db_.last_insert_rowid();
    }
    return OkStatus();
  }));
  return added;
}

Result<std::vector<CommitRecord>> CommitRecordStore::Since(int64_t position, int limit) {
  std::lock_guard lock(mutex_);
  MP_ASSIGN_OR_RETURN(
      auto rows,
      db_.Query(fmt::format("SELECT {} FROM commits WHERE position > ?1 ORDER BY position LIMIT ?2",
                            kColumns),
                {position, int64_t{limit <= 0 ? -1 : limit}}));
  return ToRecords(rows);
}

Result<std::optional<int64_t>> CommitRecordStore::NewestVersion(const std::string& table_id) {
  std::lock_guard lock(mutex_);
  MP_ASSIGN_OR_RETURN(
      auto rows, db_.Query("SELECT max(version) FROM commits WHERE table_id = ?1", {table_id}));
  if (rows.empty() || rows[0].IsNull(0)) return std::nullopt;
  return rows[0].Int(0);
}

Result<std::optional<CommitRecord>> CommitRecordStore::NewestOf(const TableName& table) {
  std::lock_guard lock(mutex_);
  MP_ASSIGN_OR_RETURN(auto rows, db_.Query(fmt::format("SELECT {} FROM commits WHERE catalog = ?1 "
                                                       "AND schema = ?2 AND name = ?3 ORDER BY "
                                                       "position DESC LIMIT 1",
                                                       kColumns),
                                           {table.catalog, table.schema, table.table}));
  if (rows.empty()) return std::nullopt;
  return ToRecord(rows[0]);
}

}  // namespace millpond::data
