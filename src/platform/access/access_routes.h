// POST /login {"user", "password"} → 200 with a session cookie; POST /logout ends it; GET
// /api/access/whoami says who a request is taken for.
#pragma once

#include "base/http/router.h"
#include "platform/access/access_store.h"

namespace millpond::platform {

// `secure`: the server speaks TLS, so the cookie is marked Secure.
void AddAccessRoutes(Router& router, AccessStore& store, bool secure);

}  // namespace millpond::platform
