// The section `serve` of models/*.yml.
#pragma once

#include "base/yaml.h"
#include "model/training/model_definition.h"

namespace millpond::model {

// <name>_inference beside the model's scores.
std::string InferenceTableFor(const ModelDefinition& model);

// `model`: the one whose section it is, which cannot stand in for itself.
Status ReadServe(const YamlNode& node, const std::string& model, ServeDefinition& serve);

}  // namespace millpond::model
