// What operators and their tools ask of a server: /healthz (the process answers), /readyz (so do
// its parts), /metrics (Prometheus), /openapi.json (every route there is).
#pragma once

#include <string>

#include "base/http/router.h"
#include "base/metrics/metrics.h"

namespace millpond::app {

// The document describes the router as it is when it is asked for.
void AddHealthRoutes(Router& router, MetricsRegistry& metrics, const std::string& project);

}  // namespace millpond::app
