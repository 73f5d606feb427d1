// Brings the online state of a view up to its source: reads what commits added, puts the rows where
// they belong, and publishes a new head. Rows, version and applied_through of a range of commits
// are one write batch; a range too large for that is written in parts under a record that says so,
// and a process that dies between leaves a state that is rebuilt.
//
// When a listing finds commits, answers that they may change are marked at once (applied_through
// goes back before the first of them) until their rows are in.
#pragma once

#include "base/environment.h"
#include "platform/features/online_view_state.h"

namespace millpond::platform {

struct FeederOptions {
  int64_t pending_bytes = 32 << 20;  // rows in memory before they are written
  int64_t batch_bytes = 8 << 20;     // of one write batch
};

class OnlineFeeder {
 public:
  OnlineFeeder(FeatureStore& features, KeyValueStore& store, FeederOptions options)
      : features_(features), store_(store), options_(options) {}

  // Writes the rows of the binding's snapshot in place of whatever the view has. `applied_through`:
  // the clock before the snapshot was looked for.
  Status Build(OnlineView& view, const ViewBinding& binding, Micros applied_through);

  // Looks at the source once and applies what is new. `serving`: requests are answered meanwhile,
  // so that late commits count. kUnsupported: the source is not append-only any more; the view
  // stays as it is and says so.
  Status Advance(OnlineView& view, bool serving);

 private:
  Status Apply(OnlineView& view, std::shared_ptr<const data::Snapshot> snapshot, Micros looked_at,
               bool serving);
  Status Rebuild(OnlineView& view);

  FeatureStore& features_;
  KeyValueStore& store_;
  FeederOptions options_;
};

}  // namespace millpond::platform
