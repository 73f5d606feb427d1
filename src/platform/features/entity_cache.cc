#include "platform/features/entity_cache.h"

#include <utility>

#include "platform/features/entity_store.h"

namespace millpond::platform {

EntityCache::~EntityCache() {
  AnnounceAll(0);
}

EntityCache::Shard& EntityCache::ShardOf(std::string_view key) {
  return shards_[std::hash<std::string_view>()(key) % kShards];
}

void EntityCache::Drop(Shard& shard, std::list<Entry>::iterator entry) {
  budget_.used -= entry->bytes;
  shard.by_key.erase(entry->key);
  shard.entries.erase(entry);
}

std::shared_ptr<const OnlineEntity> EntityCache::Find(std::string_view key, uint64_t epoch) {
  Shard& shard = ShardOf(key);
  std::lock_guard lock(shard.mutex);
  const auto found = shard.by_key.find(key);
  if (found == shard.by_key.end() || found->second->epoch > epoch) return nullptr;
  shard.entries.splice(shard.entries.begin(), shard.entries, found->second);
  return found->second->entity;
}

void EntityCache::Keep(std::string_view key, uint64_t epoch,
                       std::shared_ptr<const OnlineEntity> entity) {
  const int64_t bytes = entity->bytes + static_cast<int64_t>(key.size()) + 128;
  if (bytes > budget_.limit) return;
  Shard& shard = ShardOf(key);
  std::lock_guard lock(shard.mutex);
  if (shard.epoch > epoch) return;
  if (const auto found = shard.by_key.find(key); found != shard.by_key.end()) {
    if (found->second->epoch >= epoch) return;
    Drop(shard, found->second);
  }
  shard.entries.push_front({std::string(key), epoch, bytes, std::move(entity)});
  shard.by_key.emplace(shard.entries.front().key, shard.entries.begin());
  budget_.used += bytes;
  while (budget_.used > budget_.limit && !shard.entries.empty()) {
    Drop(shard, std::prev(shard.entries.end()));
  }
}

void EntityCache::Announce(uint64_t epoch, const std::vector<std::string>& changed) {
  std::array<std::vector<const std::string*>, kShards> by_shard;
  for (const std::string& key : changed) {
    by_shard[std::hash<std::string_view>()(key) % kShards].push_back(&key);
  }
  for (size_t i = 0; i < kShards; ++i) {
    Shard& shard = shards_[i];
    std::lock_guard lock(shard.mutex);
    shard.epoch = epoch;
    for (const std::string* key : by_shard[i]) {
      const auto found = shard.by_key.find(*key);
      if (found != shard.by_key.end()) Drop(shard, found->second);
    }
  }
}

void EntityCache::AnnounceAll(uint64_t epoch) {
  for (Shard& shard : shards_) {
    std::lock_guard lock(shard.mutex);
    shard.epoch = epoch;
    while (!shard.entries.empty()) Drop(shard, shard.entries.begin());
  }
}

}  // namespace millpond::platform
