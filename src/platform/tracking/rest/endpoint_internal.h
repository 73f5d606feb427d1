// One endpoint of MLflow's API as it is declared: method, path below /api/2.0/mlflow/, fields, and
// what answers. Adding it makes its two routes.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/http/router.h"
#include "base/json.h"
#include "platform/tracking/rest/fields.h"
#include "platform/tracking/rest/tracking_routes.h"

namespace millpond::platform {

// A request whose fields were checked.
struct Call {
  const TrackingParts& parts;
  const Fields& fields;
  const HttpRequest& request;

  std::string Text(std::string_view name) const { return fields.Text(name); }
  // Who asks, for audit rows.
  std::string principal() const;
};

struct Endpoint {
  std::string method;
  std::string path;
  std::string summary;
  std::vector<FieldSpec> fields = {};
  std::function<Result<OrderedJson>(const Call&)> answer = {};
  std::string tag = "mlflow";
};

void AddEndpoint(Router& router, const TrackingParts& parts, const Endpoint& endpoint);

// The groups; AddTrackingRoutes calls them all.
void AddExperimentRoutes(Router& router, const TrackingParts& parts);
void AddRunRoutes(Router& router, const TrackingParts& parts);
void AddRunLoggingRoutes(Router& router, const TrackingParts& parts);
void AddMetricRoutes(Router& router, const TrackingParts& parts);
void AddArtifactRoutes(Router& router, const TrackingParts& parts);
void AddLoggedModelRoutes(Router& router, const TrackingParts& parts);
void AddRegisteredModelRoutes(Router& router, const TrackingParts& parts);
void AddModelVersionRoutes(Router& router, const TrackingParts& parts);
void AddServerRoutes(Router& router);

// -- fields that several endpoints have
// max_results in [1, limit].
Result<int64_t> MaxResults(const Fields& fields, int64_t missing, int64_t limit);
// filter, order_by, max_results, page_token.
Result<SearchRequest> SearchOf(const Fields& fields, int64_t missing, int64_t limit);
// A field of MLflow's ViewType.
Result<ViewType> ViewOf(const Fields& fields, std::string_view name);
// "version" of a registered model: a whole number, written as a text.
Result<int64_t> VersionOf(const Fields& fields);

}  // namespace millpond::platform
