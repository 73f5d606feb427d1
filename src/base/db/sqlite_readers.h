// Connections that only read. In WAL mode a reader sees the last commit and waits for no writer's
// fsync. Connections are opened when many read at once and a few are kept.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/db/sqlite.h"
#include "base/result.h"

namespace millpond {

class SqliteReaders {
 public:
  explicit SqliteReaders(std::string path) : path_(std::move(path)) {}

  // Runs `work` on one snapshot of the database; writing fails. Thread-safe, may be nested (a
  // nested read may see a later snapshot).
  Status Read(const std::function<Status(SqliteDatabase&)>& work);

 private:
  Result<SqliteDatabase> Take();
  void GiveBack(SqliteDatabase db);

  const std::string path_;
  std::mutex mutex_;
  std::vector<SqliteDatabase> idle_;
};

}  // namespace millpond
