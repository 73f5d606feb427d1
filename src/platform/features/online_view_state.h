// One view that is served: its program, where its entities lie, and the head that requests read.
// The feeder makes heads; a request takes one and sees the store as it was then, whatever is
// written meanwhile.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "base/kv/key_value_store.h"
#include "base/metrics/metrics.h"
#include "platform/features/entity_cache.h"
#include "platform/features/entity_store.h"
#include "platform/features/online_store.h"
#include "platform/features/view_binding.h"

namespace millpond::platform {

// One state of a view. Immutable.
struct OnlineHead {
  uint64_t epoch = 0;  // grows with every change of rows
  int64_t version = 0;
  Micros applied_through = 0;
  int64_t rows = 0;
  std::string problem;  // why the source is not followed any more
  std::shared_ptr<const KeyValueStore::Snapshot> snapshot;
};

// What the store keeps of a view beside its rows; one JSON document under the view's number.
struct OnlineViewRecord {
  uint32_t number = 0;  // begins the keys of its rows
  std::string view;
  std::string definition;  // SHA-256 of the canonical text
  std::string table_id;
  int64_t live_version = 0;
  bool complete = false;  // false: rows were being written when the process ended
  int64_t version = 0;
  Micros applied_through = 0;
  int64_t rows = 0;
};

std::string RecordKey(uint32_t number);
std::string RowPrefix(uint32_t number);
std::string EncodeRecord(const OnlineViewRecord& record);
Result<OnlineViewRecord> DecodeRecord(std::string_view bytes);
inline constexpr std::string_view kRecordPrefix("\x01", 1);

struct OnlineViewMetrics {
  OnlineViewMetrics(MetricsRegistry& metrics, const std::string& view);
  Counter& rows;
  Counter& late_commits;
  Gauge& lag_seconds;
  Histogram& get_seconds;
  Histogram& commit_delay_seconds;  // commit time - claim, of rows after the live version
};

class OnlineView {
 public:
  OnlineView(KeyValueStore& store, ViewBinding binding, OnlineViewRecord record,
             CacheBudget& budget, MetricsRegistry& metrics);

  const FeatureView& definition() const { return view_; }
  const kernel::FeatureProgram& program() const { return *program_; }
  const LiveVersion& live() const { return live_; }
  const EntityStore& entities() const { return entities_; }
  EntityCache& cache() { return cache_; }
  OnlineViewMetrics& metrics() { return metrics_; }
  // Of the feeder alone: what is in the store.
  OnlineViewRecord& record() { return record_; }

  std::shared_ptr<const OnlineHead> head() const;
  void Publish(OnlineHead head);

  // kInvalidArgument: a column of the entity is missing or of another type. kUnavailable.
  Result<OnlineFeatures> Get(const kernel::Batch& entity, Micros as_of);
  OnlineViewStatus Describe() const;
  // Whether a request found damaged state since the last call.
  bool TakeRebuildWish() { return wants_rebuild_.exchange(false); }

 private:
  Result<kernel::Batch> Evaluate(std::string_view key, const OnlineHead& head, Micros as_of);
  Result<std::shared_ptr<const OnlineEntity>> Load(std::string_view key, const OnlineHead& head);
  std::unexpected<Error> Unreadable(const Error& error);

  KeyValueStore& store_;
  FeatureView view_;
  std::shared_ptr<const kernel::FeatureProgram> program_;
  LiveVersion live_;
  OnlineViewRecord record_;
  EntityStore entities_;
  EntityCache cache_;
  OnlineViewMetrics metrics_;
  std::atomic<bool> wants_rebuild_{false};
  mutable std::mutex mutex_;  // of head_, held for a copy
  std::shared_ptr<const OnlineHead> head_;
};

}  // namespace millpond::platform
