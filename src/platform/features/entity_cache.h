// Decoded entities in memory: bounded, the least recently used go first. Right beside a feeder that
// changes entities while requests read older and newer states of the store:
//
//   a reader holds a head (epoch e, a snapshot of the store) and may use an entry only if it was
//   loaded at e or before and has not changed since; what it loads it may keep only if no newer
//   epoch has been announced.
//   the feeder writes, then Announce(e + 1, what changed), then publishes the head of e + 1.
//
// Thread-safe; a call holds one of sixteen locks for less than a microsecond.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace millpond::platform {

struct OnlineEntity;

// What several caches may hold together.
struct CacheBudget {
  explicit CacheBudget(int64_t bytes) : limit(bytes) {}
  const int64_t limit;
  std::atomic<int64_t> used{0};
};

class EntityCache {
 public:
  explicit EntityCache(CacheBudget& budget) : budget_(budget) {}
  ~EntityCache();

  std::shared_ptr<const OnlineEntity> Find(std::string_view key, uint64_t epoch);
  void Keep(std::string_view key, uint64_t epoch, std::shared_ptr<const OnlineEntity> entity);
  void Announce(uint64_t epoch, const std::vector<std::string>& changed);
  void AnnounceAll(uint64_t epoch);  // everything may have changed

 private:
  struct Entry {
    std::string key;
    uint64_t epoch;
    int64_t bytes;
    std::shared_ptr<const OnlineEntity> entity;
  };
  struct Shard {
    std::mutex mutex;
    uint64_t epoch = 0;
    std::list<Entry> entries;  // the most recently used first
    std::unordered_map<std::string_view, std::list<Entry>::iterator> by_key;
  };
  static constexpr size_t kShards = 16;

  Shard& ShardOf(std::string_view key);
  void Drop(Shard& shard, std::list<Entry>::iterator entry);

  CacheBudget& budget_;
  std::array<Shard, kShards> shards_;
};

}  // namespace millpond::platform
