// What keeps files of old versions from VACUUM: the table's retention time, by the system's clock;
// leases of readers at work (snapshot_lease.h); and pins of whoever must read a version again
// (models, training sets, unaudited periods: the catalog's Pins), which come as holds from above.
#pragma once

#include <cstdint>
#include <string>

#include "data/delta/log/snapshot.h"

namespace millpond::data {

struct RetentionHold {
  int64_t version = 0;  // all of its files stay
  std::string holder;   // "model churn v3", "lease of millpond serve, pid 4711"
  std::string reason;
};

// The table's delta.deletedFileRetentionDuration, a week where it says nothing.
int64_t DeletedFileRetentionMillis(const Snapshot& snapshot);

}  // namespace millpond::data
