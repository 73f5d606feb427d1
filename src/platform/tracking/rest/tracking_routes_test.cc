#include "platform/tracking/rest/tracking_routes.h"

#include <cmath>

#include "platform/tracking/rest/rest_test_fixture.h"

namespace millpond::platform {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

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
