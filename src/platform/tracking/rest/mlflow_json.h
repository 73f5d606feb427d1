// MLflow's messages as JSON, both ways. Field names, what is left out and how numbers are written
// follow protobuf's JSON as MLflow sends it: whole numbers as numbers, NaN and the infinities as
// texts, empty lists absent.
#pragma once

#include <string>
#include <vector>

#include "base/fs/filesystem.h"
#include "base/json.h"
#include "base/result.h"
#include "platform/tracking/registry_types.h"
#include "platform/tracking/tracking_types.h"

namespace millpond::platform {

// `root` is the artifact root: folders below it are sent as mlflow-artifacts:/ URIs.
OrderedJson ExperimentJson(const Experiment& experiment, const std::string& root);
OrderedJson RunJson(const Run& run, const std::string& root);
OrderedJson RunInfoJson(const RunInfo& info, const std::string& root);
OrderedJson MetricJson(const Metric& metric);
OrderedJson LoggedModelJson(const LoggedModel& model, const std::string& root);
OrderedJson ModelVersionJson(const ModelVersion& version, const std::string& root);
// With its newest version, if it has one.
OrderedJson RegisteredModelJson(const RegisteredModel& model, const ModelVersion* latest,
                                const std::string& root);
// One entry of a listing; `path` is how the listing names it.
OrderedJson FileJson(const FileInfo& info, const std::string& path);
OrderedJson TagsJson(const std::vector<Tag>& tags);

// {"a": value} in place of an OrderedJson of one field.
OrderedJson Object(std::string_view name, OrderedJson value);

// Lists of a request; `name` is the field's name, for messages.
Result<std::vector<Metric>> MetricsOf(const Json& list, const std::string& name);
Result<std::vector<Param>> ParamsOf(const Json& list, const std::string& name);
Result<std::vector<Tag>> TagsOf(const Json& list, const std::string& name);
Result<std::vector<DatasetInput>> DatasetsOf(const Json& list, const std::string& name);
Result<std::vector<ModelOutput>> ModelsOf(const Json& list, const std::string& name);

}  // namespace millpond::platform
