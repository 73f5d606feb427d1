// The stock mlflow client against a real server with these routes: tests/support/mlflow_session.py.
#include <cstdlib>

#include "base/http/http_server.h"
#include "platform/tracking/rest/rest_test_fixture.h"

namespace millpond::platform {
namespace {

using MlflowClientTest = RestFixture;

TEST_F(MlflowClientTest, ADaysWorkOfTheStockClient) {
  MetricsRegistry metrics;
  MP_ASSERT_OK(machine_.local->CreateDirectories(dir_ / "spool"));
  HttpServerOptions options;
  options.worker_threads = 16;
  options.spool_dir = dir_ / "spool";
  MP_ASSERT_OK_AND_ASSIGN(auto server,
                          HttpServer::Start(options, machine_.env, router_, nullptr, metrics));
  const std::string command = fmt::format(
      "cd '{}' && MLFLOW_DISABLE_TELEMETRY=true PYTHONDONTWRITEBYTECODE=1 GIT_PYTHON_REFRESH=quiet "
      "MLFLOW_HTTP_REQUEST_MAX_RETRIES=0 timeout 600 '{}' '{}' {} >session.log 2>&1",
      dir_.path(), MILLPOND_PYTHON, MILLPOND_MLFLOW_SESSION, server->url());
  const int code = std::system(command.c_str());
  EXPECT_EQ(code, 0) << machine_.local->ReadFile(dir_ / "session.log").value_or("");
  server->Stop(5000);
}

}  // namespace
}  // namespace millpond::platform
