// The OpenAPI 3.1 document of a router: every route with its parameters, bodies and the one form of
// errors. Served at /openapi.json.
#pragma once

#include <string>

#include "base/http/router.h"
#include "base/json.h"

namespace millpond {

OrderedJson OpenApiDocument(const Router& router, const std::string& title,
                            const std::string& version);

}  // namespace millpond
