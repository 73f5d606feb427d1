// Where a new version's files lie, from what a client says: source, run id, logged model's id. The
// source must lie inside what the run or the model made, or in a store that is not Millpond's; a
// client cannot register, and then read, another folder of the server.
#pragma once

#include <string>

#include "base/result.h"
#include "platform/tracking/rest/tracking_routes.h"

namespace millpond::platform {

struct VersionSource {
  std::string folder = {};      // a folder, or a foreign URI
  std::string source_uri = {};  // as named, if that is not the folder's own URI
  std::string run_id = {};
  std::string model_id = {};
};

// kInvalidArgument: "Invalid model version source: '…'. …"; kNotFound: an unknown logged model.
Result<VersionSource> ResolveSource(const TrackingParts& parts, const std::string& source,
                                    const std::string& run_id, const std::string& model_id);

}  // namespace millpond::platform
