// Who asks. Declared here, answered by platform/access. Called once a request, on the I/O thread:
// microseconds.
#pragma once

#include <string>

#include "base/http/message.h"
#include "base/result.h"

namespace millpond {

class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // The principal's name from the Authorization header. kPermissionDenied: no or a wrong token (the
  // server answers 401 with WWW-Authenticate). Thread-safe.
  virtual Result<std::string> Authenticate(const HttpRequest& request) = 0;
  // Whether it asks at all. While it does not, the server is as safe as one without it: loopback
  // addresses and names only. Once true it stays true. Thread-safe.
  virtual bool required() const { return true; }
};

}  // namespace millpond
