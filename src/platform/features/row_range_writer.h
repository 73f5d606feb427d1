// Collects source rows by entity and writes them to a view's online state: the one place that
// writes rows. Used once, by one thread.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/environment.h"
#include "data/delta/log/snapshot.h"
#include "platform/features/online_feeder.h"

namespace millpond::platform {

class RowRangeWriter {
 public:
  RowRangeWriter(const Environment& env, KeyValueStore& store, OnlineView& view,
                 const FeederOptions& options)
      : env_(env), store_(store), view_(view), options_(options) {}

  // First of all, for a rebuild: what the view has is gone when the writer's rows are there.
  Status Clear();
  // The rows of one file of the snapshot; commit_floor as in kernel::RowVersions. `entities`, if
  // given, gets the canonical bytes of those that have rows in it.
  Status AddFile(std::shared_ptr<const data::Snapshot> snapshot, size_t file, Micros commit_floor,
                 std::set<std::string>* entities = nullptr);
  // Writes the rest with the version, and publishes the head.
  Status Finish(int64_t version, Micros applied_through);

 private:
  Status AddRows(const kernel::Batch& rows, Micros commit_floor, std::set<std::string>* entities);
  Status WritePending();
  Status WritePart();

  const Environment& env_;
  KeyValueStore& store_;
  OnlineView& view_;
  const FeederOptions& options_;
  std::map<std::string, kernel::EntityBlock, std::less<>> pending_;
  int64_t pending_bytes_ = 0;
  int64_t rows_ = 0;
  KeyValueBatch batch_;
  std::vector<std::string> changed_;
  bool everything_changed_ = false;
};

}  // namespace millpond::platform
