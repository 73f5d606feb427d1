#include "platform/jobs/job_routes.h"

#include <charconv>

#include "base/json.h"
#include "platform/jobs/job_list.h"

namespace millpond::platform {
namespace {

constexpr int kDefaultLimit = 100;
constexpr int kMaxLimit = 1000;
constexpr int64_t kRunBodyBytes = 4096;

Result<HttpResponse> List(const JobRouteParts& parts) {
  MP_ASSIGN_OR_RETURN(auto jobs,
                      ListJobs(*parts.scheduler.jobs(), parts.runs, parts.project_clock));
  OrderedJson list = OrderedJson::array();
  for (const JobStatus& status : jobs) list.push_back(ToJson(status));
  return JsonResponse(
      OrderedJson{{"now", FormatTimestamp(parts.project_clock.Now())}, {"jobs", std::move(list)}});
}

Result<int> LimitOf(const HttpRequest& request) {
  const auto text = request.Query("limit");
  if (!text) return kDefaultLimit;
  int limit = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), limit);
  if (error == std::errc() && end == text->data() + text->size() && limit >= 1 &&
      limit <= kMaxLimit) {
    return limit;
  }
  return Fail(ErrorKind::kInvalidArgument, "limit is a whole number from 1 to {}, not '{}'",
              kMaxLimit, *text);
}

Result<HttpResponse> Runs(const JobRouteParts& parts, const HttpRequest& request) {
  const std::string& name = request.Parameter("name");
  MP_ASSIGN_OR_RETURN(int limit, LimitOf(request));
  MP_ASSIGN_OR_RETURN(auto runs, parts.runs.List(name, limit));
  // The runs of a job whose file is gone can still be looked at.
  if (runs.empty()) MP_RETURN_IF_ERROR(parts.scheduler.jobs()->Require(name, "jobs"));
  OrderedJson list = OrderedJson::array();
  for (const JobRun& run : runs) list.push_back(ToJson(run));
  return JsonResponse(OrderedJson{{"runs", std::move(list)}});
}

Result<HttpResponse> Run(const JobRouteParts& parts, const HttpRequest& request) {
  MP_ASSIGN_OR_RETURN(auto run,
                      parts.scheduler.RunNow(request.Parameter("name"), request.principal));
  return JsonResponse(ToJson(run), 202);
}

Json ObjectOf(const char* key, Json schema) {
  return {{"type", "object"}, {"properties", {{key, std::move(schema)}}}};
}

}  // namespace

void AddJobRoutes(Router& router, JobRouteParts parts) {
  const Json objects = {{"type", "array"}, {"items", {{"type", "object"}}}};
  router.Add({.method = "GET",
              .pattern = "/api/jobs",
              .handler = [parts](const HttpRequest&) { return List(parts); },
              .doc = {.summary = "Jobs with their next tick and last run",
                      .tag = "jobs",
                      .response = ObjectOf("jobs", objects)}});
  router.Add({.method = "GET",
              .pattern = "/api/jobs/{name}/runs",
              .handler = [parts](const HttpRequest& request) { return Runs(parts, request); },
              .doc = {.summary = "Runs of a job, newest first",
                      .tag = "jobs",
                      .response = ObjectOf("runs", objects),
                      .query = {"limit"}}});
  router.Add(
      {.method = "POST",
       .pattern = "/api/jobs/{name}/run",
       .handler = [parts](const HttpRequest& request) { return Run(parts, request); },
       .max_body_bytes = kRunBodyBytes,
       .doc = {.summary = "Asks for a run of a job; 202 with the run that waits", .tag = "jobs"}});
}

}  // namespace millpond::platform
