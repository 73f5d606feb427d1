// Which version an endpoint answers with: the one its alias names in the registry, once that one
// has shown that it can. A newer version is loaded beside the old, checked (feature hashes, a probe
// row through everything) and only then takes over; one that fails is refused with a line in the
// log, and the old one stays. The one before stays loaded, so that a rollback is a swap. When the
// registry is gone or the alias deleted, the endpoint goes on with what it has.
//
// Used by one thread at a time.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "model/serving/endpoint.h"
#include "platform/tracking/model_registry.h"

namespace millpond::model {

struct ServingParts {
  data::Catalog& catalog;
  platform::FeatureStore& features;
  platform::OnlineStore* online = nullptr;  // null: there is none, for the reason
  std::string online_problem = {};
  platform::ModelRegistry& registry;
  MetricsRegistry& metrics;
};

class Champion {
 public:
  // All must outlive it.
  Champion(Endpoint& endpoint, const ServingParts& parts) : endpoint_(endpoint), parts_(parts) {}

  // Looks at the registry and changes the endpoint's state if something moved.
  void Refresh();

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  // What the last look ended with, so that a log line is written once and a failure is not tried
  // again at every look.
  struct Attempt {
    int64_t version = 0;
    std::string problem;
    SteadyTime retry_at;
    bool Waits(int64_t wanted, SteadyTime now) const;
  };

  // The version of the registry, loaded; may make room for it by letting go of the one before.
  Result<std::shared_ptr<const ServedModel>> Prepare(EndpointState& state,
                                                     const platform::ModelVersion& version);
  Status ServeViews(const ServedModel& model);
  // Gives the endpoint this version, if it can answer with it.
  Status Take(EndpointState& state, const platform::ModelVersion& version);
  void RefreshModel(EndpointState& state, bool& changed);
  void RefreshFallback(EndpointState& state, bool& changed);
  void Failed(Attempt& attempt, int64_t version, const std::string& what, const Error& error);

  Endpoint& endpoint_;
  const ServingParts& parts_;
  Attempt champion_;
  Attempt fallback_;
};

}  // namespace millpond::model
