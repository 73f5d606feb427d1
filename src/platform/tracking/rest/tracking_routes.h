// MLflow's REST surface (3.17) over the tracking store and the registry, so that the stock client
// works: experiments, runs, metrics, artifacts through the server, logged models, registered models
// with versions and aliases. Under /api/2.0/mlflow, once more under /ajax-api/2.0/mlflow (where the
// web UI looks), artifacts under …/mlflow-artifacts; /health and server-info (/version stands with
// model/serving, since scoring clients ask it as well).
//
// Not here: traces, webhooks, prompts' own endpoints, multipart and presigned uploads (501), stages
// (refused: aliases take their place). Files of a registered version are neither replaced nor
// removed: 409.
//
// Writes wait for a commit that they share with others (base/db/group_commit.h): the server needs
// about as many workers as there are clients that write at once.
#pragma once

#include <string>

#include "base/http/router.h"
#include "platform/tracking/artifact_store.h"
#include "platform/tracking/logged_models.h"
#include "platform/tracking/model_registry.h"
#include "platform/tracking/tracking_store.h"

namespace millpond::platform {

// All of them must outlive the router.
struct TrackingParts {
  TrackingStore& tracking;
  ModelRegistry& registry;
  ArtifactStore& artifacts;

  LoggedModels logged_models() const { return LoggedModels(tracking); }
};

void AddTrackingRoutes(Router& router, const TrackingParts& parts);

}  // namespace millpond::platform
