#include "platform/access/access_routes.h"

#include "base/json.h"
#include "platform/access/access_authenticator.h"

namespace millpond::platform {
namespace {

constexpr int64_t kLoginBytes = 4096;

Result<HttpResponse> LogIn(AccessStore& store, bool secure, const HttpRequest& request) {
  MP_ASSIGN_OR_RETURN(Json body, JsonBody(request));
  for (const char* field : {"user", "password"}) {
    if (!body.contains(field) || !body[field].is_string()) {
      return Fail(ErrorKind::kInvalidArgument,
                  R"(a login is {{"user": …, "password": …}}, both texts; '{}' is not there)",
                  field);
    }
  }
  MP_ASSIGN_OR_RETURN(NewToken session, store.LogIn(body["user"].get<std::string>(),
                                                    body["password"].get<std::string>()));
  HttpResponse response = JsonResponse(Json{{"principal", session.info.principal},
                                            {"expires", FormatTimestamp(session.info.expires_at)}});
  response.headers.Add("Set-Cookie",
                       fmt::format("millpond_session={}; Path=/; HttpOnly; SameSite=Strict{}",
                                   session.secret, secure ? "; Secure" : ""));
  return response;
}

Result<HttpResponse> LogOut(AccessStore& store, const HttpRequest& request) {
  MP_RETURN_IF_ERROR(store.EndSession(FindSecret(request).secret));
  HttpResponse response = JsonResponse(Json::object());
  response.headers.Add("Set-Cookie",
                       "millpond_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
  return response;
}

}  // namespace

void AddAccessRoutes(Router& router, AccessStore& store, bool secure) {
  router.Add(
      {.method = "POST",
       .pattern = "/login",
       .handler = [&store,
                   secure](const HttpRequest& request) { return LogIn(store, secure, request); },
       .max_body_bytes = kLoginBytes,
       .open = true,
       .doc = {
           .summary = "A session cookie for a user's password",
           .tag = "access",
           .request = {{"type", "object"},
                       {"required", {"user", "password"}},
                       {"properties",
                        {{"user", {{"type", "string"}}}, {"password", {{"type", "string"}}}}}}}});
  router.Add({.method = "POST",
              .pattern = "/logout",
              .handler = [&store](const HttpRequest& request) { return LogOut(store, request); },
              .max_body_bytes = kLoginBytes,
              .doc = {.summary = "Ends the session", .tag = "access"}});
  router.Add({.method = "GET",
              .pattern = "/api/access/whoami",
              .handler = [](const HttpRequest& request) -> Result<HttpResponse> {
                return JsonResponse(Json{{"principal", request.principal}});
              },
              .thread = RouteThread::kInline,
              .doc = {.summary = "Who this request is taken for", .tag = "access"}});
}

}  // namespace millpond::platform
