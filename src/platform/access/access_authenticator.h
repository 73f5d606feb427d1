// Says who a request comes from, in microseconds: the tokens of an AccessStore in memory, by their
// digests. Taken are "Authorization: Bearer TOKEN"; "Basic" with a token as the password (what the
// mlflow client sends for MLFLOW_TRACKING_USERNAME and _PASSWORD); and the cookie millpond_session
// of a login, which alone does not allow writes from other sites: a request with the cookie, a
// method other than GET or HEAD and an Origin that is not its own Host is refused.
//
// Until somebody is configured everybody is "local" (a server that starts so listens on loopback
// only).
// Revoked and new tokens are seen within a second.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/http/authenticator.h"
#include "platform/access/access_store.h"

namespace millpond::platform {

// The secret that a request shows, and whether a cookie alone shows it; "" if none does.
struct PresentedSecret {
  std::string secret;
  bool by_cookie = false;
};
PresentedSecret FindSecret(const HttpRequest& request);

class AccessAuthenticator : public Authenticator {
 public:
  static Result<std::unique_ptr<AccessAuthenticator>> Make(AccessStore& store);

  Result<std::string> Authenticate(const HttpRequest& request) override;

  // Whether credentials are asked for: from the first one on, and still when the last is revoked,
  // so that taking a token away never opens a running server.
  bool required() const override;

 private:
  struct Known {
    bool required = false;
    std::unordered_map<std::string, AccessStore::Credential> by_digest;
  };

  explicit AccessAuthenticator(AccessStore& store) : store_(store) {}
  Status Load(int64_t change_number);
  // Looks for changes at most once in a while, on one of the asking threads.
  void Refresh();

  AccessStore& store_;
  std::atomic<std::shared_ptr<const Known>> known_;
  std::mutex refresh_;
  std::atomic<int64_t> next_look_ns_ = 0;  // steady
  int64_t change_number_ = -1;
};

}  // namespace millpond::platform
