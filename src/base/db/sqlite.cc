#include "base/db/sqlite.h"

#include <sqlite3.h>

#include <chrono>
#include <filesystem>
#include <map>

namespace millpond {

int64_t SqliteRow::Int(size_t column) const {
  if (auto* v = std::get_if<int64_t>(&values_[column])) return *v;
  if (auto* v = std::get_if<double>(&values_[column])) return static_cast<int64_t>(*v);
  return 0;
}

double SqliteRow::Double(size_t column) const {
  if (auto* v = std::get_if<double>(&values_[column])) return *v;
  if (auto* v = std::get_if<int64_t>(&values_[column])) return static_cast<double>(*v);
  return 0;
}

std::string SqliteRow::Text(size_t column) const {
  if (auto* v = std::get_if<std::string>(&values_[column])) return *v;
  if (auto* v = std::get_if<int64_t>(&values_[column])) return fmt::format("{}", *v);
  if (auto* v = std::get_if<double>(&values_[column])) return fmt::format("{}", *v);
  return "";
}

namespace {

// What the person at the machine can do about it.
std::string_view RemedyFor(int code) {
  switch (code) {
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return "; make the file and its folder writable for this user";
    case SQLITE_FULL:
      return "; free some space on the disk and run it again";
    default:
      return "";
  }
}

}  // namespace

struct SqliteDatabase::Impl {
  std::string path;
  bool read_only = false;
  sqlite3* handle = nullptr;
  std::chrono::milliseconds busy_timeout{0};
  std::chrono::steady_clock::time_point busy_since;

  // SQLite calls it while somebody else holds the lock. SQLite's own handler looks every 100 ms
  // in the end, and would miss the short pauses of a busy writer (group_commit.cc) for seconds.
  static int WaitForLock(void* self, int tries) {
    auto& impl = *static_cast<Impl*>(self);
    const auto now = std::chrono::steady_clock::now();
    if (tries == 0) impl.busy_since = now;
    if (now - impl.busy_since >= impl.busy_timeout) return 0;
    sqlite3_sleep(1);
    return 1;
  }
  // Prepared once, by text. Texts that are made from what a client sends are many: bounded.
  static constexpr size_t kMaxStatements = 256;
  std::map<std::string, sqlite3_stmt*, std::less<>> statements;

  ~Impl() {
    for (auto& [sql, statement] : statements) sqlite3_finalize(statement);
    sqlite3_close(handle);
  }

  std::unexpected<Error> Failed(std::string_view doing) const {
    ErrorKind kind = ErrorKind::kUnavailable;
    switch (sqlite3_errcode(handle) & 0xff) {
      case SQLITE_CONSTRAINT:
        kind = ErrorKind::kAlreadyExists;
        break;
      case SQLITE_CORRUPT:
      case SQLITE_NOTADB:
        kind = ErrorKind::kCorrupt;
        break;
      case SQLITE_FULL:
        kind = ErrorKind::kResourceExhausted;
        break;
      case SQLITE_ERROR:
      case SQLITE_RANGE:
      case SQLITE_MISUSE:
        kind = ErrorKind::kInternal;
        break;
      case SQLITE_READONLY:
      case SQLITE_PERM:
        kind = ErrorKind::kPermissionDenied;
        break;
    }
    return Fail(kind, "{}: {} failed: {}{}", path, doing, sqlite3_errmsg(handle),
                RemedyFor(sqlite3_errcode(handle) & 0xff));
  }

  Result<sqlite3_stmt*> Prepare(std::string_view sql) {
    if (auto it = statements.find(sql); it != statements.end()) return it->second;
    if (statements.size() >= kMaxStatements) {
      std::erase_if(statements, [](const auto& entry) {
        if (sqlite3_stmt_busy(entry.second)) return false;
        sqlite3_finalize(entry.second);
        return true;
      });
    }
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(handle, sql.data(), static_cast<int>(sql.size()), &statement, nullptr) !=
        SQLITE_OK) {
      return Failed(sql);
    }
    statements.emplace(sql, statement);
    return statement;
  }
};

SqliteDatabase::SqliteDatabase(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SqliteDatabase::SqliteDatabase(SqliteDatabase&&) noexcept = default;
SqliteDatabase& SqliteDatabase::operator=(SqliteDatabase&&) noexcept = default;
SqliteDatabase::~SqliteDatabase() = default;

Result<SqliteDatabase> SqliteDatabase::Open(const std::string& path, int busy_timeout_ms) {
  int code = SQLITE_OK;
  auto writable = OpenAs(path, busy_timeout_ms, false, &code);
  const bool cannot_write = code == SQLITE_READONLY || code == SQLITE_PERM ||
                            code == SQLITE_CANTOPEN || code == SQLITE_FULL || code == SQLITE_IOERR;
  if (!cannot_write || !std::filesystem::exists(path)) return writable;
  // Where nothing can be written (a read-only or full disk, another's folder) what is there can
  // still be read; whoever wants to write hears why not.
  auto readable = OpenAs(path, busy_timeout_ms, true, &code);
  return readable.has_value() ? std::move(readable) : std::move(writable);
}

Result<SqliteDatabase> SqliteDatabase::OpenAs(const std::string& path, int busy_timeout_ms,
                                              bool read_only, int* code) {
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  std::string name = path;
  if (read_only) {
    // "immutable": no lock and no shared memory beside the file, neither of which could be made.
    flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
    name = "file:";
    for (char c : path) {
      name += c == '%' || c == '?' || c == '#' ? fmt::format("%{:02x}", c) : std::string(1, c);
    }
    name += "?immutable=1";
  }
  *code = sqlite3_open_v2(name.c_str(), &impl->handle, flags, nullptr);
  if (*code != SQLITE_OK) return impl->Failed("open");
  impl->busy_timeout = std::chrono::milliseconds(busy_timeout_ms);
  sqlite3_busy_handler(impl->handle, &Impl::WaitForLock, impl.get());
  SqliteDatabase database(std::move(impl));
  // The pragma says nothing where the mode cannot be used: only a look at the file does.
  const std::string look = "SELECT count(*) FROM sqlite_schema;";
  Status set = database.ExecuteScript(
      read_only
          ? look
          : "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;" + look);
  *code = sqlite3_errcode(database.impl_->handle) & 0xff;
  MP_RETURN_IF_ERROR(set);
  database.impl_->read_only = sqlite3_db_readonly(database.impl_->handle, "main") == 1;
  return database;
}

bool SqliteDatabase::read_only() const {
  return impl_->read_only;
}

namespace {

void Bind(sqlite3_stmt* statement, int index, const SqliteValue& value) {
  if (auto* i = std::get_if<int64_t>(&value)) {
    sqlite3_bind_int64(statement, index, *i);
  } else if (auto* d = std::get_if<double>(&value)) {
    sqlite3_bind_double(statement, index, *d);
  } else if (auto* s = std::get_if<std::string>(&value)) {
    sqlite3_bind_text(statement, index, s->data(), static_cast<int>(s->size()), SQLITE_TRANSIENT);
  } else {
    sqlite3_bind_null(statement, index);
  }
}

SqliteRow ReadRow(sqlite3_stmt* statement) {
  std::vector<SqliteValue> values;
  for (int i = 0; i < sqlite3_column_count(statement); ++i) {
    switch (sqlite3_column_type(statement, i)) {
      case SQLITE_INTEGER:
        values.emplace_back(int64_t{sqlite3_column_int64(statement, i)});
        break;
      case SQLITE_FLOAT:
        values.emplace_back(sqlite3_column_double(statement, i));
        break;
      case SQLITE_NULL:
        values.emplace_back(std::monostate());
        break;
      default:
        values.emplace_back(std::string(static_cast<const char*>(sqlite3_column_blob(statement, i)),
                                        static_cast<size_t>(sqlite3_column_bytes(statement, i))));
    }
  }
  return SqliteRow(std::move(values));
}

}  // namespace

Status SqliteDatabase::Execute(std::string_view sql, const std::vector<SqliteValue>& parameters,
                               const std::function<Status(const SqliteRow&)>& on_row) {
  MP_ASSIGN_OR_RETURN(sqlite3_stmt * statement, impl_->Prepare(sql));
  for (size_t i = 0; i < parameters.size(); ++i) {
    Bind(statement, static_cast<int>(i) + 1, parameters[i]);
  }
  Status status = OkStatus();
  int code;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    if (on_row && !(status = on_row(ReadRow(statement))).has_value()) break;
  }
  if (status.has_value() && code != SQLITE_DONE) status = impl_->Failed(sql);
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  return status;
}

Result<std::vector<SqliteRow>> SqliteDatabase::Query(std::string_view sql,
                                                     const std::vector<SqliteValue>& parameters) {
  std::vector<SqliteRow> rows;
  MP_RETURN_IF_ERROR(Execute(sql, parameters, [&](const SqliteRow& row) {
    rows.push_back(row);
    return OkStatus();
  }));
  return rows;
}

Status SqliteDatabase::ExecuteScript(const std::string& sql) {
  if (sqlite3_exec(impl_->handle, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return impl_->Failed("script");
  }
  return OkStatus();
}

int64_t SqliteDatabase::changes() const {
  return sqlite3_changes(impl_->handle);
}
int64_t SqliteDatabase::last_insert_rowid() const {
  return sqlite3_last_insert_rowid(impl_->handle);
}
bool SqliteDatabase::in_transaction() const {
  return sqlite3_get_autocommit(impl_->handle) == 0;
}

Status SqliteDatabase::Transaction(const std::function<Status()>& body) {
  MP_RETURN_IF_ERROR(Execute("BEGIN IMMEDIATE"));
  Status status = body();
  if (status.has_value()) status = Execute("COMMIT");
  if (!status.has_value() && in_transaction()) {
    (void)Execute("ROLLBACK");  // the body's error is what the caller needs
  }
  return status;
}

Status SqliteDatabase::Migrate(const std::string& component,
                               const std::vector<std::string>& scripts) {
  MP_RETURN_IF_ERROR(Execute(
      "CREATE TABLE IF NOT EXISTS schema_versions (component TEXT PRIMARY KEY, version INTEGER)"));
  auto current_version = [&]() -> Result<size_t> {
    MP_ASSIGN_OR_RETURN(
        auto rows, Query("SELECT version FROM schema_versions WHERE component = ?1", {component}));
    return rows.empty() ? 0 : static_cast<size_t>(rows[0].Int(0));
  };
  MP_ASSIGN_OR_RETURN(size_t version, current_version());
  if (version > scripts.size()) {
    return Fail(
        ErrorKind::kUnsupported,
        "{} was written by a newer Millpond ({} schema {}, this program knows {}); use that one",
        impl_->path, component, version, scripts.size());
  }
  if (version == scripts.size()) return OkStatus();
  if (version > 0) {
    std::string backup = fmt::format("{}.{}-v{}.bak", impl_->path, component, version);
    std::error_code ignored;
    std::filesystem::remove(backup, ignored);  // of an earlier try that did not finish
    MP_RETURN_IF_ERROR(Execute("VACUUM INTO ?1", {backup}));
  }
  return Transaction([&]() -> Status {
    // Another process may have migrated between the look and the lock.
    MP_ASSIGN_OR_RETURN(size_t now, current_version());
    for (size_t v = now; v < scripts.size(); ++v) {
      MP_RETURN_IF_ERROR_CONTEXT(ExecuteScript(scripts[v]), "migration {} of {} in {}", v + 1,
                                 component, impl_->path);
    }
    return Execute("INSERT OR REPLACE INTO schema_versions VALUES (?1, ?2)",
                   {component, static_cast<int64_t>(scripts.size())});
  });
}

}  // namespace millpond
