// Blocks and tiles of the entities of one view in the key-value store: where a row goes, when a
// block is split, and how an entity is read back.
//
//   view ‖ entity ‖ 0 ‖ start → tile        view ‖ entity ‖ 1 ‖ start → rows
//
// `start` is the least event time that a block takes; the first block of an entity takes what comes
// before as well. Rows of one event time that fill several blocks are told apart by a number. So an
// entity's keys are in event order, and a late row finds its block by one seek.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/kv/key_value_store.h"
#include "kernel/entity_state.h"

namespace millpond::platform {

// An entity as it is evaluated; immutable.
struct OnlineEntity {
  // All rows, if they are few …
  std::shared_ptr<const kernel::SourceRows> rows;
  // … else the tiles in event order, and the keys of their rows.
  std::vector<kernel::EntityTile> tiles;
  std::vector<std::string> row_keys;
  int64_t bytes = 0;  // in memory
};

class EntityStore {
 public:
  // `prefix` begins every key of the view.
  EntityStore(KeyValueStore& store, std::shared_ptr<const kernel::FeatureProgram> program,
              std::string prefix);

  const std::string& prefix() const { return prefix_; }
  // An entity without rows.
  const std::shared_ptr<const kernel::SourceRows>& none() const { return none_; }

  // Adds rows of an entity that the store does not have yet to the batch, with the keys that they
  // change to `touched` (the entity's and those of row blocks). Reads the store as it is now, so an
  // entity may be added to once in a batch.
  Status Add(std::string_view entity, const kernel::EntityBlock& rows, KeyValueBatch& batch,
             std::vector<std::string>& touched) const;

  Result<std::shared_ptr<const OnlineEntity>> Load(std::string_view entity,
                                                   const KeyValueStore::Snapshot& snapshot) const;
  Result<std::shared_ptr<const OnlineEntity>> LoadRows(
      const std::string& row_key, const KeyValueStore::Snapshot& snapshot) const;

 private:
  struct Start {
    Micros time = INT64_MIN;
    uint32_t number = 0;
  };
  std::string Key(std::string_view entity, char kind) const;
  static std::string KeyAt(std::string key, Start start);
  static Result<Start> StartOf(std::string_view key);
  Status Put(std::string_view entity, Start start, const kernel::EntityBlock& block, bool keep_full,
             KeyValueBatch& batch, std::vector<std::string>& touched) const;

  KeyValueStore& store_;
  std::shared_ptr<const kernel::FeatureProgram> program_;
  std::string prefix_;
  std::shared_ptr<const kernel::SourceRows> none_;
};

}  // namespace millpond::platform
