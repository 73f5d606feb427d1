// MLflow's routes without a socket: Post and Get give the answer's status and JSON.
#pragma once

#include <string>

#include "base/http/router.h"
#include "base/json.h"
#include "platform/tracking/rest/tracking_routes.h"
#include "platform/tracking/tracking_test_fixture.h"

namespace millpond::platform {

struct RestAnswer {
  int status = 0;
  Json json = nullptr;
  HttpResponse response = {};
};

class RestFixture : public TrackingFixture {
 protected:
  void SetUp() override {
    TrackingFixture::SetUp();
    AddTrackingRoutes(router_, {*store_, *registry_, artifacts_});
  }

  RestAnswer Send(HttpRequest request) {
    request.principal = "ada";
    RestAnswer answer{.response = router_.Dispatch(std::move(request))};
    answer.status = answer.response.status;
    auto json = ParseJson(answer.response.body, "the answer");
    if (json) answer.json = std::move(*json);
    return answer;
  }

  // `path` below /api/2.0/mlflow/.
  RestAnswer Call(const std::string& method, const std::string& path, const std::string& body) {
    HttpRequest request{.method = method, .path = "/api/2.0/mlflow/" + path, .body = body};
    request.headers.Add("Content-Type", "application/json; charset=utf-8");
    return Send(std::move(request));
  }
  RestAnswer Post(const std::string& path, const Json& body) {
    return Call("POST", path, DumpJson(body));
  }
  RestAnswer Get(const std::string& path,
                 std::vector<std::pair<std::string, std::string>> query = {}) {
    return Send({.method = "GET", .path = "/api/2.0/mlflow/" + path, .query = std::move(query)});
  }
  // Of an artifact, by its path below the artifact root (already decoded once, as the server does).
  RestAnswer Artifact(const std::string& method, const std::string& path,
                      const std::string& body = "") {
    return Send(
        {.method = method, .path = "/api/2.0/mlflow-artifacts/artifacts/" + path, .body = body});
  }

  ArtifactStore artifacts_{*machine_.local};
  Router router_;
};

MATCHER_P2(Refused, code, message, "is an error of MLflow's form") {
  *result_listener << "status " << arg.status << " " << arg.response.body << " ";
  return arg.status >= 400 && arg.status < 600 && arg.json.is_object() &&
         arg.json.value("error_code", "") == code &&
         ::testing::ExplainMatchResult(message, arg.json.value("message", ""), result_listener);
}

MATCHER(Answered, "is a 200") {
  *result_listener << "status " << arg.status << " " << arg.response.body;
  return arg.status == 200;
}

}  // namespace millpond::platform
