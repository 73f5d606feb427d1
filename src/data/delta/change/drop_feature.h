// ALTER TABLE … DROP FEATURE: a table goes back to what older programs understand (PROTOCOL.md,
// "Supported Features"). First what the present version still has of the feature is taken away, in
// commits of their own where readers are concerned (files with deletion vectors or old types are
// rewritten); then a checkpoint, so that nobody who reads a later version looks at what came
// before; then the feature leaves the protocol. Older versions keep it, and stay readable for those
// who know it. Interrupted in between, the table is whole and still has the feature.
#pragma once

#include <string>

#include "data/delta/commit/write.h"

namespace millpond::data {

// kInvalidArgument: the table does not have the feature, or still uses it and has to be changed by
// its owner first, as the message says. kUnsupported: the feature cannot be dropped, and why.
Result<CommitResult> DropFeature(DeltaTable& table, const std::string& name);

}  // namespace millpond::data
