// runs/{create, get, update, delete, restore, search}
#include "platform/tracking/rest/endpoint_internal.h"
#include "platform/tracking/rest/mlflow_json.h"

namespace millpond::platform {

namespace {

constexpr int64_t kMaxFound = 50'000;
const FieldSpec kRunId = {.name = "run_id", .required = true, .former = "run_uuid"};

Result<OrderedJson> Create(const Call& call) {
  MP_ASSIGN_OR_RETURN(auto tags, TagsOf(call.fields.Objects("tags"), "tags"));
  MP_ASSIGN_OR_RETURN(auto run, call.parts.tracking.CreateRun(
                                    {.experiment_id = call.fields.Text("experiment_id", "0"),
                                     .run_name = call.Text("run_name"),
                                     .user_id = call.Text("user_id"),
                                     .source_type = "",
                                     .start_time_ms = call.fields.Integer("start_time"),
                                     .tags = std::move(tags)}));
  return Object("run", RunJson(run, call.parts.tracking.artifact_root()));
}

Result<OrderedJson> Get(const Call& call) {
  MP_ASSIGN_OR_RETURN(auto run, call.parts.tracking.GetRun(call.Text("run_id")));
  return Object("run", RunJson(run, call.parts.tracking.artifact_root()));
}

// A status by name or by its number in MLflow's protobuf.
Result<std::optional<RunStatus>> StatusField(const Fields& fields) {
  if (!fields.Has("status")) return std::optional<RunStatus>();
  const std::string text = fields.Text("status");
  std::optional<RunStatus> status = RunStatusOf(text);
  if (text == "1") status = RunStatus::kRunning;
  if (text == "2") status = RunStatus::kScheduled;
  if (text == "3") status = RunStatus::kFinished;
  if (text == "4") status = RunStatus::kFailed;
  if (text == "5") status = RunStatus::kKilled;
  if (status) return status;
  return InvalidField("status", text,
                      "It must be one of RUNNING, SCHEDULED, FINISHED, FAILED, KILLED");
}

Result<OrderedJson> Update(const Call& call) {
  MP_ASSIGN_OR_RETURN(const auto status, StatusField(call.fields));
  MP_ASSIGN_OR_RETURN(auto info,
                      call.parts.tracking.UpdateRun(call.Text("run_id"),
                                                    {.status = status,
                                                     .end_time_ms = call.fields.Integer("end_time"),
                                                     .run_name = call.Text("run_name")}));
  return Object("run_info", RunInfoJson(info, call.parts.tracking.artifact_root()));
}

Result<OrderedJson> Delete(const Call& call) {
  MP_RETURN_IF_ERROR(call.parts.tracking.DeleteRun(call.Text("run_id")));
  return OrderedJson::object();
}

Result<OrderedJson> Restore(const Call& call) {
  MP_RETURN_IF_ERROR(call.parts.tracking.RestoreRun(call.Text("run_id")));
  return OrderedJson::object();
}

Result<OrderedJson> Search(const Call& call) {
  MP_ASSIGN_OR_RETURN(auto request, SearchOf(call.fields, 1000, kMaxFound));
  MP_ASSIGN_OR_RETURN(request.view, ViewOf(call.fields, "run_view_type"));
  MP_ASSIGN_OR_RETURN(auto page,
                      call.parts.tracking.SearchRuns(call.fields.Texts("experiment_ids"), request));
  OrderedJson json = OrderedJson::object();
  for (const auto& run : page.items) {
    json["runs"].push_back(RunJson(run, call.parts.tracking.artifact_root()));
  }
  if (!page.next_page_token.empty()) json["next_page_token"] = page.next_page_token;
  return json;
}

}  // namespace

void AddRunRoutes(Router& router, const TrackingParts& parts) {
  const std::vector<Endpoint> endpoints = {
      {"POST",
       "runs/create",
       "Start a run",
       {{.name = "experiment_id"},
        {.name = "user_id"},
        {.name = "run_name"},
        {.name = "start_time", .type = FieldType::kInteger},
        {.name = "tags", .type = FieldType::kObjects}},
       Create},
      {"GET", "runs/get", "A run with what it logged", {kRunId}, Get},
      {"POST",
       "runs/update",
       "Change a run's status, end or name",
       {kRunId,
        {.name = "status", .type = FieldType::kEnum},
        {.name = "end_time", .type = FieldType::kInteger},
        {.name = "run_name"}},
       Update},
      {"POST", "runs/delete", "Delete a run", {kRunId}, Delete},
      {"POST", "runs/restore", "Restore a run", {kRunId}, Restore},
      {"POST",
       "runs/search",
       "Runs by filter and order",
       {{.name = "experiment_ids", .type = FieldType::kTexts},
        {.name = "filter"},
        {.name = "run_view_type", .type = FieldType::kEnum},
        {.name = "max_results", .type = FieldType::kInteger},
        {.name = "order_by", .type = FieldType::kTexts},
        {.name = "page_token"}},
       Search},
  };
  for (const auto& endpoint : endpoints) AddEndpoint(router, parts, endpoint);
}

}  // namespace millpond::platform
