#include "base/http/http_server.h"

#include <sys/resource.h>

#include <algorithm>
#include <future>
#include <thread>
#include <vector>

#include "base/http/body_spool_internal.h"
#include "base/http/event_loop_internal.h"
#include "base/http/host_check_internal.h"
#include "base/http/listener_internal.h"
#include "base/http/session_internal.h"
#include "base/http/tls_internal.h"

namespace millpond {
namespace {

constexpr int64_t kBytesPerConnection = 8 << 10;  // reserved once for all connections there may be
constexpr int kFileThreads = 2;
constexpr rlim_t kOtherFiles = 512;  // beside connections: tables, databases, logs

Status CheckOptions(const HttpServerOptions& options, const Router& router,
                    const Authenticator* authenticator) {
  const bool asks = authenticator != nullptr && authenticator->required();
  if (!asks && !IsLoopbackHost(options.address)) {
    return Fail(ErrorKind::kInvalidArgument,
                "listening on {} would let other machines in without asking who they are; make "
                "access tokens first (millpond access token NAME), or listen on 127.0.0.1",
                options.address);
  }
  if (options.tls_certificate_file.empty() != options.tls_key_file.empty()) {
    return Fail(ErrorKind::kInvalidArgument,
                "TLS needs both a certificate file and a key file; only one is given: {}{}",
                options.tls_certificate_file, options.tls_key_file);
  }
  for (const auto& route : router.routes()) {
    if (route->spool_body && options.spool_dir.empty()) {
      return Fail(ErrorKind::kInvalidArgument,
                  "{} {} keeps bodies in files, but no spool_dir is set", route->method,
                  route->pattern);
    }
  }
  return OkStatus();
}

void RaiseFileLimit(int max_connections) {
  rlimit limit = {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted =
      std::min<rlim_t>(limit.rlim_max, static_cast<rlim_t>(max_connections) + kOtherFiles);
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = wanted;
  ::setrlimit(RLIMIT_NOFILE, &limit);  // failing that, accept fails and waits, which is bounded too
}

// Runs on the loop's thread, and returns when it has run.
void RunOn(EventLoop& loop, std::move_only_function<void()> job) {
  std::promise<void> done;
  loop.Post([&] {
    job();
    done.set_value();
  });
  done.get_future().wait();
}

class BeastServer : public HttpServer {
 public:
  BeastServer(const HttpServerOptions& options, const Environment& env, const Router& router,
              Authenticator* authenticator, MetricsRegistry& metrics)
      : parts_{.options = options,
               .env = env,
               .router = router,
               .authenticator = authenticator,
               .metrics = ServerMetrics(router, metrics)} {}

  ~BeastServer() override { Stop(0); }

  Status Open() {
    const HttpServerOptions& options = parts_.options;
    std::shared_ptr<boost::asio::ssl::context> tls;
    if (!options.tls_certificate_file.empty()) {
      MP_ASSIGN_OR_RETURN(tls, LoadTls(options.tls_certificate_file, options.tls_key_file));
    }
    MP_ASSIGN_OR_RETURN(parts_.memory,
                        parts_.env.arbiter.Reserve(ResourceClass::kServing,
                                                   options.max_connections * kBytesPerConnection,
                                                   "HTTP connections"));
    const int cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    const int threads = options.io_threads > 0 ? options.io_threads : cores;
    for (int i = 0; i < threads; ++i) loops_.push_back(std::make_unique<EventLoop>());
    std::vector<EventLoop*> loops;
    for (const auto& loop : loops_) loops.push_back(loop.get());
    MP_ASSIGN_OR_RETURN(listener_, Listener::Open(options.address, options.port, loops, tls));
    port_ = listener_->port();
    // With the port in hand, nobody else serves this project: what lies in the spool is nobody's.
    if (!options.spool_dir.empty()) {
      MP_RETURN_IF_ERROR(BodySpool::Prepare(parts_.env.fs, options.spool_dir));
    }
    if (!options.access_log_file.empty()) {
      MP_ASSIGN_OR_RETURN(parts_.log,
                          AccessLog::Open(options.access_log_file, options.access_log_max_bytes,
                                          parts_.metrics.access_log_lost));
    }
    parts_.workers = std::make_unique<WorkerQueue>(std::max(1, options.worker_threads),
                                                   static_cast<size_t>(options.max_waiting),
                                                   parts_.metrics.waiting_for_worker);
    parts_.files =
        std::make_unique<WorkerQueue>(kFileThreads, static_cast<size_t>(options.max_connections),
                                      parts_.metrics.waiting_for_files);
    RaiseFileLimit(options.max_connections);
    listener_->Start(
        [this] {
          if (parts_.connections.Enter()) return true;
          parts_.metrics.refused_connections.Add();
          return false;
        },
        [this](EventLoop& loop, std::unique_ptr<Transport> transport, std::string remote) {
          auto session =
              std::make_shared<Session>(parts_, loop, std::move(transport), std::move(remote));
          loop.Add(session);
          session->Start();
        });
    is_open_ = true;
    return OkStatus();
  }

  int port() const override { return port_; }

  std::string url() const override {
    const HttpServerOptions& options = parts_.options;
    const bool is_any = options.address == "0.0.0.0" || options.address == "::";
    std::string host = is_any ? "localhost" : options.address;
    if (host.find(':') != host.npos) host = "[" + host + "]";
    return fmt::format("{}://{}:{}", options.tls_key_file.empty() ? "http" : "https", host, port_);
  }

  void Stop(int grace_ms) override {
    std::lock_guard lock(stop_mutex_);
    if (!is_open_) return;
    is_open_ = false;
    parts_.is_stopping = true;
    RunOn(*loops_[0], [this] { listener_->Close(); });
    OnAllConnections(&LoopMember::BeginStop);
    parts_.connections.AwaitNone(std::chrono::milliseconds(grace_ms));
    OnAllConnections(&LoopMember::Cut);
    parts_.workers->Stop();
    parts_.files->Stop();
    for (const auto& loop : loops_) RunOn(*loop, [] {});  // what the workers gave back
    for (const auto& loop : loops_) loop->Stop();
    parts_.log.reset();
  }

 private:
  void OnAllConnections(void (LoopMember::*act)()) {
    for (const auto& loop : loops_) {
      RunOn(*loop, [&] { loop->ForEach([act](LoopMember& member) { (member.*act)(); }); });
    }
  }

  ServerParts parts_;  // outlives the loops, whose connections use it
  std::vector<std::unique_ptr<EventLoop>> loops_;
  std::unique_ptr<Listener> listener_;  // lies in the first loop
  int port_ = 0;
  std::mutex stop_mutex_;
  bool is_open_ = false;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpServerOptions& options,
                                                      const Environment& env, const Router& router,
                                                      Authenticator* authenticator,
                                                      MetricsRegistry& metrics) {
  MP_RETURN_IF_ERROR(CheckOptions(options, router, authenticator));
  auto server = std::make_unique<BeastServer>(options, env, router, authenticator, metrics);
  MP_RETURN_IF_ERROR(server->Open());
  return server;
}

}  // namespace millpond
