// The endpoints over HTTP: MLflow's scoring protocol (/endpoints/{name}/invocations, /invocations,
// /ping, /version), the list for people and pages (/endpoints), and the one that MLflow's
// deployments client asks for (/api/2.0/endpoints/). docs/serving.md is the contract.
#pragma once

#include <string>

#include "base/http/router.h"
#include "data/sql/access.h"
#include "model/serving/endpoint_set.h"

namespace millpond::model {

// `endpoints` and `access` must outlive the router's last answer. `version`: the program's, for
// /version. `access` is asked for kExecute on the model of every invocation.
void AddServingRoutes(Router& router, EndpointSet& endpoints, const std::string& version,
                      data::AccessPolicy& access);

}  // namespace millpond::model
