// An ordered store of bytes by key, in a folder of this machine: RocksDB behind Result. Keys
// compare as unsigned bytes. A WriteBatch is applied whole or not at all, and readers see all of it
// or nothing; reads may be made as of a Snapshot.
//
// Writes go to a write-ahead log that is not synced: after a kill of the process everything
// acknowledged is there, after a power cut a suffix of the batches may be missing (never a part of
// one). So it is for what can be made again from elsewhere; what must not be lost goes to base/db.
//
// One process may have a folder open at a time (RocksDB's own lock: kConflict). Bytes that fail
// their checksum are kCorrupt. Thread-safe; snapshots and iterators must not outlive the store.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace millpond {

struct KeyValueOptions {
  int64_t block_cache_bytes = 64 << 20;   // of uncompressed blocks
  int64_t write_buffer_bytes = 16 << 20;  // of writes not yet in sorted files; two at most
  bool create_if_missing = true;
};

class KeyValueBatch {
 public:
  KeyValueBatch();
  KeyValueBatch(KeyValueBatch&&) noexcept;
  KeyValueBatch& operator=(KeyValueBatch&&) noexcept;
  ~KeyValueBatch();

  void Put(std::string_view key, std::string_view value);
  void Delete(std::string_view key);
  void DeleteRange(std::string_view begin, std::string_view end);  // [begin, end)
  int64_t bytes() const;

 private:
  friend class KeyValueStore;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class KeyValueStore {
 public:
  // Keeps the store as it was at one moment. Holding it keeps old values on the disk.
  class Snapshot;

  static Result<std::unique_ptr<KeyValueStore>> Open(const std::string& dir,
                                                     const KeyValueOptions& options = {});
  // Removes what Open made in the folder; nothing there is fine. The store must be closed.
  static Status Destroy(const std::string& dir);
  ~KeyValueStore();  // closes
  KeyValueStore(const KeyValueStore&) = delete;
  KeyValueStore& operator=(const KeyValueStore&) = delete;

  Status Write(KeyValueBatch batch);

  std::shared_ptr<const Snapshot> TakeSnapshot() const;

  // nullopt: not there. `snapshot` null: as of now.
  Result<std::optional<std::string>> Get(std::string_view key,
                                         const Snapshot* snapshot = nullptr) const;
  // Each key that begins with `prefix`, in order, until `visit` gives false or an error.
  using Visitor = std::function<Result<bool>(std::string_view key, std::string_view value)>;
  Status Visit(std::string_view prefix, const Visitor& visit,
               const Snapshot* snapshot = nullptr) const;
  // The last key at or before `key` that begins with `prefix`, with its value.
  struct Entry {
    std::string key;
    std::string value;
  };
  Result<std::optional<Entry>> LastUpTo(std::string_view prefix, std::string_view key,
                                        const Snapshot* snapshot = nullptr) const;
  // The first key after `key` that begins with `prefix`, with its value.
  Result<std::optional<Entry>> FirstAfter(std::string_view prefix, std::string_view key,
                                          const Snapshot* snapshot = nullptr) const;

 private:
  struct Impl;
  explicit KeyValueStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace millpond
