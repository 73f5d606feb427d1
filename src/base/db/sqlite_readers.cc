#include "base/db/sqlite_readers.h"

namespace millpond {

namespace {

constexpr size_t kKept = 8;

}  // namespace

Result<SqliteDatabase> SqliteReaders::Take() {
  {
    std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      SqliteDatabase db = std::move(idle_.back());
      idle_.pop_back();
      return db;
    }
  }
  MP_ASSIGN_OR_RETURN(auto db, SqliteDatabase::Open(path_));
  MP_RETURN_IF_ERROR(db.Execute("PRAGMA query_only = ON"));
  return db;
}

void SqliteReaders::GiveBack(SqliteDatabase db) {
  std::lock_guard lock(mutex_);
  if (idle_.size() < kKept) idle_.push_back(std::move(db));
}

Status SqliteReaders::Read(const std::function<Status(SqliteDatabase&)>& work) {
  MP_ASSIGN_OR_RETURN(auto db, Take());
  MP_RETURN_IF_ERROR(db.Execute("BEGIN"));
  Status status = work(db);
  Status ended = OkStatus();
  if (db.in_transaction()) ended = db.Execute("COMMIT");
  if (ended.has_value()) GiveBack(std::move(db));
  return status;
}

}  // namespace millpond
