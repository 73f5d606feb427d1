#include "data/delta/log/log_cleanup.h"

#include <algorithm>
#include <set>

#include "data/delta/log/checkpoint_reader.h"
#include "data/delta/metadata/properties.h"

namespace millpond::data {
namespace {

constexpr int64_t kDefaultLogRetentionMs = 30LL * 24 * 3600 * 1000;

// The newest version committed at or before the cut, by the times of the log files, which a clock
// that was set back may have out of order; -1: none.
int64_t LastExpired(const LogListing& listing, Micros cut) {
  int64_t last = -1;
  Micros time = INT64_MIN;
  for (const auto& [version, file] : listing.commits) {
    time = std::max(time, file.modified);
    if (time > cut) break;
    last = version;
  }
  return last;
}

// Temporary files that a killed writer left: after a day nobody will finish them.
void RemoveLeftOvers(const Environment& env, const std::vector<FileInfo>& files) {
  const Micros old = SystemClock().Now() - kMicrosPerDay;
  for (const auto& file : files) {
    if (!FileName(file.path).starts_with("._tmp.") || file.modified > old) continue;
    (void)env.fs.Remove(file.path);  // best effort: readers pass them over
  }
}

// Sidecars that nothing refers to, and that no writer can still be about to refer to.
Result<std::vector<std::string>> LooseSidecars(const Environment& env, const std::string& log,
                                               const LogListing& listing) {
  std::vector<std::string> loose;
  auto files = env.fs.List(JoinPath(log, "_sidecars"));
  if (!files.has_value()) {
    if (files.error().kind() == ErrorKind::kNotFound) return loose;
    return std::unexpected<Error>(std::move(files).error());
  }
  RemoveLeftOvers(env, *files);
  if (files->empty()) return loose;
  std::set<std::string> referred;
  for (const auto& [version, checkpoints] : listing.checkpoints) {
    for (const CheckpointFiles& checkpoint : checkpoints) {
      if (checkpoint.size() > 1) continue;  // multi-part ones have no sidecars
      MP_ASSIGN_OR_RETURN(auto names, ReadSidecarNames(env, checkpoint.front()));
      referred.insert(names.begin(), names.end());
    }
  }
  const Micros young = (SystemClock().Now() / kMicrosPerDay - 1) * kMicrosPerDay;
  for (const FileInfo& file : *files) {
    const std::string name(FileName(file.path));
    if (file.is_directory || !name.ends_with(".parquet")) continue;
    if (file.modified < young && !referred.contains(name)) loose.push_back(file.path);
  }
  return loose;
}

Result<int64_t> RemoveAll(const Environment& env, const std::vector<std::string>& files) {
  int64_t removed = 0;
  for (const std::string& path : files) {
    MP_RETURN_IF_ERROR(env.cancellation.Check());
    const Status gone = env.fs.Remove(path);
    if (gone.has_value()) {
      ++removed;
    } else if (gone.error().kind() != ErrorKind::kNotFound) {  // another may clean up, too
      return std::unexpected(gone.error());
    }
  }
  return removed;
}

}  // namespace

// A project's clock may stand anywhere: nothing goes that is young by either clock.
Micros LogCutOf(const Environment& env, const Snapshot& snapshot) {
  const auto text = snapshot.property("delta.logRetentionDuration");
  const int64_t retention =
      text ? ParseInterval(*text).value_or(kDefaultLogRetentionMs) : kDefaultLogRetentionMs;
  const Micros now = std::min(env.clock.Now(), SystemClock().Now());
  Micros kept = 0;
  if (__builtin_mul_overflow(retention, kMicrosPerMilli, &kept)) return 0;
  const Micros cut = now - kept;
  return cut < 0 ? 0 : cut / kMicrosPerDay * kMicrosPerDay;
}

LogCleanUp PlanLogCleanUp(const LogListing& listing, Micros cut, int64_t oldest_held) {
  LogCleanUp plan;
  const int64_t last = std::min(LastExpired(listing, cut), oldest_held);
  const auto checkpoint = listing.checkpoints.upper_bound(last);
  if (checkpoint == listing.checkpoints.begin()) return plan;
  plan.first_kept = std::prev(checkpoint)->first;
  // By version, and of one version the commit first: what is left of it is then never the newest
  // way to a version that should be there.
  std::multimap<int64_t, std::string> going;
  for (const auto& [version, file] : listing.commits) {
    if (version < plan.first_kept) going.emplace(version, file.path);
  }
  for (const auto& [version, file] : listing.checksums) {
    if (version < plan.first_kept) going.emplace(version, file.path);
  }
  for (const auto& [version, checkpoints] : listing.checkpoints) {
    if (version >= plan.first_kept) break;
    for (const CheckpointFiles& files : checkpoints) {
      for (const auto& path : files) going.emplace(version, path);
    }
  }
  for (const auto& [first, spans] : listing.compacted) {
    if (first > plan.first_kept) break;
    for (const auto& [last, file] : spans) going.emplace(first, file.path);
  }
  for (auto& [version, path] : going) plan.files.push_back(std::move(path));
  return plan;
}

Result<int64_t> CleanUpLog(const Environment& env, const Snapshot& snapshot, int64_t oldest_held) {
  const std::string log = JoinPath(snapshot.path(), "_delta_log");
  MP_ASSIGN_OR_RETURN(auto files, env.fs.List(log));
  RemoveLeftOvers(env, files);
  const auto enabled = snapshot.property("delta.enableExpiredLogCleanup");
  if (enabled && !EqualNames(*enabled, "true")) return 0;
  LogListing listing = MakeLogListing(files);
  const LogCleanUp plan = PlanLogCleanUp(listing, LogCutOf(env, snapshot), oldest_held);
  int64_t removed = 0;
  if (!plan.files.empty()) {
    MP_RETURN_IF_ERROR_CONTEXT(
        ReadCheckpoint(env, snapshot.path(), plan.first_kept,
                       listing.checkpoints.at(plan.first_kept).front()),
        "the log of {} is not cleaned up, the checkpoint that would have to carry it is no good",
        snapshot.path());
    MP_ASSIGN_OR_RETURN(removed, RemoveAll(env, plan.files));
    MP_ASSIGN_OR_RETURN(files, env.fs.List(log));
    listing = MakeLogListing(files);
  }
  MP_ASSIGN_OR_RETURN(const auto sidecars, LooseSidecars(env, log, listing));
  MP_ASSIGN_OR_RETURN(const int64_t loose, RemoveAll(env, sidecars));
  return removed + loose;
}

}  // namespace millpond::data
