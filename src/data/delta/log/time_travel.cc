// Which version there was at a time, and the table's history. A version's time is its in-commit
// timestamp from the version that turned them on; before, the time of its log file, moved up by a
// millisecond where a file is not younger than the one before it.
#include <algorithm>

#include "data/delta/log/table_shared.h"
#include "data/delta/metadata/actions_json.h"
#include "data/delta/metadata/protocol.h"

namespace millpond::data {
namespace {

// Log-file times of versions first … last, made monotonic.
std::vector<std::pair<int64_t, Micros>> FileTimes(const LogListing& listing, int64_t first,
                                                  int64_t last) {
  std::vector<std::pair<int64_t, Micros>> times;
  for (const auto& [version, file] : listing.commits) {
    if (version < first || version > last) continue;
    Micros at = file.modified / kMicrosPerMilli * kMicrosPerMilli;
    if (!times.empty()) at = std::max(at, times.back().second + kMicrosPerMilli);
    times.emplace_back(version, at);
  }
  return times;
}

// From which version on the commits hold their time; nullopt: none does.
std::optional<int64_t> EnablementVersion(const Snapshot& latest) {
  if (!InCommitTimestampsEnabled(latest.protocol(), latest.metadata())) return std::nullopt;
  auto text = latest.property(property::kInCommitTimestampVersion);
  if (!text) return 0;
  return std::strtoll(text->c_str(), nullptr, 10);
}

Result<Micros> ReadInCommitTime(const LogStore& log, int64_t version) {
  MP_ASSIGN_OR_RETURN(std::string bytes, log.ReadCommit(version));
  MP_ASSIGN_OR_RETURN(auto info, ParseCommitInfo(bytes, log.CommitPath(version)));
  if (!info.in_commit_timestamp_ms) {
    return Fail(ErrorKind::kCorrupt, "{} lacks the in-commit timestamp that the table promises",
                log.CommitPath(version));
  }
  return *info.in_commit_timestamp_ms * kMicrosPerMilli;
}

// The last version of first … last whose in-commit timestamp is at or before `at`; -1: none.
Result<int64_t> SearchInCommitTimes(const LogStore& log, int64_t first, int64_t last, Micros at) {
  int64_t low = first - 1, high = last;
  while (low < high) {
    int64_t middle = low + (high - low + 1) / 2;
    MP_ASSIGN_OR_RETURN(Micros time, ReadInCommitTime(log, middle));
    if (time <= at) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low < first ? -1 : low;
}

}  // namespace

Result<std::shared_ptr<const Snapshot>> DeltaTable::AtTime(Micros at) {
  MP_ASSIGN_OR_RETURN(auto latest, Latest());
  // SQL's now() is the system's, wherever the project's clock stands.
  const Micros now = std::max(shared_->env.clock.Now(), SystemClock().Now());
  if (at > std::max(latest->commit_time(), now)) {
    return Fail(ErrorKind::kNotFound,
                "table {} has no version at {}, which is yet to come: its newest is {}, of {}",
                path(), FormatTimestamp(at), latest->version(),
                FormatTimestamp(latest->commit_time()));
  }
  if (latest->commit_time() <= at) return latest;
  MP_ASSIGN_OR_RETURN(auto listing, shared_->log.List());
  int64_t earliest = std::max<int64_t>(0, listing.earliest());
  int64_t file_times_until = latest->version();
  if (auto enabled = EnablementVersion(*latest)) {
    int64_t first = std::max(*enabled, earliest);
    if (!listing.commits.empty()) first = std::max(first, listing.commits.begin()->first);
    MP_ASSIGN_OR_RETURN(int64_t version,
                        SearchInCommitTimes(shared_->log, first, latest->version(), at));
    if (version >= 0) return AtVersion(version);
    file_times_until = first - 1;
  }
  auto times = FileTimes(listing, earliest, file_times_until);
  int64_t found = -1;
  for (const auto& [version, time] : times) {
    if (time <= at) found = version;
  }
  if (found >= 0) return AtVersion(found);
  return Fail(ErrorKind::kNotFound,
              "table {} has no version at {}: the versions that are there are {} to {}, {}up to {}",
              path(), FormatTimestamp(at), earliest, latest->version(),
              times.empty() ? "" : fmt::format("from {} ", FormatTimestamp(times.front().second)),
              FormatTimestamp(latest->commit_time()));
}

Result<std::vector<HistoryEntry>> DeltaTable::History(int limit) {
  MP_ASSIGN_OR_RETURN(auto listing, shared_->log.List());
  auto file_times = FileTimes(listing, 0, INT64_MAX);
  std::vector<HistoryEntry> history;
  for (auto entry = file_times.rbegin(); entry != file_times.rend(); ++entry) {
    if (limit >= 0 && history.size() == static_cast<size_t>(limit)) break;
    auto [version, file_time] = *entry;
    MP_ASSIGN_OR_RETURN(std::string bytes, shared_->log.ReadCommit(version));
    MP_ASSIGN_OR_RETURN(auto info, ParseCommitInfo(bytes, shared_->log.CommitPath(version)));
    Micros time =
        info.in_commit_timestamp_ms ? *info.in_commit_timestamp_ms * kMicrosPerMilli : file_time;
    history.push_back({version, time, std::move(info.operation),
                       std::move(info.operation_parameters), std::move(info.operation_metrics),
                       std::move(info.tags), std::move(info.engine_info)});
  }
  return history;
}

}  // namespace millpond::data
