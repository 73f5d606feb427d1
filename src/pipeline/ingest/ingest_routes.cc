#include "pipeline/ingest/ingest_routes.h"

#include <arrow/type.h>

#include <algorithm>

#include "base/json.h"
#include "data/delta/metadata/schema.h"

namespace millpond::pipeline {
namespace {

constexpr size_t kMaxKey = 255;
constexpr const char* kRetrySeconds = "1";

// "application/json; charset=utf-8" → "application/json".
std::string MediaType(std::string_view header) {
  std::string type(header.substr(0, header.find(';')));
  while (type.ends_with(' ')) type.pop_back();
  std::transform(type.begin(), type.end(), type.begin(), ::tolower);
  return type;
}

std::optional<PushForm> FormOf(std::string_view header) {
  const std::string type = MediaType(header);
  if (type == "application/json") return PushForm::kJson;
  if (type == "application/x-ndjson" || type == "application/jsonl" ||
      type == "application/x-jsonlines") {
    return PushForm::kLines;
  }
  return std::nullopt;
}

Status CheckKey(std::string_view key) {
  bool printable = std::all_of(key.begin(), key.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (key.size() <= kMaxKey && printable) return OkStatus();
  return Fail(ErrorKind::kInvalidArgument,
              "an Idempotency-Key has at most {} printable ASCII characters", kMaxKey);
}

Status CheckAccess(const IngestParts& parts, const HttpRequest& request,
                   const data::TableName& table) {
  if (parts.access == nullptr) return OkStatus();
  return parts.access->Check({request.principal}, data::Privilege::kModify, table.ToString());
}

Result<HttpResponse> Push(const IngestParts& parts, const HttpRequest& request) {
  auto form = FormOf(request.headers.Get("Content-Type"));
  if (!form.has_value()) {
    return ErrorResponse(415, "INVALID_PARAMETER_VALUE",
                         "rows are pushed with Content-Type: application/json (a list of objects) "
                         "or application/x-ndjson (an object a line)");
  }
  std::string key(request.headers.Get("Idempotency-Key"));
  MP_RETURN_IF_ERROR(CheckKey(key));
  MP_ASSIGN_OR_RETURN(data::TableName table, parts.spools.Find(request.Parameter("table")));
  MP_RETURN_IF_ERROR(CheckAccess(parts, request, table));
  auto pushed = parts.spools.Push(table, request.body, *form, key);
  if (pushed.has_value()) {
    return JsonResponse(OrderedJson{{"rows", pushed->rows}, {"duplicate", pushed->duplicate}});
  }
  HttpResponse response = ErrorResponse(pushed.error());
  if (pushed.error().kind() == ErrorKind::kResourceExhausted) {
    response.headers.Add("Retry-After", kRetrySeconds);
  }
  return response;
}

Result<HttpResponse> List(const IngestParts& parts, const HttpRequest& request) {
  OrderedJson tables = OrderedJson::array();
  for (const PushTarget& target : parts.spools.targets()) {
    if (!CheckAccess(parts, request, target.source.name).has_value()) continue;
    OrderedJson columns = OrderedJson::array();
    for (const auto& field : target.source.schema->fields()) {
      MP_ASSIGN_OR_RETURN(data::DataType type, data::FromArrowType(*field->type()));
      columns.push_back({{"name", field->name()}, {"type", type.ToString()}});
    }
    tables.push_back({{"table", target.source.name.ToString()},
                      {"columns", std::move(columns)},
                      {"waiting_bytes", target.waiting_bytes}});
  }
  return JsonResponse(OrderedJson{{"tables", std::move(tables)}});
}

RouteDoc PushDoc() {
  Json rows = {{"type", "array"}, {"items", {{"type", "object"}}}};
  return {.summary = "Push rows into a table; 200 means that they are durable",
          .tag = "ingest",
          .request =
              {{"oneOf",
                {rows,
                 {{"type", "object"}, {"properties", {{"rows", rows}}}, {"required", {"rows"}}}}}},
          .response = {{"type", "object"},
                       {"properties",
                        {{"rows", {{"type", "integer"}}}, {"duplicate", {{"type", "boolean"}}}}}}};
}

}  // namespace

void AddIngestRoutes(Router& router, IngestParts parts) {
  router.Add({.method = "POST",
              .pattern = "/api/ingest/{table}",
              .handler = [parts](const HttpRequest& request) { return Push(parts, request); },
              .doc = PushDoc()});
  router.Add({.method = "GET",
              .pattern = "/api/ingest",
              .handler = [parts](const HttpRequest& request) { return List(parts, request); },
              .doc = {.summary = "Tables that take pushes, with what waits in each",
                      .tag = "ingest",
                      .response = {{"type", "object"},
                                   {"properties", {{"tables", {{"type", "array"}}}}}}}});
}

}  // namespace millpond::pipeline
