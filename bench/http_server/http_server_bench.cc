// The server that bench/http_server/run loads: prints its address, and ends when its input does.
#include <cstdio>
#include <iostream>
#include <string>

#include "base/environment.h"
#include "base/fs/local_filesystem.h"
#include "base/http/http_server.h"

int main(int argc, char** argv) {
  using namespace millpond;
  auto fs = MakeLocalFileSystem();
  SystemClock clock;
  SystemRandom random;
  Arbiter arbiter;
  TaskPool pool(1);
  const Environment env{*fs, clock, random, arbiter, pool, {}};
  const auto answer = [](const HttpRequest&) -> Result<HttpResponse> {
    return HttpResponse{.body = R"({"score":0.123456789,"model":"churn","version":3})"};
  };
  Router router;
  router.Add({.pattern = "/inline", .handler = answer, .thread = RouteThread::kInline});
  router.Add({.pattern = "/blocking", .handler = answer});
  router.Add({.method = "POST",
              .pattern = "/echo",
              .handler = [](const HttpRequest& request) -> Result<HttpResponse> {
                return HttpResponse{.body = request.body};
              },
              .thread = RouteThread::kInline});
  MetricsRegistry metrics;
  HttpServerOptions options;
  if (argc > 1) options.access_log_file = argv[1];
  auto server = HttpServer::Start(options, env, router, nullptr, metrics);
  if (!server.has_value()) {
    std::cerr << server.error().ToString() << "\n";
    return 1;
  }
  std::cout << (*server)->url() << std::endl;
  std::string line;
  while (std::getline(std::cin, line)) {
  }
  (*server)->Stop(1000);
}
