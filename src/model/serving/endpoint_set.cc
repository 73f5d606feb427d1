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
  MP_RETURN_IF_ERROR(set->OpenLogs(models));
  for (const auto& endpoint : set->endpoints_) {
    set->champions_.push_back(std::make_unique<Champion>(*endpoint, set->parts_));
  }
  set->Refresh();
  return set;
}

Status EndpointSet::OpenLogs(const std::vector<ModelDefinition>& models) {
  for (const ModelDefinition& model : models) {
    if (model.serve.log == ServeDefinition::Log::kOff) continue;
    InferenceLogOptions options;
    MP_ASSIGN_OR_RETURN_CONTEXT(options.table, data::ParseTableName(model.serve.table),
                                "{}: the inference table", model.file);
    options.mode = model.serve.log;
    options.sample = model.serve.sample;
    options.commit_interval_ms = static_cast<int>(model.serve.log_every / kMicrosPerMilli);
    MP_ASSIGN_OR_RETURN(auto log, InferenceLog::Open(parts_.catalog, model.name, std::move(options),
                                                     parts_.metrics));
    Find(model.name)->SetListener(log.get());
    logs_.emplace(model.name, std::move(log));
  }
  return OkStatus();
}

InferenceLog* EndpointSet::LogOf(const Endpoint& endpoint) const {
  const auto found = logs_.find(endpoint.name());
  return found == logs_.end() ? nullptr : found->second.get();
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
  for (const auto& [name, log] : logs_) log->Stop();
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
