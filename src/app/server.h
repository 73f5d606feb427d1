// One running server of a project: HTTP, online features, endpoints, push ingestion and the flows
// that read it, and the project's jobs, put together. `millpond serve` starts one and stops it.
//
//   POST /api/ingest/T ─► spool ─► FlowRunner ─► Delta tables ─commits─► OnlineStore ─► Endpoint
//                                                                  registry alias ─────┘
//
// Start order is by need: stores, then who reads them, then flows, then the door; Stop is the
// reverse. A part that cannot start because of what the project holds (a view without its source, a
// model that was not trained) is told in the log, on the page and by its own routes, and keeps
// nothing else from working. One server a project (a file lock).
#pragma once

#include <memory>
#include <string>

#include "app/jobs.h"
#include "app/model_stores.h"
#include "app/project.h"
#include "base/fs/file_lock.h"
#include "base/http/http_server.h"
#include "base/http/router.h"
#include "base/metrics/metrics.h"
#include "data/sql/access.h"
#include "model/serving/endpoint_set.h"
#include "pipeline/flows/flow_runner.h"
#include "pipeline/ingest/ingest_spools.h"
#include "platform/access/access_authenticator.h"
#include "platform/access/access_store.h"
#include "platform/features/online_store.h"

namespace millpond::app {

struct ServeOptions {
  std::string address = "127.0.0.1";
  int port = 5000;  // 0: any free one
  std::string tls_certificate_file;
  std::string tls_key_file;
};

class Server {
 public:
  // Answers requests when this returns. `project` must outlive the server.
  static Result<std::unique_ptr<Server>> Start(Project& project, const ServeOptions& options);
  ~Server();  // stops

  const std::string& url() const { return url_; }
  // Lets requests at work finish (grace_ms at most), then flows, then what was not yet written.
  void Stop(int grace_ms);

 private:
  explicit Server(Project& project) : project_(project) {}
  Status OpenStores();
  // What the project declares, as far as its tables are there yet.
  void LoadFeatures();
  Status OpenEndpoints();
  Status StartFlows();
  Status StartJobs();
  void AddRoutes(bool secure);
  Status Listen(const ServeOptions& options);
  // <state>/server.json: where the server is, for people and scripts.
  Status Announce();

  Project& project_;
  SystemClock system_clock_;
  std::optional<FileLock> lock_;
  MetricsRegistry metrics_;
  Router router_;
  std::unique_ptr<ModelStores> stores_;
  // Everybody who got in may do everything until grants are there.
  data::AllowAll access_policy_;
  std::unique_ptr<platform::AccessStore> access_;
  // The authenticator's own connection: a login that waits for the file holds up no request.
  std::unique_ptr<platform::AccessStore> access_reader_;
  std::unique_ptr<platform::AccessAuthenticator> authenticator_;
  std::unique_ptr<platform::OnlineStore> online_;
  std::string online_problem_;
  std::unique_ptr<model::EndpointSet> endpoints_;
  std::unique_ptr<pipeline::IngestSpools> spools_;
  std::unique_ptr<pipeline::FlowRunner> flows_;
  std::unique_ptr<ProjectJobs> jobs_;
  std::unique_ptr<HttpServer> http_;
  std::string url_;
};

}  // namespace millpond::app
