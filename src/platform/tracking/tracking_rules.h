// MLflow's rules on names, keys and sizes, with MLflow's texts. `path` is how the request names the
// field ("metrics[3].name"). Lengths are in characters, not bytes. All errors are kInvalidArgument.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "platform/tracking/tracking_types.h"

namespace millpond::platform {

inline constexpr size_t kMaxKeyLength = 250;
inline constexpr size_t kMaxParamLength = 6000;
inline constexpr size_t kMaxTagLength = 8000;
inline constexpr size_t kMaxExperimentTagLength = 20'000;
inline constexpr size_t kMaxRegistryTagLength = 100'000;
inline constexpr size_t kMaxExperimentNameLength = 500;

Status CheckMetric(const Metric& metric, std::string_view path = "");
Status CheckParam(const Param& param, std::string_view path = "");
Status CheckTag(const Tag& tag, std::string_view path = "", size_t max_value = kMaxTagLength);
Status CheckDataset(const DatasetInput& input);

// log-batch: at most 1000 metrics, 100 params, 100 tags, 1000 of all; no param twice; and each of
// them by its own rules.
Status CheckBatch(const std::vector<Metric>& metrics, const std::vector<Param>& params,
                  const std::vector<Tag>& tags);

Status CheckExperimentName(const std::string& name);
Status CheckModelName(const std::string& name);        // of a registered model
Status CheckAliasName(const std::string& alias);       // to look one up
Status CheckAliasIsFree(const std::string& alias);     // to set one: "latest" and "v3" are reserved
Status CheckLoggedModelName(const std::string& name);  // of a logged model

// "'{what}' exceeds the maximum length of {limit} characters".
Status CheckLength(std::string_view what, std::string_view value, size_t limit);

}  // namespace millpond::platform
