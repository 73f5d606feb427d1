// Values that models/*.yml writes in its own way: durations, moments, SELECTs, "5%".
#pragma once

#include "base/yaml.h"
#include "model/training/model_definition.h"

namespace millpond::model {

// "90 days", "6 hours", "30 minutes", "1 second"; a zero may stand alone.
Result<Micros> ReadDuration(const YamlNode& node);
Result<Micros> ReadMoment(const YamlNode& node);
// A block scalar; its text is moved to its line in the file.
Result<ModelSql> ReadSql(const YamlNode& node, const std::string& file);
Result<SplitPart> ReadSplitPart(const YamlNode& node);
Result<TopK> ReadTopK(const YamlNode& node);
// Scalars become booleans, numbers or texts, lists and mappings what they are.
Result<Json> ReadJson(const YamlNode& node);
// A list of names, or one name.
Result<std::vector<std::string>> ReadNames(const YamlNode& node);

}  // namespace millpond::model
