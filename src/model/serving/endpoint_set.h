// The endpoints of a project: one for each models/*.yml, answering with the version that has the
// alias `champion`, following it when it moves.
//
//   auto endpoints = EndpointSet::Open(parts, definitions);   // loads what is there
//   AddServingRoutes(router, *endpoints, version, access);
//   endpoints->Start();                                       // follows the registry
//   …
//   endpoints->Stop();                                        // after the server's last answer;
//                                                             // commits what its logs hold
//
// A model that cannot be served fails no one else: its endpoint says why.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "model/serving/champion.h"
#include "model/serving/endpoint.h"
#include "model/serving/inference_log.h"

namespace millpond::model {

class EndpointSet {
 public:
  // Blocks until every endpoint was tried once: the views of its model are served from then on.
  static Result<std::unique_ptr<EndpointSet>> Open(ServingParts parts,
                                                   const std::vector<ModelDefinition>& models);
  ~EndpointSet();  // stops

  void Start();
  void Stop();  // a second call does nothing

  // In the order of the models' names; the same for as long as the set lives.
  const std::vector<std::unique_ptr<Endpoint>>& endpoints() const { return endpoints_; }
  Endpoint* Find(std::string_view name) const;  // null: there is none
  // The inference log of an endpoint; null: it has none.
  InferenceLog* LogOf(const Endpoint& endpoint) const;
  // Looks at the registry now: what a promotion through this process calls, so as not to wait.
  void Refresh();

 private:
  explicit EndpointSet(ServingParts parts) : parts_(std::move(parts)) {}
  Status OpenLogs(const std::vector<ModelDefinition>& models);
  void Follow();

  ServingParts parts_;
  std::map<std::string, std::unique_ptr<InferenceLog>> logs_;  // by endpoint
  std::vector<std::unique_ptr<Endpoint>> endpoints_;
  std::vector<std::unique_ptr<Champion>> champions_;
  std::mutex refresh_mutex_;  // one look at a time

  std::mutex wake_mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread follower_;
};

}  // namespace millpond::model
