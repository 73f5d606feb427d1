// The HTTP surface of feature views: what there is, and an entity's features now.
#pragma once

#include "base/clock.h"
#include "base/http/router.h"
#include "base/json_fwd.h"
#include "kernel/column.h"

namespace millpond::data {
class AccessPolicy;
}

namespace millpond::platform {

class FeatureStore;
class OnlineStore;

// GET  /api/features              all views, with what is served of them
// GET  /api/features/{view}       one
// POST /api/features/{view}/get   {"entities": [{"customer_id": 9}]}: features at the server's T
//
// All parts must outlive the router. `clock` is the project's: T is drawn from it. `access` is
// asked for kSelect on the view whose features are read.
void AddFeatureRoutes(Router& router, FeatureStore& features, OnlineStore& online,
                      const Clock& clock, data::AccessPolicy& access);

// A value as JSON: numbers as numbers (a decimal as the nearest double), times as ISO 8601,
// intervals as microseconds, NaN and infinities as the texts "NaN", "Infinity", "-Infinity".
Json FeatureJson(const kernel::Column& column, int64_t row);

}  // namespace millpond::platform
