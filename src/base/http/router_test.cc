#include "base/http/router.h"

#include <stdexcept>

#include "base/testing/result_matchers.h"

namespace millpond {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Answers with its own name and the parameters it was given.
Route Named(std::string method, std::string pattern) {
  std::string name = method + " " + pattern;
  return {.method = std::move(method),
          .pattern = std::move(pattern),
          .handler = [name](const HttpRequest& request) -> Result<HttpResponse> {
            std::string text = name;
            for (const auto& [key, value] : request.parameters) text += " " + key + "=" + value;
            return TextResponse(text);
          }};
}

std::string Ask(const Router& router, std::string method, std::string path) {
  HttpRequest request;
  request.method = std::move(method);
  request.path = std::move(path);
  HttpResponse response = router.Dispatch(std::move(request));
  return response.status == 200 ? response.body : std::to_string(response.status);
}

TEST(RouterTest, FindsLiteralsParametersAndRests) {
  Router router;
  router.Add(Named("GET", "/"));
  router.Add(Named("GET", "/runs/{id}"));
  router.Add(Named("GET", "/runs/{id}/metrics/{key}"));
  router.Add(Named("GET", "/runs/search"));
  router.Add(Named("GET", "/files/{path...}"));
  router.Add(Named("GET", "/files"));
  EXPECT_EQ(Ask(router, "GET", "/"), "GET /");
  EXPECT_EQ(Ask(router, "GET", "/runs/7"), "GET /runs/{id} id=7");
  EXPECT_EQ(Ask(router, "GET", "/runs/search"), "GET /runs/search");
  EXPECT_EQ(Ask(router, "GET", "/runs/7/metrics/auc"), "GET /runs/{id}/metrics/{key} id=7 key=auc");
  EXPECT_EQ(Ask(router, "GET", "/files/a/b//c"), "GET /files/{path...} path=a/b//c");
  EXPECT_EQ(Ask(router, "GET", "/files/"), "GET /files/{path...} path=");
  EXPECT_EQ(Ask(router, "GET", "/files"), "GET /files");
  for (std::string nothing : {"", "*", "/runs", "/runs/", "/runs/7/", "//", "/runs//metrics/a"}) {
    EXPECT_EQ(Ask(router, "GET", nothing), "404") << nothing;
  }
}

TEST(RouterTest, GoesBackFromALiteralThatLeadsNowhere) {
  Router router;
  router.Add(Named("GET", "/a/b/c"));
  router.Add(Named("GET", "/a/{x}/d"));
  router.Add(Named("GET", "/{all...}"));
  EXPECT_EQ(Ask(router, "GET", "/a/b/c"), "GET /a/b/c");
  EXPECT_EQ(Ask(router, "GET", "/a/b/d"), "GET /a/{x}/d x=b");
  EXPECT_EQ(Ask(router, "GET", "/a/b/e"), "GET /{all...} all=a/b/e");
  EXPECT_EQ(Ask(router, "GET", "/"), "GET /{all...} all=");
}

TEST(RouterTest, AnEmptyRestNeedsNoSlash) {
  Router router;
  router.Add(Named("GET", "/files/{path...}"));
  EXPECT_EQ(Ask(router, "GET", "/files"), "GET /files/{path...} path=");
}

TEST(RouterTest, MethodsOfOnePathHaveNamesOfTheirOwn) {
  Router router;
  router.Add(Named("GET", "/runs/search"));
  router.Add(Named("POST", "/runs/{id}"));
  router.Add(Named("DELETE", "/runs/{run_id}"));
  EXPECT_EQ(Ask(router, "POST", "/runs/search"), "POST /runs/{id} id=search");
  EXPECT_EQ(Ask(router, "DELETE", "/runs/7"), "DELETE /runs/{run_id} run_id=7");
  Router::Match match = router.Find("PUT", "/runs/search");
  EXPECT_EQ(match.route, nullptr);
  EXPECT_THAT(match.allowed, ElementsAre("DELETE", "GET", "HEAD", "POST"));
  EXPECT_THAT(router.Find("PUT", "/other").allowed, IsEmpty());
}

TEST(RouterTest, AnswersHeadByGet) {
  Router router;
  router.Add(Named("GET", "/page"));
  EXPECT_EQ(Ask(router, "HEAD", "/page"), "GET /page");
}

TEST(RouterTest, SaysWhatIsMissingInTheOneErrorForm) {
  Router router;
  router.Add(Named("GET", "/page"));
  HttpResponse unknown = router.Dispatch({.method = "GET", .path = "/pag"});
  EXPECT_EQ(unknown.status, 404);
  EXPECT_THAT(unknown.body, HasSubstr("\"error_code\":\"ENDPOINT_NOT_FOUND\""));
  EXPECT_THAT(unknown.body, HasSubstr("/pag"));
  HttpResponse other = router.Dispatch({.method = "POST", .path = "/page"});
  EXPECT_EQ(other.status, 405);
  EXPECT_EQ(other.headers.Get("Allow"), "GET, HEAD");
}

TEST(RouterTest, TurnsErrorsAndExceptionsIntoAnswers) {
  Router router;
  router.Add({.pattern = "/error", .handler = [](const HttpRequest&) -> Result<HttpResponse> {
                return Fail(ErrorKind::kConflict, "somebody was faster");
              }});
  router.Add({.pattern = "/throws", .handler = [](const HttpRequest&) -> Result<HttpResponse> {
                return TextResponse(std::string("abc").substr(9));
              }});
  EXPECT_EQ(router.Dispatch({.method = "GET", .path = "/error"}).status, 409);
  HttpResponse thrown = router.Dispatch({.method = "GET", .path = "/throws"});
  EXPECT_EQ(thrown.status, 500);
  EXPECT_THAT(thrown.body, HasSubstr("GET /throws met an exception"));
}

TEST(RouterTest, LongPathsCostNoStack) {
  Router router;
  router.Add(Named("GET", "/{a}/{b}"));
  router.Add(Named("GET", "/files/{path...}"));
  std::string slashes(1'000'000, '/');
  EXPECT_EQ(Ask(router, "GET", slashes), "404");
  EXPECT_EQ(Ask(router, "GET", "/files/" + slashes).size(),
            slashes.size() + std::string("GET /files/{path...} path=").size());
}

TEST(RouterDeathTest, TwoRoutesThatCannotBeToldApart) {
  Router router;
  router.Add(Named("GET", "/runs/{id}"));
  EXPECT_DEATH(router.Add(Named("GET", "/runs/{run}")), "two routes GET /runs/\\{run\\}");
  EXPECT_DEATH(router.Add(Named("GET", "/{rest...}/more")), "CHECK failed");
}

}  // namespace
}  // namespace millpond
