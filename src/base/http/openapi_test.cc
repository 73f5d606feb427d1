#include "base/http/openapi.h"

#include "base/testing/result_matchers.h"

namespace millpond {
namespace {

Result<HttpResponse> Answer(const HttpRequest&) {
  return TextResponse("");
}

TEST(OpenApiTest, ForgetsNoRouteAndNoParameter) {
  Router router;
  router.Add({.method = "POST",
              .pattern = "/api/features/{view}/get",
              .handler = Answer,
              .doc = {.summary = "Features of entities",
                      .tag = "features",
                      .request = {{"type", "object"}},
                      .query = {"at"}}});
  router.Add({.method = "PUT",
              .pattern = "/files/{path...}",
              .handler = Answer,
              .spool_body = true,
              .open = true});
  router.Add({.method = "GET", .pattern = "/files/{path...}", .handler = Answer});
  const OrderedJson document = OpenApiDocument(router, "Millpond", "0.1.0");
  EXPECT_EQ(document["openapi"], "3.1.0");
  EXPECT_EQ(document["info"]["version"], "0.1.0");
  ASSERT_EQ(document["paths"].size(), 2u);
  const OrderedJson& get = document["paths"]["/api/features/{view}/get"]["post"];
  EXPECT_EQ(get["operationId"], "post_api_features_view_get");
  EXPECT_EQ(get["summary"], "Features of entities");
  EXPECT_EQ(get["tags"], OrderedJson({"features"}));
  EXPECT_EQ(get["parameters"][0]["name"], "view");
  EXPECT_EQ(get["parameters"][0]["in"], "path");
  EXPECT_EQ(get["parameters"][1]["name"], "at");
  EXPECT_EQ(get["parameters"][1]["in"], "query");
  EXPECT_EQ(get["requestBody"]["content"]["application/json"]["schema"]["type"], "object");
  const OrderedJson& files = document["paths"]["/files/{path}"];
  EXPECT_EQ(files.size(), 2u);
  EXPECT_TRUE(files["put"]["requestBody"]["content"].contains("application/octet-stream"));
  EXPECT_EQ(files["put"]["security"], OrderedJson::array());
  EXPECT_FALSE(files["get"].contains("security"));
  EXPECT_EQ(document["tags"][0]["name"], "features");
}

}  // namespace
}  // namespace millpond
