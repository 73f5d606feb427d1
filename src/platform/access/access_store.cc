#include "platform/access/access_store.h"

#include <algorithm>

#include "base/password.h"
#include "base/sha256.h"

namespace millpond::platform {
namespace {

constexpr Micros kSessionLifetime = 12 * kMicrosPerHour;
constexpr size_t kLeastPassword = 8;
constexpr size_t kMostName = 256;

const std::vector<std::string>& Migrations() {
  static const std::vector<std::string> scripts = {R"(
CREATE TABLE access_users (
  name TEXT PRIMARY KEY NOT NULL,
  password_hash TEXT NOT NULL,
  created_us INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE access_tokens (
  id TEXT PRIMARY KEY NOT NULL,
  digest TEXT NOT NULL UNIQUE,
  principal TEXT NOT NULL,
  purpose TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  expires_us INTEGER NOT NULL) WITHOUT ROWID;
)"};
  return scripts;
}

Status CheckName(const std::string& name) {
  const bool plain = std::ranges::none_of(
      name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (!name.empty() && name.size() <= kMostName && plain) return OkStatus();
  return Fail(ErrorKind::kInvalidArgument,
              "the name of a user or service has 1 to {} characters and no control characters",
              kMostName);
}

std::string RandomHex(RandomSource& random, int words) {
  std::string text;
  for (int i = 0; i < words; ++i) text += fmt::format("{:016x}", random.Next());
  return text;
}

}  // namespace

Result<std::unique_ptr<AccessStore>> AccessStore::Open(const std::string& meta_path,
                                                       RandomSource& random, const Clock& clock) {
  MP_ASSIGN_OR_RETURN(SqliteDatabase db, SqliteDatabase::Open(meta_path));
  MP_RETURN_IF_ERROR(db.Migrate("access", Migrations()));
  return std::unique_ptr<AccessStore>(new AccessStore(std::move(db), random, clock));
}

Result<NewToken> AccessStore::Insert(const std::string& principal, Micros lifetime,
                                     const std::string& purpose) {
  NewToken token;
  token.info = {.id = RandomHex(random_, 1).substr(0, 8),
                .principal = principal,
                .purpose = purpose,
                .created_at = clock_.Now()};
  token.info.expires_at = lifetime == 0 ? 0 : token.info.created_at + lifetime;
  token.secret = "mp_" + RandomHex(random_, 4);
  MP_RETURN_IF_ERROR(db_.Transaction([&]() -> Status {
    MP_RETURN_IF_ERROR(
        db_.Execute("DELETE FROM access_tokens WHERE expires_us <> 0 AND expires_us < ?1",
                    {token.info.created_at}));
    return db_.Execute("INSERT INTO access_tokens VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                       {token.info.id, Sha256::Hex(token.secret), principal, purpose,
                        token.info.created_at, token.info.expires_at});
  }));
  ++own_changes_;
  return token;
}

Result<NewToken> AccessStore::CreateToken(const std::string& principal, Micros lifetime,
                                          const std::string& purpose) {
  MP_RETURN_IF_ERROR(CheckName(principal));
  if (lifetime < 0) return Fail(ErrorKind::kInvalidArgument, "a token's lifetime is positive");
  std::lock_guard lock(mutex_);
  return Insert(principal, lifetime, purpose);
}

Status AccessStore::RevokeToken(const std::string& id) {
  std::lock_guard lock(mutex_);
  MP_RETURN_IF_ERROR(db_.Execute("DELETE FROM access_tokens WHERE id = ?1", {id}));
  if (db_.changes() == 0) {
    return Fail(ErrorKind::kNotFound, "there is no token {}; millpond access list names them", id);
  }
  ++own_changes_;
  return OkStatus();
}

Status AccessStore::EndSession(const std::string& secret) {
  std::lock_guard lock(mutex_);
  ++own_changes_;
  return db_.Execute("DELETE FROM access_tokens WHERE digest = ?1 AND purpose = 'session'",
                     {Sha256::Hex(secret)});
}

Result<std::vector<TokenInfo>> AccessStore::ListTokens() {
  std::lock_guard lock(mutex_);
  std::vector<TokenInfo> tokens;
  MP_RETURN_IF_ERROR(db_.Execute(
      "SELECT id, principal, purpose, created_us, expires_us FROM access_tokens "
      "WHERE purpose <> 'session' ORDER BY created_us, id",
      {}, [&](const SqliteRow& row) -> Status {
        tokens.push_back({row.Text(0), row.Text(1), row.Text(2), row.Int(3), row.Int(4)});
        return OkStatus();
      }));
  return tokens;
}

Status AccessStore::SetPassword(const std::string& user, const std::string& password) {
  MP_RETURN_IF_ERROR(CheckName(user));
  if (password.size() < kLeastPassword) {
    return Fail(ErrorKind::kInvalidArgument, "a password has at least {} characters",
                kLeastPassword);
  }
  MP_ASSIGN_OR_RETURN(std::string hash, HashPassword(password));
  std::lock_guard lock(mutex_);
  MP_RETURN_IF_ERROR(db_.Transaction([&]() -> Status {
    MP_RETURN_IF_ERROR(
        db_.Execute("INSERT INTO access_users VALUES (?1, ?2, ?3) ON CONFLICT (name) DO UPDATE "
                    "SET password_hash = excluded.password_hash",
                    {user, hash, clock_.Now()}));
    return db_.Execute("DELETE FROM access_tokens WHERE principal = ?1 AND purpose = 'session'",
                       {user});
  }));
  ++own_changes_;
  return OkStatus();
}

Status AccessStore::RemoveUser(const std::string& user) {
  std::lock_guard lock(mutex_);
  int64_t removed = 0;
  MP_RETURN_IF_ERROR(db_.Transaction([&]() -> Status {
    for (const char* sql : {"DELETE FROM access_users WHERE name = ?1",
                            "DELETE FROM access_tokens WHERE principal = ?1"}) {
      MP_RETURN_IF_ERROR(db_.Execute(sql, {user}));
      removed += db_.changes();
    }
    return OkStatus();
  }));
  if (removed == 0) return Fail(ErrorKind::kNotFound, "there is no user or token of {}", user);
  ++own_changes_;
  return OkStatus();
}

Result<std::vector<std::string>> AccessStore::ListUsers() {
  std::lock_guard lock(mutex_);
  std::vector<std::string> users;
  MP_RETURN_IF_ERROR(db_.Execute("SELECT name FROM access_users ORDER BY name", {},
                                 [&](const SqliteRow& row) -> Status {
                                   users.push_back(row.Text(0));
                                   return OkStatus();
                                 }));
  return users;
}

Result<NewToken> AccessStore::LogIn(const std::string& user, const std::string& password) {
  // The hash of a password nobody has: an unknown user costs the same time as a wrong password.
  static const std::string kNobody = HashPassword("correct horse").value_or("");
  std::string hash;
  {
    std::lock_guard lock(mutex_);
    MP_ASSIGN_OR_RETURN(
        auto rows, db_.Query("SELECT password_hash FROM access_users WHERE name = ?1", {user}));
    hash = rows.empty() ? "" : rows[0].Text(0);
  }
  bool right = false;
  {
    std::lock_guard one_at_a_time(login_);
    right = VerifyPassword(password, hash.empty() ? kNobody : hash);
  }
  if (!right || hash.empty()) {
    return Fail(ErrorKind::kPermissionDenied, "the user or the password is wrong");
  }
  std::lock_guard lock(mutex_);
  return Insert(user, kSessionLifetime, "session");
}

Result<bool> AccessStore::HasCredentials() {
  std::lock_guard lock(mutex_);
  MP_ASSIGN_OR_RETURN(auto rows,
                      db_.Query("SELECT (SELECT count(*) FROM access_users) + (SELECT count(*) "
                                "FROM access_tokens WHERE purpose <> 'session')"));
  return rows[0].Int(0) > 0;
}

Result<std::vector<AccessStore::Credential>> AccessStore::Credentials() {
  std::lock_guard lock(mutex_);
  std::vector<Credential> credentials;
  MP_RETURN_IF_ERROR(db_.Execute("SELECT digest, principal, expires_us FROM access_tokens", {},
                                 [&](const SqliteRow& row) -> Status {
                                   credentials.push_back({row.Text(0), row.Text(1), row.Int(2)});
                                   return OkStatus();
                                 }));
  return credentials;
}

Result<int64_t> AccessStore::ChangeNumber() {
  std::lock_guard lock(mutex_);
  MP_ASSIGN_OR_RETURN(auto rows, db_.Query("PRAGMA data_version"));
  return rows[0].Int(0) + own_changes_;
}

}  // namespace millpond::platform
