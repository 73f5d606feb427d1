// HTTP/1.1 on one port, by Boost.Beast on Asio: keep-alive, pipelining in order, TLS by
// configuration. A few I/O threads read, answer inline routes and write; blocking routes run on a
// bounded set of workers. Everything a client can make grow is bounded: header and body bytes, the
// time a header or a body may take, idle connections, requests waiting for a worker.
//
// Bound to a loopback address without an authenticator, a request whose Host or Origin is not a
// loopback name is refused (403), so that a web page cannot reach the server through a browser. Any
// other address needs an authenticator. docs/security.md has the reasons.
//
// Not there: HTTP/2, compression, ranges, virtual hosts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/environment.h"
#include "base/http/authenticator.h"
#include "base/http/router.h"
#include "base/metrics/metrics.h"

namespace millpond {

struct HttpServerOptions {
  std::string address = "127.0.0.1";
  int port = 0;            // 0: any free one
  int io_threads = 0;      // 0: the machine's cores
  int worker_threads = 8;  // for blocking routes
  int max_waiting = 1024;  // requests in the workers' queue; more: 503 with Retry-After
  int max_connections = 4096;
  int64_t max_header_bytes = 16 << 10;
  int header_timeout_ms = 10'000;    // from the first byte of a header to its end
  int body_timeout_ms = 60'000;      // for every 4 KiB of a body; without progress in writing
  int idle_timeout_ms = 75'000;      // between requests
  std::string tls_certificate_file;  // PEM; with tls_key_file: https
  std::string tls_key_file;
  // JSON lines, appended; "": none. access_log_internal.h has the form.
  std::string access_log_file;
  int64_t access_log_max_bytes = 256 << 20;  // then it becomes "<file>.1"
  // Where routes with spool_body keep bodies for as long as they run. Of one server alone: Start
  // removes bodies that it finds there.
  std::string spool_dir;
};

class HttpServer {
 public:
  // Listens when this returns. kUnavailable: the port is in use (the message names it).
  // kInvalidArgument: options that do not go together, a certificate that cannot be used.
  // `router`, what `env` refers to, `metrics` and `authenticator` (null: everybody is "local") must
  // outlive it. Raises the process's soft limit of open files towards max_connections.
  static Result<std::unique_ptr<HttpServer>> Start(const HttpServerOptions& options,
                                                   const Environment& env, const Router& router,
                                                   Authenticator* authenticator,
                                                   MetricsRegistry& metrics);
  virtual ~HttpServer() = default;  // stops
  virtual int port() const = 0;
  virtual std::string url() const = 0;  // "http://127.0.0.1:5000"
  // No new connections; requests at work are answered, those of idle connections are not awaited.
  // After grace_ms what is left is cut; a handler that still runs is waited for (its answer goes
  // nowhere), so long ones look at env.cancellation. Blocks; a second call does nothing. Not from a
  // handler.
  virtual void Stop(int grace_ms) = 0;
};

}  // namespace millpond
