#include "platform/tracking/rest/tracking_routes.h"

#include "platform/tracking/rest/rest_test_fixture.h"

namespace millpond::platform {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr const char* kInvalid = "INVALID_PARAMETER_VALUE";
constexpr const char* kMissing = "RESOURCE_DOES_NOT_EXIST";

class RegistryRoutesTest : public RestFixture {
 protected:
  std::string StartRun() {
    return Post("runs/create", {{"experiment_id", "0"}, {"start_time", 5}})
        .json["run"]["info"]["run_id"];
  }
};

TEST_F(RegistryRoutesTest, TheRegistryIsMlflows) {
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

TEST_F(RegistryRoutesTest, AVersionsSourceLiesInsideWhatItsRunMade) {
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

TEST_F(RegistryRoutesTest, LoggedModelsAreLoggedAndRegistered) {
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

}  // namespace
}  // namespace millpond::platform
