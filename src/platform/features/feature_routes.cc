#include "platform/features/feature_routes.h"

#include <cmath>
#include <optional>
#include <utility>

#include "base/json.h"
#include "data/delta/metadata/schema.h"
#include "data/sql/access.h"
#include "kernel/exact_math.h"
#include "platform/features/entity_input.h"
#include "platform/features/feature_store.h"
#include "platform/features/online_store.h"

namespace millpond::platform {
namespace {

constexpr size_t kMaxEntities = 1000;  // of one request

std::optional<OnlineViewStatus> StatusOf(const OnlineStore& online, const std::string& view) {
  for (OnlineViewStatus& status : online.Views()) {
    if (data::EqualNames(status.view, view)) return std::move(status);
  }
  return std::nullopt;
}

Json OnlineJson(const OnlineViewStatus& status, Micros now) {
  Json json = {{"view_version", status.view_version},
               {"source_version", status.source_version},
               {"applied_through", FormatTimestamp(status.applied_through)},
               {"lag_seconds", static_cast<double>(now - status.applied_through) /
                                   static_cast<double>(kMicrosPerSecond)},
               {"rows", status.rows},
               {"late_commits", status.late_commits},
               {"problem", nullptr}};
  if (!status.problem.empty()) json["problem"] = status.problem;
  return json;
}

Result<Json> ViewJson(const FeatureStore& features, const OnlineStore& online, const Clock& clock,
                      const FeatureView& view) {
  Json columns = Json::array();
  for (const FeatureColumn& column : view.columns) {
    columns.push_back({{"name", column.name}, {"type", column.type}, {"hash", column.hash}});
  }
  Json json = {{"name", view.name},
               {"version", view.version},
               {"source", view.source},
               {"entity", view.entity},
               {"timestamp", view.timestamp},
               {"settle_seconds", static_cast<double>(view.settle) / kMicrosPerSecond},
               {"features", std::move(columns)},
               {"created_at", FormatTimestamp(view.created_at)},
               {"live_version", nullptr},
               {"online", nullptr}};
  // A source that is gone does not hide the view.
  if (auto live = features.Live(view.name); live && live->has_value()) {
    json["live_version"] = {{"version", (*live)->version},
                            {"commit_time", FormatTimestamp((*live)->commit_time)},
                            {"deployed_at", FormatTimestamp((*live)->deployed_at)}};
  }
  if (auto status = StatusOf(online, view.name)) json["online"] = OnlineJson(*status, clock.Now());
  return json;
}

Status CheckFields(const Json& body) {
  for (const auto& [name, value] : body.items()) {
    if (name == "entities") continue;
    if (name == "as_of") {
      return Fail(ErrorKind::kPermissionDenied,
                  "as_of is not the caller's to choose: T is drawn by the server, and a T of one's "
                  "own needs a grant that this version cannot give. Leave as_of out");
    }
    return Fail(ErrorKind::kInvalidArgument,
                "the request has a field {}: there is only entities, an array of objects", name);
  }
  if (!body.contains("entities")) {
    return Fail(ErrorKind::kInvalidArgument,
                "the request lacks entities: an array of objects with the entity's columns");
  }
  if (body["entities"].is_array() && body["entities"].size() > kMaxEntities) {
    return Fail(ErrorKind::kInvalidArgument, "{} entities in one request: at most {} are answered",
                body["entities"].size(), kMaxEntities);
  }
  return OkStatus();
}

Result<HttpResponse> GetFeatures(OnlineStore& online, const Clock& clock,
                                 data::AccessPolicy& access, const HttpRequest& request) {
  const std::string& view = request.Parameter("view");
  MP_RETURN_IF_ERROR(access.Check({request.principal}, data::Privilege::kSelect, view));
  MP_ASSIGN_OR_RETURN(Json body, JsonBody(request));
  MP_RETURN_IF_ERROR(CheckFields(body));
  MP_ASSIGN_OR_RETURN(auto columns, online.EntityColumns(view));
  MP_ASSIGN_OR_RETURN(kernel::Batch entities, EntityRows(columns, body["entities"]));
  const Micros as_of = clock.Now();
  MP_ASSIGN_OR_RETURN(OnlineFeatures answer, online.Get(view, entities, as_of));
  OrderedJson rows = OrderedJson::array();
  for (int64_t row = 0; row < answer.features.rows; ++row) {
    OrderedJson values = OrderedJson::object();
    for (size_t i = 0; i < answer.features.columns.size(); ++i) {
      values[answer.features.names[i]] = FeatureJson(answer.features.columns[i], row);
    }
    rows.push_back(std::move(values));
  }
  return JsonResponse(OrderedJson{{"as_of", FormatTimestamp(as_of)},
                                  {"features", std::move(rows)},
                                  {"applied_through", FormatTimestamp(answer.applied_through)},
                                  {"stale", answer.stale},
                                  {"source_version", answer.source_version}});
}

Json ArrayOfObjects() {
  return {{"type", "array"}, {"items", {{"type", "object"}}}};
}

Json GetSchema() {
  return {{"type", "object"},
          {"required", Json::array({"entities"})},
          {"properties", {{"entities", ArrayOfObjects()}}}};
}

Json AnswerSchema() {
  const Json moment = {{"type", "string"}, {"format", "date-time"}};
  return {{"type", "object"},
          {"properties",
           {{"as_of", moment},
            {"features", ArrayOfObjects()},
            {"applied_through", moment},
            {"stale", {{"type", "boolean"}}},
            {"source_version", {{"type", "integer"}}}}}};
}

}  // namespace

Json FeatureJson(const kernel::Column& column, int64_t row) {
  if (column.IsNull(row)) return nullptr;
  switch (column.type().id) {
    case kernel::TypeId::kNull:
      return nullptr;
    case kernel::TypeId::kBoolean:
      return column.booleans()[row] != 0;
    case kernel::TypeId::kDouble: {
      const double value = column.doubles()[row];
      if (std::isnan(value)) return "NaN";
      if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
      return value;
    }
    case kernel::TypeId::kDecimal:
      return kernel::DecimalToDouble(column.decimals()[row], column.type().scale);
    case kernel::TypeId::kVarchar:
      return std::string(column.text(row));
    case kernel::TypeId::kDate:
      return FormatDate(static_cast<int32_t>(column.int64s()[row]));
    case kernel::TypeId::kTimestamp:
      return FormatTimestamp(column.int64s()[row]);
    default:
      return column.int64s()[row];
  }
}

void AddFeatureRoutes(Router& router, FeatureStore& features, OnlineStore& online,
                      const Clock& clock, data::AccessPolicy& access) {
  router.Add(
      {.method = "GET",
       .pattern = "/api/features",
       .handler = [&](const HttpRequest&) -> Result<HttpResponse> {
         MP_ASSIGN_OR_RETURN(auto views, features.List());
         Json list = Json::array();
         for (const FeatureView& view : views) {
           MP_ASSIGN_OR_RETURN(Json json, ViewJson(features, online, clock, view));
           list.push_back(std::move(json));
         }
         return JsonResponse(Json{{"views", std::move(list)}});
       },
       .doc = {.summary = "All feature views, with what is served of them", .tag = "features"}});
  router.Add({.method = "GET",
              .pattern = "/api/features/{view}",
              .handler = [&](const HttpRequest& request) -> Result<HttpResponse> {
                MP_ASSIGN_OR_RETURN(FeatureView view, features.Find(request.Parameter("view")));
                MP_ASSIGN_OR_RETURN(Json json, ViewJson(features, online, clock, view));
                return JsonResponse(json);
              },
              .doc = {.summary = "A feature view", .tag = "features"}});
  router.Add(
      {.method = "POST",
       .pattern = "/api/features/{view}/get",
       .handler =
           [&](const HttpRequest& request) { return GetFeatures(online, clock, access, request); },
       .doc = {.summary = "The features of entities now: T is drawn by the server",
               .tag = "features",
               .request = GetSchema(),
               .response = AnswerSchema()}});
}

}  // namespace millpond::platform
