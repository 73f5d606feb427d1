// model-versions/*
#include "platform/tracking/artifact_uri.h"
#include "platform/tracking/rest/endpoint_internal.h"
#include "platform/tracking/rest/mlflow_json.h"
#include "platform/tracking/rest/version_source.h"

namespace millpond::platform {

namespace {

constexpr int64_t kMaxFound = 200'000;
const FieldSpec kName = {.name = "name", .required = true};
const FieldSpec kVersion = {.name = "version", .required = true};
const FieldSpec kKey = {.name = "key", .required = true};

OrderedJson Answer(const Call& call, const ModelVersion& version) {
  return Object("model_version", ModelVersionJson(version, call.parts.tracking.artifact_root()));
}

// The logged model's tag that names the versions made of it.
Status NoteVersion(const Call& call, const ModelVersion& version) {
  constexpr std::string_view kTag = "mlflow.modelVersions";
  MP_ASSIGN_OR_RETURN(auto model, call.parts.logged_models().Get(version.model_id));
  Json versions = Json::array();
  for (const auto& tag : model.tags) {
    if (tag.key != kTag) continue;
    if (auto known = ParseJson(tag.value, kTag); known && known->is_array()) versions = *known;
  }
  const Json entry = {{"name", version.name}, {"version", version.version}};
  for (const auto& known : versions) {
    if (known == entry) return OkStatus();
  }
  versions.push_back(entry);
  return call.parts.logged_models().SetTags(version.model_id,
                                            {{std::string(kTag), DumpJson(versions)}});
}

Result<OrderedJson> Create(const Call& call) {
  MP_ASSIGN_OR_RETURN(auto tags, TagsOf(call.fields.Objects("tags"), "tags"));
  MP_ASSIGN_OR_RETURN(auto source, ResolveSource(call.parts, call.Text("source"),
                                                 call.Text("run_id"), call.Text("model_id")));
  MP_ASSIGN_OR_RETURN(auto version,
                      call.parts.registry.CreateVersion({.name = call.Text("name"),
                                                         .run_id = source.run_id,
                                                         .source = source.folder,
                                                         .description = call.Text("description"),
                                                         .tags = std::move(tags),
                                                         .principal = call.principal(),
                                                         .source_uri = source.source_uri,
                                                         .run_link = call.Text("run_link"),
                                                         .model_id = source.model_id}));
  if (!version.model_id.empty()) MP_RETURN_IF_ERROR(NoteVersion(call, version));
  return Answer(call, version);
}

Result<OrderedJson> Get(const Call& call) {
  MP_ASSIGN_OR_RETURN(const int64_t number, VersionOf(call.fields));
  MP_ASSIGN_OR_RETURN(auto version, call.parts.registry.GetVersion(call.Text("name"), number));
  return Answer(call, version);
}

Result<OrderedJson> Update(const Call& call) {
  MP_ASSIGN_OR_RETURN(const int64_t number, VersionOf(call.fields));
  MP_ASSIGN_OR_RETURN(auto version, call.parts.registry.DescribeVersion(call.Text("name"), number,
                                                                        call.Text("description")));
  return Answer(call, version);
}

Result<OrderedJson> Delete(const Call& call) {
  MP_ASSIGN_OR_RETURN(const int64_t number, VersionOf(call.fields));
  MP_RETURN_IF_ERROR(
      call.parts.registry.DeleteVersion(call.Text("name"), number, call.principal()));
  return OrderedJson::object();
}

Result<OrderedJson> Search(const Call& call) {
  MP_ASSIGN_OR_RETURN(auto request, SearchOf(call.fields, kMaxFound, kMaxFound));
  MP_ASSIGN_OR_RETURN(auto page, call.parts.registry.SearchVersions(request));
  OrderedJson json = OrderedJson::object();
  for (const auto& version : page.items) {
    json["model_versions"].push_back(
        ModelVersionJson(version, call.parts.tracking.artifact_root()));
  }
  if (!page.next_page_token.empty()) json["next_page_token"] = page.next_page_token;
  return json;
}

Result<OrderedJson> DownloadUri(const Call& call) {
  MP_ASSIGN_OR_RETURN(const int64_t number, VersionOf(call.fields));
  MP_ASSIGN_OR_RETURN(auto version, call.parts.registry.GetVersion(call.Text("name"), number));
  return Object("artifact_uri", ArtifactUri(call.parts.tracking.artifact_root(), version.source));
}

Result<OrderedJson> TransitionStage(const Call& call) {
  return Fail(ErrorKind::kUnsupported,
              "Millpond has no stages; point an alias at the version instead: "
              "client.set_registered_model_alias('{}', 'champion', '{}')",
              call.Text("name"), call.Text("version"));
}

Result<OrderedJson> SetTag(const Call& call) {
  MP_ASSIGN_OR_RETURN(const int64_t number, VersionOf(call.fields));
  MP_RETURN_IF_ERROR(call.parts.registry.SetVersionTag(call.Text("name"), number,
                                                       {call.Text("key"), call.Text("value")}));
  return OrderedJson::object();
}

Result<OrderedJson> DeleteTag(const Call& call) {
  MP_ASSIGN_OR_RETURN(const int64_t number, VersionOf(call.fields));
  MP_RETURN_IF_ERROR(
      call.parts.registry.DeleteVersionTag(call.Text("name"), number, call.Text("key")));
  return OrderedJson::object();
}

}  // namespace

void AddModelVersionRoutes(Router& router, const TrackingParts& parts) {
  const std::vector<Endpoint> endpoints = {
      {"POST",
       "model-versions/create",
       "Register a version",
       {kName,
        {.name = "source", .required = true},
        {.name = "run_id"},
        {.name = "tags", .type = FieldType::kObjects},
        {.name = "run_link"},
        {.name = "description"},
        {.name = "model_id"}},
       Create},
      {"GET", "model-versions/get", "A version", {kName, kVersion}, Get},
      {"PATCH",
       "model-versions/update",
       "Change a version's description",
       {kName, kVersion, {.name = "description"}},
       Update},
      {"DELETE",
       "model-versions/delete",
       "Delete a version and its aliases",
       {kName, kVersion},
       Delete},
      {"GET",
       "model-versions/search",
       "Versions by filter and order",
       {{.name = "filter"},
        {.name = "max_results", .type = FieldType::kInteger},
        {.name = "order_by", .type = FieldType::kTexts},
        {.name = "page_token"}},
       Search},
      {"GET",
       "model-versions/get-download-uri",
       "Where a version's files lie",
       {kName, kVersion},
       DownloadUri},
      {"POST",
       "model-versions/transition-stage",
       "Refused (501): aliases take the place of stages",
       {kName,
        kVersion,
        {.name = "stage", .required = true},
        {.name = "archive_existing_versions", .type = FieldType::kBoolean}},
       TransitionStage},
      {"POST",
       "model-versions/set-tag",
       "Set a tag of a version",
       {kName, kVersion, kKey, {.name = "value"}},
       SetTag},
      {"DELETE",
       "model-versions/delete-tag",
       "Remove a tag of a version",
       {kName, kVersion, kKey},
       DeleteTag},
  };
  for (const auto& endpoint : endpoints) AddEndpoint(router, parts, endpoint);
}

}  // namespace millpond::platform
