// What commits did to the source of a view: for those who follow it version by version.
#pragma once

#include <string>
#include <vector>

#include "base/environment.h"
#include "base/result.h"
#include "platform/features/feature_store.h"

namespace millpond::platform {

struct SourceCommit {
  int64_t version = 0;
  Micros stamp = 0;                // its in-commit timestamp
  std::vector<std::string> added;  // files, as the log spells them
  bool removes = false;            // files are gone from the table …
  bool changes_data = false;       // … and rows with them
  bool changes_metadata = false;
};

// Versions (from, to] of the table, oldest first. kNotFound: a version's log file is not there any
// more. kCorrupt: a commit without the in-commit timestamp that a source of a view has.
Result<std::vector<SourceCommit>> ReadSourceCommits(const Environment& env,
                                                    const std::string& table_path, int64_t from,
                                                    int64_t to);

// Why a view that is live since `live_version` cannot use a source whose `commit` removed files.
Error NotAppendOnly(const FeatureView& view, int64_t live_version, const SourceCommit& commit);

}  // namespace millpond::platform
