// Who may talk to a server: local users with passwords, and service tokens, in meta.db (component
// "access"). Secrets are not kept: a token as SHA-256 of its 256 random bits, a password as
// Argon2id. A token is shown once, when it is made.
//
// Thread-safe. Several processes may have the file open: a token that `millpond access` makes or
// revokes is known to a running server within AccessAuthenticator's refresh interval.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/db/sqlite.h"
#include "base/random.h"
#include "base/result.h"

namespace millpond::platform {

struct TokenInfo {
  std::string id;         // 8 hexadecimal digits, to name it by
  std::string principal;  // who it speaks for
  std::string purpose;    // "token", or "session" of a login
  Micros created_at = 0;
  Micros expires_at = 0;  // 0: never
};

struct NewToken {
  TokenInfo info;
  std::string secret;  // "mp_…": the only time it is seen
};

class AccessStore {
 public:
  // `clock`: the system's, whatever the project's is; expiry is about real time.
  static Result<std::unique_ptr<AccessStore>> Open(const std::string& meta_path,
                                                   RandomSource& random, const Clock& clock);

  // lifetime 0: for good. kInvalidArgument: an empty principal, or one with control characters.
  Result<NewToken> CreateToken(const std::string& principal, Micros lifetime,
                               const std::string& purpose = "token");
  Status RevokeToken(const std::string& id);     // kNotFound names it
  Status EndSession(const std::string& secret);  // none of that secret is fine
  Result<std::vector<TokenInfo>> ListTokens();   // by creation, without sessions

  // Sets or changes; kInvalidArgument if shorter than eight characters. Ends the user's sessions.
  Status SetPassword(const std::string& user, const std::string& password);
  Status RemoveUser(const std::string& user);  // sessions and tokens of that name too
  Result<std::vector<std::string>> ListUsers();
  // A session token for the right password. kPermissionDenied says no more than that it is wrong.
  // One check at a time: some twenty guesses a second, whoever asks.
  Result<NewToken> LogIn(const std::string& user, const std::string& password);

  // Whether anybody is configured: a server then asks everybody who he is.
  Result<bool> HasCredentials();

  struct Credential {
    std::string digest;  // SHA-256 of the secret, hexadecimal
    std::string principal;
    Micros expires_at = 0;
  };
  Result<std::vector<Credential>> Credentials();
  // Changes whenever another process may have changed the file (SQLite's data_version) or this one
  // did.
  Result<int64_t> ChangeNumber();
  Micros now() const { return clock_.Now(); }

 private:
  AccessStore(SqliteDatabase db, RandomSource& random, const Clock& clock)
      : db_(std::move(db)), random_(random), clock_(clock) {}
  Result<NewToken> Insert(const std::string& principal, Micros lifetime,
                          const std::string& purpose);

  std::mutex mutex_;
  std::mutex login_;
  SqliteDatabase db_;
  RandomSource& random_;
  const Clock& clock_;
  int64_t own_changes_ = 0;
};

}  // namespace millpond::platform
