#include "platform/tracking/rest/tracking_routes.h"

#include <cmath>

#include "platform/tracking/rest/rest_test_fixture.h"

namespace millpond::platform {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr const char* kInvalid = "INVALID_PARAMETER_VALUE";
constexpr const char* kMissing = "RESOURCE_DOES_NOT_EXIST";

class TrackingRoutesTest : public RestFixture {
 protected:
  std::string StartRun() {
    return Post("runs/create", {{"experiment_id", "0"}, {"start_time", 5}})
        .json["run"]["info"]["run_id"];
  }
};

TEST_F(TrackingRoutesTest, ExperimentsLiveAsInMlflow) {
  auto made = Post("experiments/create",
                   {{"name", "churn"}, {"tags", {{{"key", "team"}, {"value", "blue"}}}}});
  ASSERT_THAT(made, Answered());
  EXPECT_EQ(made.json["experiment_id"], "1");
  EXPECT_THAT(Post("experiments/create", {{"name", "churn"}}),
              Refused("RESOURCE_ALREADY_EXISTS", HasSubstr("Experiment(name=churn) already")));
  auto got = Get("experiments/get-by-name", {{"experiment_name", "churn"}});
  EXPECT_EQ(got.json["experiment"]["artifact_location"], "mlflow-artifacts:/1");
  EXPECT_EQ(got.json["experiment"]["tags"][0]["value"], "blue");
  EXPECT_THAT(Get("experiments/get-by-name", {{"experiment_name", "none"}}),
              Refused(kMissing, HasSubstr("Could not find experiment with name 'none'")));
  EXPECT_THAT(Get("experiments/get", {{"experiment_id", "7"}}),
              Refused(kMissing, HasSubstr("No Experiment with id=7 exists")));
  EXPECT_THAT(Post("experiments/update", {{"experiment_id", "1"}, {"new_name", "leavers"}}),
              Answered());
  EXPECT_THAT(Post("experiments/set-experiment-tag",
                   {{"experiment_id", "1"}, {"key", "a"}, {"value", "b"}}),
              Answered());
  EXPECT_THAT(Post("experiments/delete-experiment-tag", {{"experiment_id", "1"}, {"key", "no"}}),
              Refused(kMissing, HasSubstr("No tag with name: no in experiment with id 1")));
  EXPECT_THAT(Post("experiments/delete", {{"experiment_id", "1"}}), Answered());
  EXPECT_THAT(Post("runs/create", {{"experiment_id", "1"}}),
              Refused(kInvalid, HasSubstr("must be in the 'active' state")));
  auto found = Post("experiments/search", {{"view_type", "ALL"}, {"max_results", "10"}});
  EXPECT_THAT(found.json["experiments"], SizeIs(2));
  EXPECT_THAT(
      Get("experiments/search", {{"view_type", "2"}, {"max_results", "10"}}).json["experiments"],
      SizeIs(1));
  EXPECT_THAT(Post("experiments/restore", {{"experiment_id", "1"}}), Answered());
}

TEST_F(TrackingRoutesTest, RunsLogAndAreReadBack) {
  const std::string run = StartRun();
  EXPECT_THAT(Post("runs/log-metric", {{"run_id", run},
                                       {"key", "loss"},
                                       {"value", "NaN"},
                                       {"timestamp", "1700000000000"},
                                       {"step", 3}}),
              Answered());
  EXPECT_THAT(Post("runs/log-parameter", {{"run_uuid", run}, {"key", "lr"}, {"value", "0.1"}}),
              Answered());
  EXPECT_THAT(Post("runs/log-parameter", {{"runId", run}, {"key", "lr"}, {"value", "0.2"}}),
              Refused(kInvalid, HasSubstr("was already logged with value='0.1' for run ID='" + run +
                                          "'. Attempted logging new value '0.2'.")));
  EXPECT_THAT(
      Post("runs/log-batch",
           {{"run_id", run},
            {"metrics", {{{"key", "auc"}, {"value", 0.5}, {"timestamp", 1}, {"step", "2"}}}},
            {"params", {{{"key", "depth"}, {"value", "3"}}}},
            {"tags", {{{"key", "mlflow.runName"}, {"value", "named"}}}}}),
      Answered());
  EXPECT_THAT(
      Post("runs/log-inputs",
           {{"run_id", run},
            {"datasets",
             {{{"tags", {{{"key", "mlflow.data.context"}, {"value", "train"}}}},
               {"dataset",
                {{"name", "d"}, {"digest", "1"}, {"source_type", "x"}, {"source", "y"}}}}}}}),
      Answered());
  EXPECT_THAT(Post("runs/update", {{"run_id", run}, {"status", "FINISHED"}, {"end_time", 9}}),
              Answered());
  const Json json = Get("runs/get", {{"run_id", run}}).json["run"];
  EXPECT_EQ(json["info"]["run_name"], "named");
  EXPECT_EQ(json["info"]["status"], "FINISHED");
  EXPECT_EQ(json["info"]["artifact_uri"], "mlflow-artifacts:/0/" + run + "/artifacts");
  EXPECT_EQ(json["data"]["metrics"][1]["value"], "NaN");
  EXPECT_EQ(json["data"]["metrics"][1]["timestamp"], 1700000000000);
  EXPECT_THAT(json["data"]["params"], SizeIs(2));
  EXPECT_EQ(json["inputs"]["dataset_inputs"][0]["tags"][0]["value"], "train");
  auto found = Post("runs/search", {{"experiment_ids", {"0"}},
                                    {"filter", "params.depth = '3' AND metrics.auc >= 0.5"},
                                    {"order_by", {"metrics.auc DESC"}},
                                    {"run_view_type", "ACTIVE_ONLY"}});
  EXPECT_THAT(found.json["runs"], SizeIs(1));
  EXPECT_EQ(Post("runs/search", {{"experiment_ids", {"5"}}}).response.body, "{}");
  EXPECT_THAT(Get("metrics/get-history", {{"run_id", run}, {"metric_key", "auc"}}).json["metrics"],
              SizeIs(1));
  EXPECT_THAT(Get("metrics/get-history-bulk-interval",
                  {{"run_ids", run}, {"run_ids", run}, {"metric_key", "auc"}})
                  .json["metrics"],
              SizeIs(2));
  EXPECT_THAT(Post("runs/delete-tag", {{"run_id", run}, {"key", "none"}}),
              Refused(kMissing, HasSubstr("No tag with name: none in run with id " + run)));
  EXPECT_THAT(Post("runs/delete", {{"run_id", run}}), Answered());
  EXPECT_THAT(Post("runs/set-tag", {{"run_id", run}, {"key", "a"}, {"value", "b"}}),
              Refused(kInvalid, HasSubstr("must be in the 'active' state. Current state is "
                                          "deleted")));
}

TEST_F(TrackingRoutesTest, WhatIsMissingOrOfAnotherTypeIsNamed) {
  const std::string run = StartRun();
  const std::tuple<std::string, Json, const char*> cases[] = {
      {"runs/log-metric",
       {{"run_id", run}, {"key", "a"}, {"timestamp", 1}},
       "Missing value for required parameter 'value'. See the API docs"},
      {"runs/log-metric",
       {{"run_id", run}, {"key", "a"}, {"value", 1}},
       "Missing value for required parameter 'timestamp'"},
      {"runs/log-metric",
       {{"run_id", run}, {"key", "a"}, {"value", "x"}, {"timestamp", 1}},
       "Invalid value \"x\" for parameter 'value' supplied:  Hint: Value was of type 'str'"},
      {"runs/log-metric",
       {{"run_id", run}, {"key", "a"}, {"value", true}, {"timestamp", 1}},
       "Value was of type 'bool'"},
      {"runs/log-metric",
       {{"run_id", run}, {"key", "a"}, {"value", 1}, {"timestamp", -1}},
       "Timestamp must be a nonnegative long"},
      {"runs/log-metric",
       {{"run_id", run}, {"key", "a"}, {"value", 1}, {"timestamp", 1.5}},
       "Invalid value 1.5 for parameter 'timestamp'"},
      {"runs/log-metric",
       {{"run_id", run}, {"key", "a"}, {"value", 1}, {"timestamp", 18446744073709551615u}},
       "Invalid value 18446744073709551615 for parameter 'timestamp'"},
      {"runs/log-metric",
       {{"run_id", run}, {"key", "../a"}, {"value", 1}, {"timestamp", 1}},
       "This name would resolve to '../a'"},
      {"runs/log-metric",
       {{"run_id", ""}, {"key", "a"}, {"value", 1}, {"timestamp", 1}},
       "Missing value for required parameter 'run_id'"},
  };
  for (const auto& [path, body, message] : cases) {
    EXPECT_THAT(Post(path, body), Refused(kInvalid, HasSubstr(message))) << path << " " << body;
  }
}

TEST_F(TrackingRoutesTest, WhatIsOfAnotherTypeInOtherCallsIsNamed) {
  const std::string run = StartRun();
  const std::tuple<std::string, Json, const char*> cases[] = {
      {"runs/set-tag", {{"run_id", 5}, {"key", "a"}}, "Invalid value 5 for parameter 'run_id'"},
      {"runs/set-tag", {{"run_id", run}, {"key", {{"a", 1}}}}, "Value was of type 'dict'"},
      {"runs/set-tag",
       {{"run_id", run}, {"key", "a"}, {"value", std::string(8001, 'x')}},
       "'value' exceeds the maximum length of 8000 characters"},
      {"runs/log-batch", {{"run_id", run}, {"metrics", "x"}}, "Invalid value \"x\""},
      {"runs/log-batch", {{"run_id", run}, {"metrics", {1, 2}}}, "Invalid value [1,2]"},
      {"runs/log-batch",
       {{"run_id", run}, {"metrics", {{{"key", "a"}, {"value", 1}}}}},
       "Missing value for required parameter 'metrics[0].timestamp'"},
      {"runs/log-batch",
       {{"run_id", run}, {"params", {{{"key", "a*"}, {"value", "1"}}}}},
       "Invalid value \"a*\" for parameter 'params[0].key'"},
      {"runs/log-batch",
       {{"run_id", run},
        {"params", {{{"key", "a"}, {"value", "1"}}, {{"key", "a"}, {"value", "2"}}}}},
       "Duplicate parameter keys have been submitted: ['a']"},
  };
  for (const auto& [path, body, message] : cases) {
    EXPECT_THAT(Post(path, body), Refused(kInvalid, HasSubstr(message))) << path << " " << body;
  }
  EXPECT_THAT(Post("runs/set-tag", {{"run_id", run}, {"runId", run}, {"key", "a"}}),
              Refused(kInvalid, HasSubstr("both 'run_id' and 'runId'")));
  EXPECT_THAT(Post("runs/set-tag", {{"run_id", "none"}, {"key", "a"}}),
              Refused(kMissing, HasSubstr("Run with id=none not found")));
}

TEST_F(TrackingRoutesTest, SearchesAndNamesThatCannotBeAreRefused) {
  const std::string run = StartRun();
  const std::tuple<std::string, Json, const char*> cases[] = {
      {"runs/update", {{"run_id", run}, {"status", "DONE"}}, "Invalid value \"DONE\""},
      {"runs/search", {{"experiment_ids", "0"}}, "for parameter 'experiment_ids'"},
      {"runs/search", {{"experiment_ids", {0}}}, "for parameter 'experiment_ids'"},
      {"runs/search", {{"max_results", 50'001}}, "It must be at most 50000"},
      {"runs/search", {{"max_results", 0}}, "It must be a positive integer"},
      {"runs/search", {{"run_view_type", "SOME"}}, "Invalid value \"SOME\""},
      {"runs/search", {{"filter", "metrics.a = 'x"}}, "is not closed"},
      {"runs/create", {{"experiment_id", "zero"}}, "Invalid experiment ID 'zero'"},
      {"runs/create",
       {{"run_name", "a"}, {"tags", {{{"key", "mlflow.runName"}, {"value", "b"}}}}},
       "Both 'run_name' argument and 'mlflow.runName' tag"},
      {"experiments/create",
       {{"name", "x"}, {"artifact_location", "/etc"}},
       "Invalid artifact location '/etc'"},
      {"experiments/create",
       {{"name", "x"}, {"artifact_location", "file:///etc"}},
       "Invalid artifact location"},
      {"experiments/create",
       {{"name", "x"}, {"artifact_location", "mlflow-artifacts:/../x"}},
       "Invalid path"},
      {"experiments/create", {{"name", "x"}, {"artifact_location", "s3://b/../../x"}}, "'..'"},
      {"experiments/create", {{"name", std::string(501, 'x')}}, "'name' exceeds the maximum"},
      {"runs/log-model", {{"run_id", run}, {"model_json", "{"}}, "is not a valid JSON"},
      {"runs/log-model", {{"run_id", run}, {"model_json", "{}"}}, "missing mandatory fields"},
  };
  for (const auto& [path, body, message] : cases) {
    EXPECT_THAT(Post(path, body), Refused(kInvalid, HasSubstr(message))) << path << " " << body;
  }
  EXPECT_THAT(Get("runs/get", {{"run_id", "x' OR '1'='1"}}), Refused(kMissing, HasSubstr("x' OR")));
  EXPECT_THAT(Get("metrics/get-history", {{"run_id", run}}),
              Refused(kInvalid, HasSubstr("'metric_key'")));
}

TEST_F(TrackingRoutesTest, BodiesThatAreNoJsonObjectAreRefused) {
  for (const char* body : {"{", "[]", "5", "\"x\"", "{\"a\": nan}", "{\"name\": \"\xff\"}", "null",
                           "{\"name\": \"a\\u0000"}) {
    EXPECT_THAT(Call("POST", "experiments/create", body), Refused(kInvalid, HasSubstr("body")))
        << body;
  }
  EXPECT_THAT(Call("POST", "experiments/create", "{\"name\":" + std::string(500, '[')),
              Refused(kInvalid, HasSubstr("nested deeper")));
  HttpRequest form{
      .method = "POST", .path = "/api/2.0/mlflow/experiments/create", .body = "{\"name\": \"x\"}"};
  EXPECT_THAT(Send(form), Refused(kInvalid, HasSubstr("Content-Type header is missing")));
  form.headers.Add("Content-Type", "text/plain");
  EXPECT_THAT(Send(form), Refused(kInvalid, HasSubstr("must be one of ['application/json']")));
  EXPECT_THAT(Post("experiments/create", {{"name", std::string("a\0b", 3)}}), Answered());
}

TEST_F(TrackingRoutesTest, BatchesHaveMlflowsLimits) {
  const std::string run = StartRun();
  const auto list = [](size_t count, bool metric) {
    Json items = Json::array();
    for (size_t i = 0; i < count; ++i) {
      Json item = {{"key", fmt::format("k{}", i)}};
      item["value"] = metric ? Json(1) : Json("v");
      item["timestamp"] = 1;
      items.push_back(item);
    }
    return items;
  };
  EXPECT_THAT(Post("runs/log-batch", {{"run_id", run}, {"metrics", list(1000, true)}}), Answered());
  EXPECT_THAT(Post("runs/log-batch", {{"run_id", run}, {"metrics", list(1001, true)}}),
              Refused(kInvalid, HasSubstr("can contain at most 1000 metrics. Got 1001 metrics.")));
  EXPECT_THAT(Post("runs/log-batch", {{"run_id", run}, {"params", list(101, false)}}),
              Refused(kInvalid, HasSubstr("at most 100 params")));
  EXPECT_THAT(Post("runs/log-batch", {{"run_id", run}, {"tags", list(101, false)}}),
              Refused(kInvalid, HasSubstr("at most 100 tags")));
  EXPECT_THAT(Post("runs/log-batch",
                   {{"run_id", run}, {"metrics", list(950, true)}, {"params", list(51, false)}}),
              Refused(kInvalid, HasSubstr("at most 1000 metrics, params, and tags")));
  Json big = {{"run_id", run}, {"tags", list(1, false)}, {"filler", std::string(1'000'000, 'x')}};
  EXPECT_THAT(Post("runs/log-batch", big), Refused(kInvalid, HasSubstr("at most 1000000 bytes")));
  // Characters, not bytes.
  std::string umlauts;
  for (int i = 0; i < 6000; ++i) umlauts += "ü";
  EXPECT_THAT(Post("runs/log-parameter", {{"run_id", run}, {"key", "größe"}, {"value", umlauts}}),
              Answered());
}

TEST_F(TrackingRoutesTest, TheRegistryIsMlflows) {
  const std::string run = StartRun();
  EXPECT_THAT(Post("registered-models/create", {{"name", "churn"}}), Answered());
  const std::string source = "mlflow-artifacts:/0/" + run + "/artifacts/model";
  auto made =
      Post("model-versions/create", {{"name", "churn"}, {"source", source}, {"run_id", run}});
  ASSERT_THAT(made, Answered());
  EXPECT_EQ(made.json["model_version"]["version"], "1");
  EXPECT_EQ(made.json["model_version"]["source"], source);
  EXPECT_EQ(made.json["model_version"]["status"], "READY");
  EXPECT_THAT(
      Post("registered-models/alias", {{"name", "churn"}, {"alias", "champion"}, {"version", "1"}}),
      Answered());
  auto by_alias = Get("registered-models/alias", {{"name", "churn"}, {"alias", "champion"}});
  EXPECT_EQ(by_alias.json["model_version"]["aliases"][0], "champion");
  EXPECT_EQ(Get("model-versions/get-download-uri", {{"name", "churn"}, {"version", "1"}})
                .json["artifact_uri"],
            source);
  EXPECT_THAT(Get("registered-models/alias", {{"name", "churn"}, {"alias", "none"}}),
              Refused(kInvalid, StartsWith("Registered model alias none not found.")));
  EXPECT_THAT(Get("registered-models/alias", {{"name", "none"}, {"alias", "champion"}}),
              Refused(kMissing, HasSubstr("Registered Model with name=none not found")));
  EXPECT_THAT(Get("model-versions/get", {{"name", "churn"}, {"version", "one"}}),
              Refused(kInvalid, HasSubstr("Parameter 'version' must be an integer, got 'one'.")));
  EXPECT_THAT(Post("model-versions/transition-stage",
                   {{"name", "churn"}, {"version", "1"}, {"stage", "Production"}}),
              Refused("NOT_IMPLEMENTED", HasSubstr("set_registered_model_alias('churn'")));
  EXPECT_THAT(
      Post("registered-models/get-latest-versions", {{"name", "churn"}}).json["model_versions"],
      SizeIs(1));
  EXPECT_EQ(
      Post("registered-models/get-latest-versions", {{"name", "churn"}, {"stages", {"Production"}}})
          .response.body,
      "{}");
  EXPECT_THAT(Call("PATCH", "model-versions/update",
                   R"({"name": "churn", "version": "1", "description": "good"})"),
              Answered());
  EXPECT_THAT(
      Call("DELETE", "registered-models/alias", R"({"name": "churn", "alias": "champion"})"),
      Answered());
  const auto history = *registry_->History("churn");
  EXPECT_EQ(history[0].action, "delete_alias");
  EXPECT_EQ(history[0].principal, "ada");
  EXPECT_THAT(Post("registered-models/rename", {{"name", "churn"}, {"new_name", "leavers"}}),
              Answered());
  EXPECT_THAT(Call("DELETE", "registered-models/delete", R"({"name": "leavers"})"), Answered());
}

TEST_F(TrackingRoutesTest, AVersionsSourceLiesInsideWhatItsRunMade) {
  const std::string run = StartRun();
  const std::string other = StartRun();
  EXPECT_THAT(Post("registered-models/create", {{"name", "churn"}}), Answered());
  const std::string own = "mlflow-artifacts:/0/" + run + "/artifacts";
  for (const std::string& source :
       {own, own + "/model/", "runs:/" + run + "/model", std::string("s3://bucket/model")}) {
    EXPECT_THAT(
        Post("model-versions/create", {{"name", "churn"}, {"source", source}, {"run_id", run}}),
        Answered())
        << source;
  }
  for (const std::string& source :
       {std::string("/etc"), std::string("file:///etc"), own + "/../../x", own + "/%2e%2e/x",
        own + "x", std::string("mlflow-artifacts:/0"), std::string("runs:/") + other + "/model",
        std::string("models:/churn/nine"), std::string("models:/churn"),
        "mlflow-artifacts:/0/" + other + "/artifacts/model", std::string("s3://b/../../etc"),
        dir_ / "artifacts/0/x"}) {
    EXPECT_THAT(
        Post("model-versions/create", {{"name", "churn"}, {"source", source}, {"run_id", run}}),
        Refused(kInvalid, HasSubstr("Invalid")))
        << source;
  }
  EXPECT_THAT(Post("model-versions/create", {{"name", "churn"}, {"source", own}}),
              Refused(kInvalid, HasSubstr("The run_id request parameter must identify")));
  EXPECT_THAT(Post("model-versions/create", {{"name", "churn"}, {"source", "models:/m-none"}}),
              Refused(kMissing, HasSubstr("'m-none' not found")));
  auto copy = Post("model-versions/create", {{"name", "churn"}, {"source", "models:/churn/2"}});
  EXPECT_EQ(copy.json["model_version"]["source"], "models:/churn/2");
  EXPECT_EQ(copy.json["model_version"]["run_id"], run);
}

TEST_F(TrackingRoutesTest, LoggedModelsAreLoggedAndRegistered) {
  const std::string run = StartRun();
  auto made =
      Post("logged-models", {{"experiment_id", "0"}, {"name", "model"}, {"source_run_id", run}});
  ASSERT_THAT(made, Answered());
  const std::string id = made.json["model"]["info"]["model_id"];
  EXPECT_EQ(made.json["model"]["info"]["status"], "LOGGED_MODEL_PENDING");
  EXPECT_EQ(made.json["model"]["info"]["artifact_uri"],
            "mlflow-artifacts:/0/models/" + id + "/artifacts");
  EXPECT_THAT(Post("runs/outputs", {{"run_id", run}, {"models", {{{"model_id", id}}}}}),
              Answered());
  EXPECT_THAT(Call("PATCH", "logged-models/" + id, R"({"status": "LOGGED_MODEL_READY"})"),
              Answered());
  EXPECT_THAT(Call("PATCH", "logged-models/" + id, R"({"status": 9})"),
              Refused(kInvalid, HasSubstr("'status'")));
  EXPECT_THAT(Artifact("PUT", "0/models/" + id + "/artifacts/MLmodel", "flavors: {}"), Answered());
  EXPECT_EQ(Get("logged-models/" + id + "/artifacts/directories").json["files"][0]["path"],
            "MLmodel");
  EXPECT_THAT(Post("registered-models/create", {{"name", "churn"}}), Answered());
  auto version = Post("model-versions/create",
                      {{"name", "churn"}, {"source", "models:/" + id}, {"model_id", id}});
  ASSERT_THAT(version, Answered());
  EXPECT_EQ(version.json["model_version"]["source"], "models:/" + id);
  EXPECT_EQ(version.json["model_version"]["run_id"], run);
  EXPECT_EQ(Get("model-versions/get-download-uri", {{"name", "churn"}, {"version", "1"}})
                .json["artifact_uri"],
            "mlflow-artifacts:/0/models/" + id + "/artifacts");
  EXPECT_THAT(Get("logged-models/" + id).response.body, HasSubstr("mlflow.modelVersions"));
  EXPECT_THAT(
      Call("PATCH", "logged-models/" + id + "/tags", R"({"tags": [{"key": "a/b", "value": "c"}]})"),
      Answered());
  EXPECT_THAT(Call("DELETE", "logged-models/" + id + "/tags/a/b", ""), Answered());
  auto found = Post("logged-models/search",
                    {{"experiment_ids", {"0"}},
                     {"filter", "name = 'model'"},
                     {"order_by", {{{"field_name", "creation_time"}, {"ascending", false}}}}});
  EXPECT_THAT(found.json["models"], SizeIs(1));
  EXPECT_THAT(Get("logged-models/m-none"), Refused(kMissing, HasSubstr("'m-none'")));
  EXPECT_THAT(Call("DELETE", "logged-models/" + id, ""), Answered());
  EXPECT_THAT(Get("logged-models/" + id), Refused(kMissing, HasSubstr(id)));
  EXPECT_THAT(Get("logged-models/" + id, {{"allow_deleted", "true"}}), Answered());
}

TEST_F(TrackingRoutesTest, TheUisPrefixAndTheServersOwnRoutesAnswer) {
  EXPECT_THAT(Send({.method = "GET",
                    .path = "/ajax-api/2.0/mlflow/experiments/get",
                    .query = {{"experiment_id", "0"}}}),
              Answered());
  EXPECT_EQ(Send({.method = "GET", .path = "/health"}).response.body, "OK");
  EXPECT_EQ(Send({.method = "GET", .path = "/api/3.0/mlflow/server-info"}).json["store_type"],
            "SqlStore");
  EXPECT_THAT(Send({.method = "GET", .path = "/api/2.0/mlflow/experiments/create"}),
              Refused("METHOD_NOT_ALLOWED", HasSubstr("POST")));
  EXPECT_THAT(Send({.method = "GET", .path = "/api/2.0/mlflow/none"}),
              Refused("ENDPOINT_NOT_FOUND", HasSubstr("none")));
}

}  // namespace
}  // namespace millpond::platform
