// The notions of MLflow's model registry: a registered model has numbered versions, each a model
// folder that a run made; an alias ("champion") names one of them. Every change of a model, a
// version or an alias leaves a line of history.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "platform/tracking/tracking_types.h"

namespace millpond::platform {

struct ModelVersion {
  std::string name = {};
  int64_t version = 0;
  std::string run_id = {};  // "" if no run made it
  std::string source = {};  // the model folder, or the URI of a store of the client's own
  std::string description = {};
  int64_t creation_time_ms = 0;
  std::vector<Tag> tags = {};
  std::vector<std::string> aliases = {};
  int64_t last_update_time_ms = 0;
  std::string source_uri = {};  // the source as the client named it ("models:/m-…"); "": source
  std::string run_link = {};
  std::string model_id = {};  // the logged model; "" if there is none
  std::string user_id = {};

  // nullptr where there is none.
  const std::string* FindTag(std::string_view key) const {
    const auto found = std::ranges::find(tags, key, &Tag::key);
    return found == tags.end() ? nullptr : &found->value;
  }
};

struct ModelAlias {
  std::string alias = {};
  int64_t version = 0;
};

struct RegisteredModel {
  std::string name = {};
  std::string description = {};
  int64_t creation_time_ms = 0;
  int64_t last_update_time_ms = 0;
  int64_t latest_version = 0;  // 0: none
  std::vector<Tag> tags = {};
  std::vector<ModelAlias> aliases = {};
};

// One line of the registry's history: what changed, by whom, from which version to which.
struct RegistryAudit {
  int64_t at_ms = 0;
  std::string principal = {};
  std::string action = {};  // create_model, rename_model, delete_model, create_version,
                            // delete_version, set_alias, delete_alias, promote, rollback
  std::string model = {};
  std::string alias = {};
  int64_t from_version = 0;  // 0: none
  int64_t to_version = 0;
  std::string detail = {};  // rename_model: the old name
};

}  // namespace millpond::platform
