#include "platform/tracking/rest/mlflow_json.h"

#include <array>
#include <cmath>

#include "platform/tracking/artifact_uri.h"
#include "platform/tracking/rest/fields.h"

namespace millpond::platform {

namespace {

constexpr std::string_view kContextTag = "mlflow.data.context";

OrderedJson NumberJson(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

void PutText(OrderedJson& json, const char* name, const std::string& value) {
  if (!value.empty()) json[name] = value;
}

// A list that is absent when it is empty.
template <typename T, typename ToJson>
void PutList(OrderedJson& json, const char* name, const std::vector<T>& items, ToJson&& to_json) {
  if (items.empty()) return;
  OrderedJson& list = json[name] = OrderedJson::array();
  for (const auto& item : items) list.push_back(to_json(item));
}

template <typename T>
OrderedJson PairJson(const T& pair) {
  OrderedJson json;
  json["key"] = pair.key;
  json["value"] = pair.value;
  return json;
}

OrderedJson InputJson(const DatasetInput& input) {
  OrderedJson json;
  std::vector<Tag> tags = input.tags;
  if (!input.context.empty()) tags.insert(tags.begin(), {std::string(kContextTag), input.context});
  PutList(json, "tags", tags, PairJson<Tag>);
  OrderedJson& dataset = json["dataset"];
  dataset["name"] = input.name;
  dataset["digest"] = input.digest;
  dataset["source_type"] = input.source_type;
  dataset["source"] = input.source;
  PutText(dataset, "schema", input.schema);
  PutText(dataset, "profile", input.profile);
  return json;
}

// Reads every object of a list by its specs and makes a T of it.
template <typename T, typename Make>
Result<std::vector<T>> ListOf(const Json& list, const std::string& name,
                              std::span<const FieldSpec> specs, Make&& make) {
  std::vector<T> items;
  items.reserve(list.size());
  for (size_t i = 0; i < list.size(); ++i) {
    MP_ASSIGN_OR_RETURN(const Fields fields,
                        Fields::Of(list[i], specs, fmt::format("{}[{}]", name, i)));
    items.push_back(make(fields));
  }
  return items;
}

constexpr std::array<FieldSpec, 2> kPair = {{{.name = "key", .required = true}, {.name = "value"}}};

}  // namespace

OrderedJson Object(std::string_view name, OrderedJson value) {
  OrderedJson json;
  json[std::string(name)] = std::move(value);
  return json;
}

OrderedJson TagsJson(const std::vector<Tag>& tags) {
  OrderedJson list = OrderedJson::array();
  for (const auto& tag : tags) list.push_back(PairJson(tag));
  return list;
}

OrderedJson ExperimentJson(const Experiment& experiment, const std::string& root) {
  OrderedJson json;
  json["experiment_id"] = experiment.experiment_id;
  json["name"] = experiment.name;
  json["artifact_location"] = ArtifactUri(root, experiment.artifact_location);
  json["lifecycle_stage"] = ToString(experiment.lifecycle_stage);
  json["last_update_time"] = experiment.last_update_time_ms;
  json["creation_time"] = experiment.creation_time_ms;
  PutList(json, "tags", experiment.tags, PairJson<Tag>);
  return json;
}

OrderedJson RunInfoJson(const RunInfo& info, const std::string& root) {
  OrderedJson json;
  json["run_uuid"] = info.run_id;
  json["experiment_id"] = info.experiment_id;
  json["run_name"] = info.run_name;
  json["user_id"] = info.user_id;
  json["status"] = ToString(info.status);
  json["start_time"] = info.start_time_ms;
  if (info.end_time_ms != 0) json["end_time"] = info.end_time_ms;
  json["artifact_uri"] = ArtifactUri(root, info.artifact_uri);
  json["lifecycle_stage"] = ToString(info.lifecycle_stage);
  json["run_id"] = info.run_id;
  return json;
}

OrderedJson MetricJson(const Metric& metric) {
  OrderedJson json;
  json["key"] = metric.key;
  json["value"] = NumberJson(metric.value);
  json["timestamp"] = metric.timestamp_ms;
  json["step"] = metric.step;
  PutText(json, "dataset_name", metric.dataset_name);
  PutText(json, "dataset_digest", metric.dataset_digest);
  PutText(json, "model_id", metric.model_id);
  PutText(json, "run_id", metric.run_id);
  return json;
}

OrderedJson RunJson(const Run& run, const std::string& root) {
  OrderedJson json;
  json["info"] = RunInfoJson(run.info, root);
  OrderedJson& data = json["data"] = OrderedJson::object();
  PutList(data, "metrics", run.metrics, MetricJson);
  PutList(data, "params", run.params, PairJson<Param>);
  PutList(data, "tags", run.tags, PairJson<Tag>);
  OrderedJson& inputs = json["inputs"] = OrderedJson::object();
  PutList(inputs, "dataset_inputs", run.inputs, InputJson);
  PutList(inputs, "model_inputs", run.model_inputs,
          [](const std::string& id) { return Object("model_id", id); });
  OrderedJson& outputs = json["outputs"] = OrderedJson::object();
  PutList(outputs, "model_outputs", run.model_outputs, [](const ModelOutput& output) {
    OrderedJson each;
    each["model_id"] = output.model_id;
    each["step"] = output.step;
    return each;
  });
  return json;
}

OrderedJson LoggedModelJson(const LoggedModel& model, const std::string& root) {
  OrderedJson json;
  OrderedJson& info = json["info"];
  info["model_id"] = model.model_id;
  info["experiment_id"] = model.experiment_id;
  info["name"] = model.name;
  info["creation_timestamp_ms"] = model.creation_time_ms;
  info["last_updated_timestamp_ms"] = model.last_update_time_ms;
  info["artifact_uri"] = ArtifactUri(root, model.artifact_location);
  info["status"] = ToString(model.status);
  PutText(info, "model_type", model.model_type);
  PutText(info, "source_run_id", model.source_run_id);
  PutList(info, "tags", model.tags, PairJson<Tag>);
  OrderedJson& data = json["data"] = OrderedJson::object();
  PutList(data, "params", model.params, PairJson<Param>);
  PutList(data, "metrics", model.metrics, MetricJson);
  return json;
}

OrderedJson ModelVersionJson(const ModelVersion& version, const std::string& root) {
  OrderedJson json;
  json["name"] = version.name;
  json["version"] = std::to_string(version.version);
  json["creation_timestamp"] = version.creation_time_ms;
  json["last_updated_timestamp"] = version.last_update_time_ms;
  PutText(json, "user_id", version.user_id);
  json["current_stage"] = "None";
  json["description"] = version.description;
  json["source"] =
      version.source_uri.empty() ? ArtifactUri(root, version.source) : version.source_uri;
  json["run_id"] = version.run_id;
  json["status"] = "READY";
  PutList(json, "tags", version.tags, PairJson<Tag>);
  json["run_link"] = version.run_link;
  PutList(json, "aliases", version.aliases, [](const std::string& alias) { return alias; });
  PutText(json, "model_id", version.model_id);
  return json;
}

OrderedJson RegisteredModelJson(const RegisteredModel& model, const ModelVersion* latest,
                                const std::string& root) {
  OrderedJson json;
  json["name"] = model.name;
  json["creation_timestamp"] = model.creation_time_ms;
  json["last_updated_timestamp"] = model.last_update_time_ms;
  PutText(json, "description", model.description);
  if (latest != nullptr) {
    json["latest_versions"] = OrderedJson::array({ModelVersionJson(*latest, root)});
  }
  PutList(json, "tags", model.tags, PairJson<Tag>);
  PutList(json, "aliases", model.aliases, [](const ModelAlias& alias) {
    OrderedJson each;
    each["alias"] = alias.alias;
    each["version"] = std::to_string(alias.version);
    return each;
  });
  return json;
}

OrderedJson FileJson(const FileInfo& info, const std::string& path) {
  OrderedJson json;
  json["path"] = path;
  json["is_dir"] = info.is_directory;
  if (!info.is_directory) json["file_size"] = info.size_bytes;
  return json;
}

Result<std::vector<Metric>> MetricsOf(const Json& list, const std::string& name) {
  static constexpr std::array<FieldSpec, 7> kMetric = {
      {{.name = "key", .required = true},
       {.name = "value", .type = FieldType::kNumber, .required = true},
       {.name = "timestamp", .type = FieldType::kInteger, .required = true},
       {.name = "step", .type = FieldType::kInteger},
       {.name = "model_id"},
       {.name = "dataset_name"},
       {.name = "dataset_digest"}}};
  return ListOf<Metric>(list, name, kMetric, [](const Fields& fields) {
    return Metric{.key = fields.Text("key"),
                  .value = fields.Number("value"),
                  .step = fields.Integer("step"),
                  .timestamp_ms = fields.Integer("timestamp"),
                  .model_id = fields.Text("model_id"),
                  .dataset_name = fields.Text("dataset_name"),
                  .dataset_digest = fields.Text("dataset_digest")};
  });
}

Result<std::vector<Param>> ParamsOf(const Json& list, const std::string& name) {
  return ListOf<Param>(list, name, kPair, [](const Fields& fields) {
    return Param{fields.Text("key"), fields.Text("value")};
  });
}

Result<std::vector<Tag>> TagsOf(const Json& list, const std::string& name) {
  return ListOf<Tag>(list, name, kPair, [](const Fields& fields) {
    return Tag{fields.Text("key"), fields.Text("value")};
  });
}

Result<std::vector<ModelOutput>> ModelsOf(const Json& list, const std::string& name) {
  static constexpr std::array<FieldSpec, 2> kModel = {
      {{.name = "model_id", .required = true}, {.name = "step", .type = FieldType::kInteger}}};
  return ListOf<ModelOutput>(list, name, kModel, [](const Fields& fields) {
    return ModelOutput{fields.Text("model_id"), fields.Integer("step")};
  });
}

Result<std::vector<DatasetInput>> DatasetsOf(const Json& list, const std::string& name) {
  static constexpr std::array<FieldSpec, 1> kInput = {
      {{.name = "tags", .type = FieldType::kObjects}}};
  static constexpr std::array<FieldSpec, 6> kDataset = {{{.name = "name", .required = true},
                                                         {.name = "digest", .required = true},
                                                         {.name = "source_type", .required = true},
                                                         {.name = "source", .required = true},
                                                         {.name = "schema"},
                                                         {.name = "profile"}}};
  std::vector<DatasetInput> inputs;
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string path = fmt::format("{}[{}]", name, i);
    MP_ASSIGN_OR_RETURN(const Fields fields, Fields::Of(list[i], kInput, path));
    const auto found = list[i].find("dataset");
    if (found == list[i].end() || !found->is_object()) {
      return Fail(ErrorKind::kInvalidArgument, "Dataset cannot be None ({}.dataset)", path);
    }
    MP_ASSIGN_OR_RETURN(const Fields dataset, Fields::Of(*found, kDataset, path + ".dataset"));
    DatasetInput input{.name = dataset.Text("name"),
                       .digest = dataset.Text("digest"),
                       .source_type = dataset.Text("source_type"),
                       .source = dataset.Text("source"),
                       .schema = dataset.Text("schema"),
                       .profile = dataset.Text("profile")};
    MP_ASSIGN_OR_RETURN(auto tags, TagsOf(fields.Objects("tags"), path + ".tags"));
    for (auto& tag : tags) {
      if (tag.key == kContextTag) {
        input.context = tag.value;
      } else {
        input.tags.push_back(std::move(tag));
      }
    }
    inputs.push_back(std::move(input));
  }
  return inputs;
}

}  // namespace millpond::platform
