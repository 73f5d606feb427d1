// experiments/*
#include "platform/tracking/rest/endpoint_internal.h"
#include "platform/tracking/rest/mlflow_json.h"

namespace millpond::platform {

namespace {

constexpr int64_t kMaxListed = 50'000;
const FieldSpec kId = {.name = "experiment_id", .required = true};

Result<OrderedJson> Create(const Call& call) {
  MP_ASSIGN_OR_RETURN(auto tags, TagsOf(call.fields.Objects("tags"), "tags"));
  MP_ASSIGN_OR_RETURN(auto made, call.parts.tracking.CreateExperiment(
                                     call.Text("name"), tags, call.Text("artifact_location")));
  return Object("experiment_id", made.experiment_id);
}

Result<OrderedJson> Get(const Call& call) {
  MP_ASSIGN_OR_RETURN(auto found, call.parts.tracking.GetExperiment(call.Text("experiment_id")));
  return Object("experiment", ExperimentJson(found, call.parts.tracking.artifact_root()));
}

Result<OrderedJson> GetByName(const Call& call) {
  MP_ASSIGN_OR_RETURN(auto found,
                      call.parts.tracking.GetExperimentByName(call.Text("experiment_name")));
  return Object("experiment", ExperimentJson(found, call.parts.tracking.artifact_root()));
}

Result<OrderedJson> Search(const Call& call) {
  MP_ASSIGN_OR_RETURN(auto request, SearchOf(call.fields, 1000, kMaxListed));
  MP_ASSIGN_OR_RETURN(request.view, ViewOf(call.fields, "view_type"));
  MP_ASSIGN_OR_RETURN(auto page, call.parts.tracking.SearchExperiments(request));
  OrderedJson json = OrderedJson::object();
  for (const auto& each : page.items) {
    json["experiments"].push_back(ExperimentJson(each, call.parts.tracking.artifact_root()));
  }
  if (!page.next_page_token.empty()) json["next_page_token"] = page.next_page_token;
  return json;
}

// An endpoint whose answer is {}.
template <typename Act>
auto Acting(Act act) {
  return [act](const Call& call) -> Result<OrderedJson> {
    MP_RETURN_IF_ERROR(act(call));
    return OrderedJson::object();
  };
}

}  // namespace

void AddExperimentRoutes(Router& router, const TrackingParts& parts) {
  const std::vector<FieldSpec> search = {{.name = "view_type", .type = FieldType::kEnum},
                                         {.name = "max_results", .type = FieldType::kInteger},
                                         {.name = "order_by", .type = FieldType::kTexts},
                                         {.name = "filter"},
                                         {.name = "page_token"}};
  const std::vector<Endpoint> endpoints = {
      {"POST",
       "experiments/create",
       "Make an experiment",
       {{.name = "name", .required = true},
        {.name = "artifact_location"},
        {.name = "tags", .type = FieldType::kObjects}},
       Create},
      {"GET", "experiments/get", "An experiment by id", {kId}, Get},
      {"GET",
       "experiments/get-by-name",
       "An experiment by name",
       {{.name = "experiment_name", .required = true}},
       GetByName},
      {"GET", "experiments/search", "Experiments by filter and order", search, Search},
      {"POST", "experiments/search", "Experiments by filter and order", search, Search},
      {"POST",
       "experiments/update",
       "Rename an experiment",
       {kId, {.name = "new_name", .required = true}},
       Acting([](const Call& call) {
         return call.parts.tracking.RenameExperiment(call.Text("experiment_id"),
                                                     call.Text("new_name"));
       })},
      {"POST",
       "experiments/delete",
       "Delete an experiment and its runs",
       {kId},
       Acting([](const Call& call) {
         return call.parts.tracking.DeleteExperiment(call.Text("experiment_id"));
       })},
      {"POST",
       "experiments/restore",
       "Restore an experiment and its runs",
       {kId},
       Acting([](const Call& call) {
         return call.parts.tracking.RestoreExperiment(call.Text("experiment_id"));
       })},
      {"POST",
       "experiments/set-experiment-tag",
       "Set a tag of an experiment",
       {kId, {.name = "key", .required = true}, {.name = "value"}},
       Acting([](const Call& call) {
         return call.parts.tracking.SetExperimentTag(call.Text("experiment_id"),
                                                     {call.Text("key"), call.Text("value")});
       })},
      {"POST",
       "experiments/delete-experiment-tag",
       "Remove a tag of an experiment",
       {kId, {.name = "key", .required = true}},
       Acting([](const Call& call) {
         return call.parts.tracking.DeleteExperimentTag(call.Text("experiment_id"),
                                                        call.Text("key"));
       })},
  };
  for (const auto& endpoint : endpoints) AddEndpoint(router, parts, endpoint);
}

}  // namespace millpond::platform
