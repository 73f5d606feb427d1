// Reads the actions of a V1 checkpoint file (PROTOCOL.md, "Checkpoints"): only the columns that
// replay needs, one row group at a time. Removes are left out: they are read when the next
// checkpoint is written.
#pragma once

#include <functional>
#include <string>

#include "base/environment.h"
#include "data/delta/actions.h"

namespace millpond::data {

Status ReadCheckpoint(const Environment& env, const std::string& path,
                      const std::function<Status(Action)>& sink);

// The removes alone.
Status ReadCheckpointRemoves(const Environment& env, const std::string& path,
                             const std::function<Status(RemoveFile)>& sink);

}  // namespace millpond::data
