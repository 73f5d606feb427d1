// logged-models/*
#include <array>

#include "platform/tracking/artifact_uri.h"
#include "platform/tracking/rest/endpoint_internal.h"
#include "platform/tracking/rest/mlflow_json.h"

namespace millpond::platform {

namespace {

constexpr int64_t kMaxFound = 1000;

OrderedJson Answer(const Call& call, const LoggedModel& model) {
  return Object("model", LoggedModelJson(model, call.parts.tracking.artifact_root()));
}

const std::string& IdOf(const Call& call) {
  return call.request.Parameter("model_id");
}

Result<OrderedJson> Create(const Call& call) {
  MP_ASSIGN_OR_RETURN(auto params, ParamsOf(call.fields.Objects("params"), "params"));
  MP_ASSIGN_OR_RETURN(auto tags, TagsOf(call.fields.Objects("tags"), "tags"));
  MP_ASSIGN_OR_RETURN(
      auto model, call.parts.logged_models().Create({.experiment_id = call.Text("experiment_id"),
                                                     .name = call.Text("name"),
                                                     .model_type = call.Text("model_type"),
                                                     .source_run_id = call.Text("source_run_id"),
                                                     .params = std::move(params),
                                                     .tags = std::move(tags)}));
  return Answer(call, model);
}

Result<OrderedJson> Get(const Call& call) {
  MP_ASSIGN_OR_RETURN(auto model, call.parts.logged_models().Get(
                                      IdOf(call), call.fields.Boolean("allow_deleted", false)));
  return Answer(call, model);
}

Result<OrderedJson> Finalize(const Call& call) {
  const std::string text = call.Text("status");
  auto status = LoggedModelStatusOf(text);
  if (text.size() == 1 && text[0] >= '0' && text[0] <= '3') {
    status = static_cast<LoggedModelStatus>(text[0] - '0');
  }
  if (!status) {
    return InvalidField("status", text,
                        "It must be one of LOGGED_MODEL_PENDING, LOGGED_MODEL_READY, "
                        "LOGGED_MODEL_UPLOAD_FAILED");
  }
  MP_ASSIGN_OR_RETURN(auto model, call.parts.logged_models().Finalize(IdOf(call), *status));
  return Answer(call, model);
}

Result<OrderedJson> Delete(const Call& call) {
  MP_RETURN_IF_ERROR(call.parts.logged_models().Delete(IdOf(call)));
  return OrderedJson::object();
}

Result<OrderedJson> LogParams(const Call& call) {
  MP_ASSIGN_OR_RETURN(auto params, ParamsOf(call.fields.Objects("params"), "params"));
  MP_RETURN_IF_ERROR(call.parts.logged_models().LogParams(IdOf(call), params));
  return OrderedJson::object();
}

Result<OrderedJson> SetTags(const Call& call) {
  MP_ASSIGN_OR_RETURN(auto tags, TagsOf(call.fields.Objects("tags"), "tags"));
  MP_RETURN_IF_ERROR(call.parts.logged_models().SetTags(IdOf(call), tags));
  return OrderedJson::object();
}

Result<OrderedJson> DeleteTag(const Call& call) {
  MP_RETURN_IF_ERROR(
      call.parts.logged_models().DeleteTag(IdOf(call), call.request.Parameter("tag_key")));
  return OrderedJson::object();
}

Result<OrderedJson> ListFiles(const Call& call) {
  MP_ASSIGN_OR_RETURN(auto model, call.parts.logged_models().Get(IdOf(call)));
  const std::string path = call.Text("artifact_directory_path");
  MP_ASSIGN_OR_RETURN(auto files, call.parts.artifacts.ListAt(model.artifact_location, path));
  OrderedJson json;
  json["root_uri"] = ArtifactUri(call.parts.tracking.artifact_root(), model.artifact_location);
  for (const auto& file : files) {
    const std::string name(FileName(file.path));
    json["files"].push_back(FileJson(file, path.empty() ? name : JoinPath(path, name)));
  }
  return json;
}

Result<LoggedModelSearch> SearchFields(const Fields& fields) {
  static constexpr std::array<FieldSpec, 2> kDataset = {
      {{.name = "dataset_name"}, {.name = "dataset_digest"}}};
  static constexpr std::array<FieldSpec, 4> kOrder = {
      {{.name = "field_name", .required = true},
       {.name = "ascending", .type = FieldType::kBoolean},
       {.name = "dataset_name"},
       {.name = "dataset_digest"}}};
  LoggedModelSearch search{.experiment_ids = fields.Texts("experiment_ids"),
                           .filter = fields.Text("filter"),
                           .page_token = fields.Text("page_token")};
  MP_ASSIGN_OR_RETURN(search.max_results, MaxResults(fields, 50, kMaxFound));
  const Json& datasets = fields.Objects("datasets");
  for (size_t i = 0; i < datasets.size(); ++i) {
    MP_ASSIGN_OR_RETURN(auto each,
                        Fields::Of(datasets[i], kDataset, fmt::format("datasets[{}]", i)));
    search.datasets.push_back({each.Text("dataset_name"), each.Text("dataset_digest")});
  }
  const Json& orders = fields.Objects("order_by");
  for (size_t i = 0; i < orders.size(); ++i) {
    MP_ASSIGN_OR_RETURN(auto each, Fields::Of(orders[i], kOrder, fmt::format("order_by[{}]", i)));
    search.order_by.push_back({each.Text("field_name"),
                               each.Boolean("ascending", true),
                               {each.Text("dataset_name"), each.Text("dataset_digest")}});
  }
  return search;
}

Result<OrderedJson> Search(const Call& call) {
  MP_ASSIGN_OR_RETURN(const auto search, SearchFields(call.fields));
  MP_ASSIGN_OR_RETURN(auto page, call.parts.logged_models().Search(search));
  OrderedJson json = OrderedJson::object();
  for (const auto& model : page.items) {
    json["models"].push_back(LoggedModelJson(model, call.parts.tracking.artifact_root()));
  }
  if (!page.next_page_token.empty()) json["next_page_token"] = page.next_page_token;
  return json;
}

}  // namespace

void AddLoggedModelRoutes(Router& router, const TrackingParts& parts) {
  const FieldSpec params = {.name = "params", .type = FieldType::kObjects};
  const FieldSpec tags = {.name = "tags", .type = FieldType::kObjects};
  const std::string one = "logged-models/{model_id}";
  const std::vector<Endpoint> endpoints = {
      {"POST",
       "logged-models",
       "Note a model that is about to be uploaded",
       {{.name = "experiment_id", .required = true},
        {.name = "name"},
        {.name = "model_type"},
        {.name = "source_run_id"},
        params,
        tags},
       Create},
      {"POST",
       "logged-models/search",
       "Logged models by filter and order",
       {{.name = "experiment_ids", .type = FieldType::kTexts, .required = true},
        {.name = "filter"},
        {.name = "datasets", .type = FieldType::kObjects},
        {.name = "max_results", .type = FieldType::kInteger},
        {.name = "order_by", .type = FieldType::kObjects},
        {.name = "page_token"}},
       Search},
      {"GET", one, "A logged model", {{.name = "allow_deleted", .type = FieldType::kBoolean}}, Get},
      {"PATCH",
       one,
       "End the upload of a logged model",
       {{.name = "status", .type = FieldType::kEnum, .required = true}},
       Finalize},
      {"DELETE", one, "Delete a logged model", {}, Delete},
      {"POST", one + "/params", "Log params of a logged model", {params}, LogParams},
      {"PATCH", one + "/tags", "Set tags of a logged model", {tags}, SetTags},
      {"DELETE", one + "/tags/{tag_key...}", "Remove a tag of a logged model", {}, DeleteTag},
      {"GET",
       one + "/artifacts/directories",
       "Files of a logged model",
       {{.name = "artifact_directory_path"}},
       ListFiles},
  };
  for (const auto& endpoint : endpoints) AddEndpoint(router, parts, endpoint);
}

}  // namespace millpond::platform
