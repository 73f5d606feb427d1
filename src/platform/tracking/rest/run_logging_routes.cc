// runs/{log-metric, log-parameter, set-tag, delete-tag, log-batch, log-inputs, outputs, log-model}
#include "platform/tracking/rest/endpoint_internal.h"
#include "platform/tracking/rest/mlflow_json.h"

namespace millpond::platform {

namespace {

constexpr size_t kMaxBatchBytes = 1'000'000;
const FieldSpec kRunId = {.name = "run_id", .required = true, .former = "run_uuid"};
const FieldSpec kKey = {.name = "key", .required = true};

Status LogMetric(const Call& call) {
  return call.parts.tracking.LogMetric(call.Text("run_id"),
                                       {.key = call.Text("key"),
                                        .value = call.fields.Number("value"),
                                        .step = call.fields.Integer("step"),
                                        .timestamp_ms = call.fields.Integer("timestamp"),
                                        .model_id = call.Text("model_id"),
                                        .dataset_name = call.Text("dataset_name"),
                                        .dataset_digest = call.Text("dataset_digest")});
}

Status LogBatch(const Call& call) {
  if (call.request.body.size() > kMaxBatchBytes) {
    return Fail(ErrorKind::kInvalidArgument,
                "Batched logging API requests must be at most {} bytes, got a request of size {}.",
                kMaxBatchBytes, call.request.body.size());
  }
  MP_ASSIGN_OR_RETURN(auto metrics, MetricsOf(call.fields.Objects("metrics"), "metrics"));
  MP_ASSIGN_OR_RETURN(auto params, ParamsOf(call.fields.Objects("params"), "params"));
  MP_ASSIGN_OR_RETURN(auto tags, TagsOf(call.fields.Objects("tags"), "tags"));
  return call.parts.tracking.LogBatch(call.Text("run_id"), metrics, params, tags);
}

Status LogInputs(const Call& call) {
  MP_ASSIGN_OR_RETURN(auto datasets, DatasetsOf(call.fields.Objects("datasets"), "datasets"));
  MP_ASSIGN_OR_RETURN(auto models, ModelsOf(call.fields.Objects("models"), "models"));
  std::vector<std::string> ids;
  for (const auto& model : models) ids.push_back(model.model_id);
  return call.parts.tracking.LogInputs(call.Text("run_id"), datasets, ids);
}

Status LogOutputs(const Call& call) {
  MP_ASSIGN_OR_RETURN(auto models, ModelsOf(call.fields.Objects("models"), "models"));
  return call.parts.tracking.LogOutputs(call.Text("run_id"), models);
}

// Keeps of a model's description what MLflow keeps in the run's tag.
Status LogModel(const Call& call) {
  const std::string text = call.Text("model_json");
  const auto model = ParseJson(text, "model_json");
  if (!model || !model->is_object()) {
    return Fail(ErrorKind::kInvalidArgument, "Malformed model info. \n {} \n is not a valid JSON.",
                text.substr(0, 1000));
  }
  for (const char* field : {"artifact_path", "flavors", "utc_time_created", "run_id"}) {
    if (!model->contains(field)) {
      return Fail(ErrorKind::kInvalidArgument, "Model json is missing mandatory fields: {{'{}'}}",
                  field);
    }
  }
  Json kept = Json::object();
  for (const char* field : {"run_id", "utc_time_created", "artifact_path", "model_uuid"}) {
    if (model->contains(field)) kept[field] = (*model)[field];
  }
  kept["flavors"] = (*model)["flavors"];
  for (auto& flavor : kept["flavors"]) {
    if (flavor.is_object()) flavor.erase("config");
  }
  return call.parts.tracking.RecordModel(call.Text("run_id"), DumpJson(kept));
}

Endpoint Logging(std::string path, std::string summary, std::vector<FieldSpec> fields,
                 Status (*log)(const Call&)) {
  return {"POST", std::move(path), std::move(summary), std::move(fields),
          [log](const Call& call) -> Result<OrderedJson> {
            MP_RETURN_IF_ERROR(log(call));
            return OrderedJson::object();
          }};
}

}  // namespace

void AddRunLoggingRoutes(Router& router, const TrackingParts& parts) {
  const std::vector<Endpoint> endpoints = {
      Logging("runs/log-metric", "Log one point of a metric; durable when it is answered",
              {kRunId,
               kKey,
               {.name = "value", .type = FieldType::kNumber, .required = true},
               {.name = "timestamp", .type = FieldType::kInteger, .required = true},
               {.name = "step", .type = FieldType::kInteger},
               {.name = "model_id"},
               {.name = "dataset_name"},
               {.name = "dataset_digest"}},
              LogMetric),
      Logging("runs/log-parameter", "Log a param, which keeps its value for good",
              {kRunId, kKey, {.name = "value"}},
              [](const Call& call) {
                return call.parts.tracking.LogParam(call.Text("run_id"),
                                                    {call.Text("key"), call.Text("value")});
              }),
      Logging("runs/set-tag", "Set a tag of a run", {kRunId, kKey, {.name = "value"}},
              [](const Call& call) {
                return call.parts.tracking.SetTag(call.Text("run_id"),
                                                  {call.Text("key"), call.Text("value")});
              }),
      Logging("runs/delete-tag", "Remove a tag of a run", {kRunId, kKey},
              [](const Call& call) {
                return call.parts.tracking.DeleteTag(call.Text("run_id"), call.Text("key"));
              }),
      Logging("runs/log-batch", "Log metrics, params and tags, all or nothing",
              {kRunId,
               {.name = "metrics", .type = FieldType::kObjects},
               {.name = "params", .type = FieldType::kObjects},
               {.name = "tags", .type = FieldType::kObjects}},
              LogBatch),
      Logging("runs/log-inputs", "Log the datasets and models that a run used",
              {kRunId,
               {.name = "datasets", .type = FieldType::kObjects},
               {.name = "models", .type = FieldType::kObjects}},
              LogInputs),
      Logging("runs/outputs", "Log the models that a run made",
              {kRunId, {.name = "models", .type = FieldType::kObjects, .required = true}},
              LogOutputs),
      Logging("runs/log-model", "Note a model's description in the run's tags",
              {kRunId, {.name = "model_json", .required = true}}, LogModel),
  };
  for (const auto& endpoint : endpoints) AddEndpoint(router, parts, endpoint);
}

}  // namespace millpond::platform
