#include <filesystem>
#include <fstream>

#include "platform/tracking/rest/rest_test_fixture.h"

namespace millpond::platform {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr const char* kInvalid = "INVALID_PARAMETER_VALUE";

using ArtifactRoutesTest = RestFixture;

TEST_F(ArtifactRoutesTest, FilesComeAndGo) {
  const std::string run = NewRun();
  const std::string folder = "0/" + run + "/artifacts/";
  EXPECT_THAT(Artifact("PUT", folder + "plots/a b.json", "{}"), Answered());
  EXPECT_THAT(Artifact("PUT", folder + "empty.txt", ""), Answered());
  auto got = Artifact("GET", folder + "plots/a b.json");
  EXPECT_EQ(got.response.body_file, dir_ / ("artifacts/" + folder + "plots/a b.json"));
  EXPECT_EQ(got.response.content_type, "application/json");
  EXPECT_EQ(got.response.headers.Get("X-Content-Type-Options"), "nosniff");
  auto listed = Get("artifacts/list", {{"run_id", run}});
  EXPECT_EQ(listed.json["root_uri"], "mlflow-artifacts:/0/" + run + "/artifacts");
  ASSERT_THAT(listed.json["files"], SizeIs(2));
  EXPECT_EQ(listed.json["files"][1]["path"], "plots");
  EXPECT_EQ(listed.json["files"][1]["is_dir"], true);
  listed = Get("artifacts/list", {{"run_id", run}, {"path", "plots"}});
  EXPECT_EQ(listed.json["files"][0]["path"], "plots/a b.json");
  EXPECT_EQ(listed.json["files"][0]["file_size"], 2);
  auto proxied = Send({.method = "GET",
                       .path = "/api/2.0/mlflow-artifacts/artifacts",
                       .query = {{"path", folder + "plots"}}});
  EXPECT_EQ(proxied.json["files"][0]["path"], "a b.json");
  EXPECT_THAT(Artifact("DELETE", folder + "plots"), Answered());
  EXPECT_THAT(Artifact("GET", folder + "plots/a b.json"),
              Refused("RESOURCE_DOES_NOT_EXIST", HasSubstr("there is no artifact")));
  EXPECT_THAT(Artifact("DELETE", folder + "plots"),
              Refused("RESOURCE_DOES_NOT_EXIST", HasSubstr("plots")));
  EXPECT_THAT(Artifact("GET", "0/" + run), Refused(kInvalid, HasSubstr("is a folder")));
  EXPECT_THAT(Artifact("PUT", folder + "empty.txt/x", "y"), Refused(kInvalid, HasSubstr("folder")));
}

TEST_F(ArtifactRoutesTest, ASpooledBodyIsMoved) {
  const std::string spooled = dir_ / "spooled";
  std::ofstream(spooled) << "bytes";
  HttpRequest request{.method = "PUT",
                      .path = "/ajax-api/2.0/mlflow-artifacts/artifacts/0/r/artifacts/a.bin",
                      .body_file = spooled};
  EXPECT_THAT(Send(request), Answered());
  EXPECT_FALSE(std::filesystem::exists(spooled));
  EXPECT_THAT(artifacts_.GetAt(store_->artifact_root(), "0/r/artifacts/a.bin"),
              millpond::testing::IsOkAnd("bytes"));
}

TEST_F(ArtifactRoutesTest, NoPathLeadsOutOfTheRoot) {
  std::ofstream(dir_ / "secret.txt") << "secret";
  const std::string run = NewRun();
  for (const std::string& path :
       {std::string("../secret.txt"), std::string("0/../../secret.txt"),
        std::string("%2e%2e/secret.txt"), std::string("..%2fsecret.txt"),
        std::string("%252e%252e/secret.txt"), std::string("/etc/passwd"), std::string("//etc"),
        std::string("a//b"), std::string("./a"), std::string("a/."), std::string("a/"),
        std::string("a#b"), std::string("C:/x"), std::string("a\0b", 3), std::string("%00"),
        std::string(300, 'x'), std::string(3000, '/')}) {
    for (const char* method : {"GET", "PUT", "DELETE"}) {
      EXPECT_THAT(Artifact(method, path, "x"), Refused(kInvalid, HasSubstr("Invalid path")))
          << method << " " << path;
    }
    EXPECT_THAT(Send({.method = "GET",
                      .path = "/api/2.0/mlflow-artifacts/artifacts",
                      .query = {{"path", path}}}),
                Refused(kInvalid, HasSubstr("Invalid path")));
    EXPECT_THAT(Get("artifacts/list", {{"run_id", run}, {"path", path}}),
                Refused(kInvalid, HasSubstr("Invalid path")))
        << path;
  }
  for (const char* method : {"GET", "PUT", "DELETE"}) {
    EXPECT_EQ(Artifact(method, "", "x").status, 400) << method;
  }
  EXPECT_TRUE(std::filesystem::exists(dir_ / "secret.txt"));
}

TEST_F(ArtifactRoutesTest, FilesOfARegisteredVersionDoNotChange) {
  const std::string run = NewRun();
  const std::string model = "0/" + run + "/artifacts/model";
  EXPECT_THAT(Artifact("PUT", model + "/MLmodel", "flavors: {}"), Answered());
  MP_ASSERT_OK(registry_->CreateModel("churn", {}, "", "ada"));
  MP_ASSERT_OK(registry_->CreateVersion(
      {.name = "churn", .run_id = run, .source = dir_ / ("artifacts/" + model)}));
  for (const auto& [method, path] :
       {std::pair{"PUT", model + "/MLmodel"}, std::pair{"PUT", model + "/new"},
        std::pair{"DELETE", model}, std::pair{"DELETE", model + "/MLmodel"},
        std::pair{"DELETE", "0/" + run}, std::pair{"DELETE", std::string("0")}}) {
    EXPECT_THAT(Artifact(method, path, "x"),
                Refused("RESOURCE_CONFLICT", HasSubstr("version 1 of model 'churn'")))
        << method << " " << path;
  }
  EXPECT_THAT(Artifact("PUT", "0/" + run + "/artifacts/models", "x"), Answered());
  MP_ASSERT_OK(registry_->DeleteVersion("churn", 1, "ada"));
  EXPECT_THAT(Artifact("DELETE", model), Answered());
}

TEST_F(ArtifactRoutesTest, AForeignStoreIsNotRead) {
  auto made =
      Post("experiments/create", {{"name", "far"}, {"artifact_location", "s3://bucket/far"}});
  auto run = Post("runs/create", {{"experiment_id", made.json["experiment_id"]}});
  const std::string id = run.json["run"]["info"]["run_id"];
  EXPECT_EQ(run.json["run"]["info"]["artifact_uri"], "s3://bucket/far/" + id + "/artifacts");
  EXPECT_THAT(Get("artifacts/list", {{"run_id", id}}),
              Refused("NOT_IMPLEMENTED", HasSubstr("s3://bucket/far")));
  HttpRequest request{.method = "POST", .path = "/api/2.0/mlflow-artifacts/mpu/create/a"};
  EXPECT_THAT(Send(request), Refused("NOT_IMPLEMENTED", HasSubstr("PUT")));
}

}  // namespace
}  // namespace millpond::platform
