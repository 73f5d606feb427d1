#include "app/server.h"

#include <unistd.h>

#include "app/health_routes.h"
#include "app/home_page.h"
#include "base/json.h"
#include "base/log.h"
#include "model/serving/serving_routes.h"
#include "model/training/model_definition.h"
#include "pipeline/ingest/ingest_routes.h"
#include "platform/access/access_routes.h"
#include "platform/features/feature_routes.h"
#include "platform/features/feature_store.h"
#include "platform/tracking/rest/tracking_routes.h"

namespace millpond::app {
namespace {

// Clients that write runs wait for a commit which they share: as many workers as such clients.
constexpr int kWorkers = 64;

}  // namespace

Result<std::unique_ptr<Server>> Server::Start(Project& project, const ServeOptions& options) {
  std::unique_ptr<Server> server(new Server(project));
  MP_ASSIGN_OR_RETURN(server->lock_, FileLock::TryAcquire(project.StatePathOf("serve.lock"),
                                                          "millpond serve of this project"));
  MP_RETURN_IF_ERROR(server->OpenStores());
  server->LoadFeatures();
  MP_RETURN_IF_ERROR(server->OpenEndpoints());
  MP_RETURN_IF_ERROR(server->StartFlows());
  MP_RETURN_IF_ERROR(server->StartJobs());
  server->AddRoutes(!options.tls_certificate_file.empty());
  MP_RETURN_IF_ERROR(server->Listen(options));
  MP_RETURN_IF_ERROR(server->Announce());
  return server;
}

Server::~Server() {
  Stop(0);
}

Status Server::OpenStores() {
  MP_ASSIGN_OR_RETURN(stores_, ModelStores::Open(project_));
  MP_ASSIGN_OR_RETURN(access_, platform::AccessStore::Open(project_.StatePathOf("meta.db"),
                                                           project_.env().random, system_clock_));
  MP_ASSIGN_OR_RETURN(access_reader_,
                      platform::AccessStore::Open(project_.StatePathOf("meta.db"),
                                                  project_.env().random, system_clock_));
  MP_ASSIGN_OR_RETURN(authenticator_, platform::AccessAuthenticator::Make(*access_reader_));
  auto online = platform::OnlineStore::Open(project_.features(),
                                            {.dir = project_.StatePathOf("online")}, metrics_);
  if (online.has_value()) {
    online_ = std::move(*online);
  } else {
    online_problem_ = online.error().ToString();
    LogWarn("serve", "no online features: {}", online_problem_);
  }
  return OkStatus();
}

void Server::LoadFeatures() {
  const std::string folder = project_.PathOf("features");
  auto names = project_.features().CheckFiles(folder);
  if (!names.has_value()) {
    LogWarn("serve", "feature views: {}", names.error().ToString());
    return;
  }
  // One by one: a view whose source is not there yet keeps none of the others away.
  for (const std::string& name : *names) {
    auto loaded = project_.features().Load(folder, {name});
    if (!loaded.has_value()) LogWarn("serve", "{}", loaded.error().ToString());
  }
}

Status Server::OpenEndpoints() {
  MP_ASSIGN_OR_RETURN(auto models,
                      model::LoadModelDefinitions(project_.env().fs, project_.PathOf("models")));
  model::ServingParts parts{.catalog = project_.catalog(),
                            .features = project_.features(),
                            .online = online_.get(),
                            .online_problem = online_problem_,
                            .registry = stores_->registry(),
                            .metrics = metrics_};
  MP_ASSIGN_OR_RETURN(endpoints_, model::EndpointSet::Open(parts, models));
  endpoints_->Start();
  return OkStatus();
}

Status Server::StartFlows() {
  spools_ = std::make_unique<pipeline::IngestSpools>(project_.catalog().workspace(),
                                                     pipeline::IngestLimits{}, metrics_);
  MP_ASSIGN_OR_RETURN(flows_, pipeline::FlowRunner::Start(
                                  {project_.catalog(), project_.sql(), spools_.get(), metrics_},
                                  {.transformations = project_.PathOf("transformations")}));
  return OkStatus();
}

Status Server::StartJobs() {
  MP_ASSIGN_OR_RETURN(jobs_, ProjectJobs::Open(project_));
  return jobs_->StartScheduler(metrics_);
}

void Server::AddRoutes(bool secure) {
  ShowRequestCounts(metrics_, project_.store_requests());
  AddHealthRoutes(router_, metrics_, project_.config().name);
  platform::AddAccessRoutes(router_, *access_, secure);
  platform::AddTrackingRoutes(router_,
                              {stores_->tracking(), stores_->registry(), stores_->artifacts()});
  if (online_) {
    platform::AddFeatureRoutes(router_, project_.features(), *online_, project_.env().clock,
                               access_policy_);
  }
  pipeline::AddIngestRoutes(router_, {*spools_, &access_policy_});
  jobs_->AddRoutes(router_);
  model::AddServingRoutes(router_, *endpoints_, MILLPOND_VERSION, access_policy_);
  AddHomePage(router_,
              {project_, *stores_, *endpoints_, *flows_, *jobs_, online_.get(), online_problem_});
}

Status Server::Listen(const ServeOptions& options) {
  HttpServerOptions http;
  http.address = options.address;
  http.port = options.port;
  http.tls_certificate_file = options.tls_certificate_file;
  http.tls_key_file = options.tls_key_file;
  http.worker_threads = kWorkers;
  http.access_log_file = project_.StatePathOf("access.log");
  http.spool_dir = project_.StatePathOf("spool");
  MP_ASSIGN_OR_RETURN(
      http_, HttpServer::Start(http, project_.env(), router_, authenticator_.get(), metrics_));
  url_ = http_->url();
  return OkStatus();
}

Status Server::Announce() {
  const OrderedJson where = {{"url", url_},
                             {"pid", static_cast<int64_t>(::getpid())},
                             {"started", FormatTimestamp(system_clock_.Now())}};
  return project_.env().fs.ReplaceFile(project_.StatePathOf("server.json"), DumpJson(where) + "\n");
}

void Server::Stop(int grace_ms) {
  if (http_) {
    http_->Stop(grace_ms);
    (void)project_.env().fs.Remove(project_.StatePathOf("server.json"));
  }
  if (jobs_) jobs_->Stop();
  if (flows_) flows_->Stop();
  if (endpoints_) endpoints_->Stop();
  http_.reset();
  jobs_.reset();
  flows_.reset();
  endpoints_.reset();
  online_.reset();
}

}  // namespace millpond::app
