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
};

}  // namespace millpond
