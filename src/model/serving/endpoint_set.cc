#include "model/serving/endpoint_set.h"

#include <algorithm>

namespace millpond::model {
namespace {

constexpr std::chrono::milliseconds kLookInterval{50};

}  // namespace

Result<std::unique_ptr<EndpointSet>> EndpointSet::Open(ServingParts parts,
                                                       const std::vector<ModelDefinition>& models) {
  std::unique_ptr<EndpointSet> set(new EndpointSet(std::move(parts)));
  const Environment& env = set->parts_.catalog.workspace().env;
  const EndpointParts shared{env.clock, env.random, set->parts_.online, set->parts_.online_problem,
                             set->parts_.metrics};
  for (const ModelDefinition& model : models) {
    set->endpoints_.push_back(std::make_unique<Endpoint>(model.name, model.serve, shared));
  }
  std::ranges::sort(set->endpoints_, {}, [](const auto& endpoint) { return endpoint->name(); });
  for (const auto& endpoint : set->endpoints_) {
    set->champions_.push_back(std::make_unique<Champion>(*endpoint, set->parts_));
  }
  set->Refresh();
  return set;
}

EndpointSet::~EndpointSet() {
  Stop();
}

void EndpointSet::Start() {
  if (!follower_.joinable()) follower_ = std::thread([this] { Follow(); });
}

void EndpointSet::Stop() {
  {
    std::lock_guard lock(wake_mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (follower_.joinable()) follower_.join();
}

Endpoint* EndpointSet::Find(std::string_view name) const {
  const auto found = std::ranges::find(endpoints_, name,
                                       [](const auto& e) -> std::string_view { return e->name(); });
  return found == endpoints_.end() ? nullptr : found->get();
}

void EndpointSet::Refresh() {
  std::lock_guard lock(refresh_mutex_);
  for (const auto& champion : champions_) champion->Refresh();
}

void EndpointSet::Follow() {
  while (true) {
    {
      std::unique_lock lock(wake_mutex_);
      if (wake_.wait_for(lock, kLookInterval, [&] { return stopping_; })) return;
    }
    Refresh();
  }
}

}  // namespace millpond::model
