// The page at /: what a person wants to see of a running project at a glance. Rendered on the
// server from what the stores say at that moment; no build step, no script needed to read it.
#pragma once

#include <string>

#include "app/model_stores.h"
#include "app/project.h"
#include "base/http/router.h"
#include "model/serving/endpoint_set.h"
#include "pipeline/flows/flow_runner.h"
#include "platform/features/online_store.h"

namespace millpond::app {

class ProjectJobs;

struct HomePageParts {
  Project& project;
  ModelStores& stores;
  model::EndpointSet& endpoints;
  pipeline::FlowRunner& flows;
  ProjectJobs& jobs;
  platform::OnlineStore* online;  // null: none, for the reason
  std::string online_problem;
};

// GET / as HTML, GET /report as the last run's report. `parts` must outlive the router.
void AddHomePage(Router& router, HomePageParts parts);

}  // namespace millpond::app
