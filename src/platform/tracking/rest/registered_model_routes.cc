// registered-models/*
#include "platform/tracking/rest/endpoint_internal.h"
#include "platform/tracking/rest/mlflow_json.h"

namespace millpond::platform {

namespace {

constexpr int64_t kMaxFound = 1000;
const FieldSpec kName = {.name = "name", .required = true};
const FieldSpec kAlias = {.name = "alias", .required = true};
const FieldSpec kKey = {.name = "key", .required = true};

Result<OrderedJson> ModelJson(const Call& call, const RegisteredModel& model) {
  const std::string& root = call.parts.tracking.artifact_root();
  if (model.latest_version == 0) return RegisteredModelJson(model, nullptr, root);
  auto latest = call.parts.registry.GetVersion(model.name, model.latest_version);
  // Between the two looks it may have gone.
  return RegisteredModelJson(model, latest.has_value() ? &*latest : nullptr, root);
}

Result<OrderedJson> Answer(const Call& call, const Result<RegisteredModel>& model) {
  if (!model) return std::unexpected<Error>(model.error());
  MP_ASSIGN_OR_RETURN(auto json, ModelJson(call, *model));
  return Object("registered_model", std::move(json));
}

Result<OrderedJson> Create(const Call& call) {
  MP_ASSIGN_OR_RETURN(auto tags, TagsOf(call.fields.Objects("tags"), "tags"));
  return Answer(call, call.parts.registry.CreateModel(call.Text("name"), tags,
                                                      call.Text("description"), call.principal()));
}

Result<OrderedJson> Get(const Call& call) {
  return Answer(call, call.parts.registry.GetModel(call.Text("name")));
}

Result<OrderedJson> Update(const Call& call) {
  return Answer(call,
                call.parts.registry.DescribeModel(call.Text("name"), call.Text("description")));
}

Result<OrderedJson> Rename(const Call& call) {
  return Answer(call, call.parts.registry.RenameModel(call.Text("name"), call.Text("new_name"),
                                                      call.principal()));
}

Result<OrderedJson> Search(const Call& call) {
  MP_ASSIGN_OR_RETURN(auto request, SearchOf(call.fields, 100, kMaxFound));
  MP_ASSIGN_OR_RETURN(auto page, call.parts.registry.SearchModels(request));
  OrderedJson json = OrderedJson::object();
  for (const auto& model : page.items) {
    MP_ASSIGN_OR_RETURN(auto each, ModelJson(call, model));
    json["registered_models"].push_back(std::move(each));
  }
  if (!page.next_page_token.empty()) json["next_page_token"] = page.next_page_token;
  return json;
}

// Millpond has no stages: every version's is "None".
Result<OrderedJson> LatestVersions(const Call& call) {
  MP_ASSIGN_OR_RETURN(auto model, call.parts.registry.GetModel(call.Text("name")));
  const auto stages = call.fields.Texts("stages");
  bool asked = stages.empty();
  for (const auto& stage : stages) asked |= stage == "None" || stage == "none";
  OrderedJson json = OrderedJson::object();
  if (!asked || model.latest_version == 0) return json;
  MP_ASSIGN_OR_RETURN(auto latest,
                      call.parts.registry.GetVersion(model.name, model.latest_version));
  json["model_versions"].push_back(ModelVersionJson(latest, call.parts.tracking.artifact_root()));
  return json;
}

Result<OrderedJson> GetByAlias(const Call& call) {
  auto version = call.parts.registry.GetByAlias(call.Text("name"), call.Text("alias"));
  if (!version && version.error().kind() == ErrorKind::kNotFound) {
    // Clients look for a missing model and a missing alias by different codes.
    MP_ASSIGN_OR_RETURN([[maybe_unused]] auto model,
                        call.parts.registry.GetModel(call.Text("name")));
    return Fail(ErrorKind::kInvalidArgument, "{}", version.error().message());
  }
  if (!version) return std::unexpected<Error>(version.error());
  return Object("model_version", ModelVersionJson(*version, call.parts.tracking.artifact_root()));
}

Status SetAlias(const Call& call) {
  MP_ASSIGN_OR_RETURN(const int64_t version, VersionOf(call.fields));
  return call.parts.registry.SetAlias(call.Text("name"), call.Text("alias"), version,
                                      call.principal());
}

Endpoint Acting(std::string method, std::string path, std::string summary,
                std::vector<FieldSpec> fields, Status (*act)(const Call&)) {
  return {std::move(method), std::move(path), std::move(summary), std::move(fields),
          [act](const Call& call) -> Result<OrderedJson> {
            MP_RETURN_IF_ERROR(act(call));
            return OrderedJson::object();
          }};
}

std::vector<Endpoint> ModelEndpoints() {
  const std::vector<FieldSpec> latest = {kName, {.name = "stages", .type = FieldType::kTexts}};
  return {
      {"POST",
       "registered-models/create",
       "Register a model's name",
       {kName, {.name = "tags", .type = FieldType::kObjects}, {.name = "description"}},
       Create},
      {"GET", "registered-models/get", "A registered model", {kName}, Get},
      {"PATCH",
       "registered-models/update",
       "Change a model's description",
       {kName, {.name = "description"}},
       Update},
      {"POST",
       "registered-models/rename",
       "Rename a model",
       {kName, {.name = "new_name", .required = true}},
       Rename},
      Acting("DELETE", "registered-models/delete", "Delete a model with its versions", {kName},
             [](const Call& call) {
               return call.parts.registry.DeleteModel(call.Text("name"), call.principal());
             }),
      {"GET",
       "registered-models/search",
       "Registered models by filter and order",
       {{.name = "filter"},
        {.name = "max_results", .type = FieldType::kInteger},
        {.name = "order_by", .type = FieldType::kTexts},
        {.name = "page_token"}},
       Search},
      {"GET", "registered-models/get-latest-versions", "The newest version", latest,
       LatestVersions},
      {"POST", "registered-models/get-latest-versions", "The newest version", latest,
       LatestVersions},
  };
}

std::vector<Endpoint> TagAndAliasEndpoints() {
  return {
      Acting("POST", "registered-models/set-tag", "Set a tag of a model",
             {kName, kKey, {.name = "value"}},
             [](const Call& call) {
               return call.parts.registry.SetModelTag(call.Text("name"),
                                                      {call.Text("key"), call.Text("value")});
             }),
      Acting("DELETE", "registered-models/delete-tag", "Remove a tag of a model", {kName, kKey},
             [](const Call& call) {
               return call.parts.registry.DeleteModelTag(call.Text("name"), call.Text("key"));
             }),
      {"GET", "registered-models/alias", "The version an alias names", {kName, kAlias}, GetByAlias},
      Acting("POST", "registered-models/alias", "Point an alias at a version",
             {kName, kAlias, {.name = "version", .required = true}}, SetAlias),
      Acting("DELETE", "registered-models/alias", "Remove an alias", {kName, kAlias},
             [](const Call& call) {
               return call.parts.registry.DeleteAlias(call.Text("name"), call.Text("alias"),
                                                      call.principal());
             }),
  };
}

}  // namespace

void AddRegisteredModelRoutes(Router& router, const TrackingParts& parts) {
  for (const auto& endpoint : ModelEndpoints()) AddEndpoint(router, parts, endpoint);
  for (const auto& endpoint : TagAndAliasEndpoints()) AddEndpoint(router, parts, endpoint);
}

}  // namespace millpond::platform
