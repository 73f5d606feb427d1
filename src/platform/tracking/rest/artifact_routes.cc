// artifacts/list, and mlflow-artifacts: files of runs and models through the server. Bodies come
// from and go to files: a file of any size passes in constant memory.
#include <array>

#include "platform/tracking/artifact_uri.h"
#include "platform/tracking/rest/endpoint_internal.h"
#include "platform/tracking/rest/mlflow_json.h"

namespace millpond::platform {

namespace {

constexpr int64_t kMaxUpload = int64_t{64} << 30;

OrderedJson Listing(const std::vector<FileInfo>& files, const std::string& below) {
  OrderedJson json = OrderedJson::object();
  for (const auto& file : files) {
    const std::string name(FileName(file.path));
    json["files"].push_back(FileJson(file, below.empty() ? name : JoinPath(below, name)));
  }
  return json;
}

Result<OrderedJson> ListOfRun(const Call& call) {
  MP_ASSIGN_OR_RETURN(auto run, call.parts.tracking.GetRun(call.Text("run_id")));
  const std::string path = call.Text("path");
  MP_ASSIGN_OR_RETURN(auto files, call.parts.artifacts.List(run.info, path));
  OrderedJson json;
  json["root_uri"] = ArtifactUri(call.parts.tracking.artifact_root(), run.info.artifact_uri);
  OrderedJson listing = Listing(files, path);
  if (!listing.empty()) json["files"] = std::move(listing["files"]);
  return json;
}

// Served as what it is for the few kinds that a browser shows without running them.
std::string_view ContentTypeOf(std::string_view path) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kTypes = {{
      {".json", "application/json"},
      {".txt", "text/plain; charset=utf-8"},
      {".md", "text/plain; charset=utf-8"},
      {".log", "text/plain; charset=utf-8"},
      {".csv", "text/csv; charset=utf-8"},
      {".yml", "text/plain; charset=utf-8"},
      {".yaml", "text/plain; charset=utf-8"},
      {".py", "text/plain; charset=utf-8"},
      {"/MLmodel", "text/plain; charset=utf-8"},
      {".png", "image/png"},
      {".jpg", "image/jpeg"},
      {".jpeg", "image/jpeg"},
  }};
  for (const auto& [end, type] : kTypes) {
    if (path.ends_with(end)) return type;
  }
  return "application/octet-stream";
}

Result<HttpResponse> Download(const TrackingParts& parts, const HttpRequest& request) {
  const std::string& path = request.Parameter("path");
  if (path.empty()) {
    return Fail(ErrorKind::kInvalidArgument, "name an artifact, or list with ?path=");
  }
  MP_ASSIGN_OR_RETURN(auto file, parts.artifacts.FileAt(parts.tracking.artifact_root(), path));
  HttpResponse response;
  response.content_type = ContentTypeOf(path);
  response.body_file = file.path;
  response.headers.Add("X-Content-Type-Options", "nosniff");
  response.headers.Add("Content-Disposition",
                       "attachment; filename*=UTF-8''" + PercentEncode(FileName(path)));
  return response;
}

// What a registered version is made of stays as it was registered.
Status CheckUnregistered(const TrackingParts& parts, const std::string& path) {
  MP_ASSIGN_OR_RETURN(const std::string full,
                      parts.artifacts.PathAt(parts.tracking.artifact_root(), path));
  MP_ASSIGN_OR_RETURN(auto version, parts.registry.VersionAt(full));
  if (!version) return OkStatus();
  return Fail(
      ErrorKind::kConflict,
      "artifact '{}' belongs to version {} of model '{}', whose files do not change; delete "
      "that version first",
      path, version->version, version->name);
}

Result<HttpResponse> Upload(const TrackingParts& parts, const HttpRequest& request) {
  const std::string& path = request.Parameter("path");
  MP_RETURN_IF_ERROR(CheckUnregistered(parts, path));
  const std::string& root = parts.tracking.artifact_root();
  if (request.body_file.empty()) {
    MP_RETURN_IF_ERROR(parts.artifacts.PutAt(root, path, request.body));
  } else {
    MP_RETURN_IF_ERROR(parts.artifacts.MoveTo(root, path, request.body_file));
  }
  return JsonResponse(OrderedJson::object());
}

Result<HttpResponse> Remove(const TrackingParts& parts, const HttpRequest& request) {
  const std::string& path = request.Parameter("path");
  MP_RETURN_IF_ERROR(CheckUnregistered(parts, path));
  MP_RETURN_IF_ERROR(parts.artifacts.RemoveAt(parts.tracking.artifact_root(), path));
  return JsonResponse(OrderedJson::object());
}

Result<HttpResponse> ListProxied(const TrackingParts& parts, const HttpRequest& request) {
  const std::string path(request.Query("path").value_or(""));
  MP_ASSIGN_OR_RETURN(auto files, parts.artifacts.ListAt(parts.tracking.artifact_root(), path));
  return JsonResponse(Listing(files, ""));
}

Result<HttpResponse> NotOffered(const HttpRequest&) {
  return Fail(ErrorKind::kUnsupported,
              "multipart and presigned transfers are not offered; send the file with PUT");
}

}  // namespace

void AddArtifactRoutes(Router& router, const TrackingParts& parts) {
  AddEndpoint(router, parts,
              {"GET",
               "artifacts/list",
               "Files of a run",
               {{.name = "run_id", .required = true, .former = "run_uuid"},
                {.name = "path"},
                {.name = "page_token"}},
               ListOfRun});
  const auto with = [parts](Result<HttpResponse> (*answer)(const TrackingParts&,
                                                           const HttpRequest&)) -> HttpHandler {
    return [parts, answer](const HttpRequest& request) { return answer(parts, request); };
  };
  for (const std::string prefix : {"/api/2.0/mlflow-artifacts", "/ajax-api/2.0/mlflow-artifacts"}) {
    const std::string file = prefix + "/artifacts/{path...}";
    router.Add({.method = "GET",
                .pattern = prefix + "/artifacts",
                .handler = with(ListProxied),
                .doc = {.summary = "Files below a path", .tag = "mlflow", .query = {"path"}}});
    router.Add({.method = "GET",
                .pattern = file,
                .handler = with(Download),
                .doc = {.summary = "An artifact's bytes", .tag = "mlflow"}});
    router.Add({.method = "PUT",
                .pattern = file,
                .handler = with(Upload),
                .max_body_bytes = kMaxUpload,
                .spool_body = true,
                .doc = {.summary = "Write or replace an artifact", .tag = "mlflow"}});
    router.Add({.method = "DELETE",
                .pattern = file,
                .handler = with(Remove),
                .doc = {.summary = "Remove an artifact or a folder of them", .tag = "mlflow"}});
    for (const char* step : {"create", "complete", "abort"}) {
      router.Add({.method = "POST",
                  .pattern = fmt::format("{}/mpu/{}/{{path...}}", prefix, step),
                  .handler = NotOffered,
                  .thread = RouteThread::kInline,
                  .doc = {.summary = "Multipart upload: not offered (501)", .tag = "mlflow"}});
    }
    router.Add({.method = "GET",
                .pattern = prefix + "/presigned/{path...}",
                .handler = NotOffered,
                .thread = RouteThread::kInline,
                .doc = {.summary = "Presigned download: not offered (501)", .tag = "mlflow"}});
  }
}

}  // namespace millpond::platform
