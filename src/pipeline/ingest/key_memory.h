// The idempotency keys that a spool has seen: in memory by hash, on disk in logs beside the
// segments (docs/formats/ingest-spool.md), so that a segment can go as soon as its rows are in
// their table. A key is remembered for as long as the options say, and not beyond max_keys: then
// the oldest are forgotten first, and counted. One thread may Save while another uses the rest;
// otherwise one thread at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/environment.h"
#include "pipeline/ingest/spool_batch.h"

namespace millpond::pipeline {

struct KnownBatch {
  int64_t rows = 0;
  std::string digest;  // of the batch's bytes
};

class KeyMemory {
 public:
  KeyMemory(const Environment& env, std::string dir, Micros lifetime, int64_t max_keys);

  // Reads the logs of the folder and leaves one in their place.
  Status Load();

  std::optional<KnownBatch> Find(const std::string& key) const;
  // In memory only. Marks without a key are passed over.
  void Remember(const BatchMark& mark);
  // Durable on return. A key that is saved twice is one key.
  Status Save(const std::vector<BatchMark>& marks);

  int64_t size() const { return static_cast<int64_t>(known_.size()); }
  int64_t forgotten() const { return forgotten_; }  // before their time

 private:
  struct Hash {
    uint64_t high = 0, low = 0;
    bool operator==(const Hash&) const = default;
  };
  struct HashOfHash {
    size_t operator()(const Hash& hash) const { return hash.low; }
  };
  struct Entry {
    uint64_t digest = 0;
    int64_t rows = 0;
    Micros at = 0;
  };
  static Hash HashOf(const std::string& key);
  static std::string LineOf(const Hash& hash, const Entry& entry);
  std::string LogPath(int64_t number) const;
  void Insert(const Hash& hash, const Entry& entry);
  void ForgetOldest();
  // Grows or shrinks what is reserved for them; forgets half of them where there is no room.
  void Reserve();
  void ReadLog(std::string_view text);
  // Removes logs all of whose keys have expired.
  void RemoveExpiredLogs();

  Environment env_;
  std::string dir_;
  Micros lifetime_;
  int64_t max_keys_;
  MemoryReservation memory_;
  std::unordered_map<Hash, Entry, HashOfHash> known_;
  std::deque<std::pair<Micros, Hash>> by_age_;
  int64_t forgotten_ = 0;

  struct Log {
    int64_t number = 0;
    Micros newest = 0;
  };
  std::deque<Log> logs_;               // oldest first; the last one is written to, if log_
  std::unique_ptr<WritableFile> log_;  // null: the next Save begins a new one
  int64_t log_bytes_ = 0;
  int64_t last_number_ = 0;
};

}  // namespace millpond::pipeline
