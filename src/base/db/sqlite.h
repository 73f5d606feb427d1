// SQLite behind Result: one connection, prepared statements, transactions. Every database that
// Millpond keeps is opened in WAL mode with synchronous=FULL: what was committed survives a kill
// and a power cut. Not thread-safe; a caller that shares a connection locks it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace millpond {

// std::monostate is NULL.
using SqliteValue = std::variant<std::monostate, int64_t, double, std::string>;

class SqliteRow {
 public:
  explicit SqliteRow(std::vector<SqliteValue> values) : values_(std::move(values)) {}
  size_t size() const { return values_.size(); }
  bool IsNull(size_t column) const { return values_[column].index() == 0; }
  int64_t Int(size_t column) const;       // 0 for NULL
  double Double(size_t column) const;     // 0 for NULL
  std::string Text(size_t column) const;  // "" for NULL

 private:
  std::vector<SqliteValue> values_;
};

class SqliteDatabase {
 public:
  // Makes the file if it is missing. busy_timeout_ms: how long to wait for another process's lock.
  // Where the file is there but nothing can be written, it is opened for reading: read_only().
  static Result<SqliteDatabase> Open(const std::string& path, int busy_timeout_ms = 30'000);
  SqliteDatabase(SqliteDatabase&&) noexcept;
  SqliteDatabase& operator=(SqliteDatabase&&) noexcept;
  ~SqliteDatabase();

  // Runs one statement with parameters ?1, ?2, …; rows go to the callback if there is one.
  Status Execute(std::string_view sql, const std::vector<SqliteValue>& parameters = {},
                 const std::function<Status(const SqliteRow&)>& on_row = nullptr);
  Result<std::vector<SqliteRow>> Query(std::string_view sql,
                                       const std::vector<SqliteValue>& parameters = {});
  // Runs a script of several statements without parameters.
  Status ExecuteScript(const std::string& sql);

  bool read_only() const;
  int64_t changes() const;  // rows changed by the last statement
  int64_t last_insert_rowid() const;
  // False also after SQLite gave up a transaction by itself (a full disk, an I/O error).
  bool in_transaction() const;

  // BEGIN IMMEDIATE … COMMIT around `body`; rolls back if it fails.
  Status Transaction(const std::function<Status()>& body);

  // Brings the tables of one component ("catalog", "tracking", …) to scripts.size(): applies
  // scripts[n..] to a file that holds version n of them, all in one transaction, after a copy of
  // the file beside it ("<path>.<component>-v<n>.bak") if it held an older version. A newer one is
  // refused.
  Status Migrate(const std::string& component, const std::vector<std::string>& scripts);

 private:
  struct Impl;
  explicit SqliteDatabase(std::unique_ptr<Impl> impl);
  // `code`: SQLite's own, for Open to decide by.
  static Result<SqliteDatabase> OpenAs(const std::string& path, int busy_timeout_ms, bool read_only,
                                       int* code);
  std::unique_ptr<Impl> impl_;
};

}  // namespace millpond
