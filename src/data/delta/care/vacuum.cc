#include "data/delta/care/vacuum.h"

#include <algorithm>
#include <atomic>

#include "data/delta/care/snapshot_lease.h"
#include "data/delta/commit/transaction.h"
#include "data/delta/metadata/protocol.h"

namespace millpond::data {
namespace {

constexpr size_t kRound = 100'000;   // files that one walk collects
constexpr size_t kToldAbout = 1000;  // of a dry run
constexpr int64_t kHourMillis = 3600 * 1000;

class Vacuum {
 public:
  Vacuum(DeltaTable& table, const VacuumOptions& options)
      : table_(table), env_(table.environment()), options_(options) {}

  Result<VacuumResult> Run() {
    MP_ASSIGN_OR_RETURN(latest_, table_.Latest());
    MP_RETURN_IF_ERROR(CheckWritable(latest_->protocol(), latest_->metadata(), latest_->schema(),
                                     latest_->path()));
    MP_RETURN_IF_ERROR(Decide());
    MP_ASSIGN_OR_RETURN(auto kept, KeptFiles::Of(env_, *latest_, cutoff_ms_));
    MP_RETURN_IF_ERROR(Hold(kept));
    MP_ASSIGN_OR_RETURN(result_.lost, FindLostVersions(env_, *latest_, kept, cutoff_ms_));
    result_.version = latest_->version();
    if (options_.dry_run) {
      MP_RETURN_IF_ERROR(Find(kept, kToldAbout));
      result_.found = std::move(round_);
      std::ranges::sort(result_.found, {}, &Garbage::path);
      return result_;
    }
    MP_RETURN_IF_ERROR(RemoveAll(kept));
    RemoveOldLeases(env_, table_.path());
    return result_;
  }

 private:
  Status Decide() {
    table_ms_ = DeletedFileRetentionMillis(*latest_);
    const int64_t retain_ms = options_.retain_ms.value_or(table_ms_);
    if (retain_ms < table_ms_) {
      return Fail(ErrorKind::kInvalidArgument,
                  "table {} keeps removed files for {} hours, and RETAIN asks for less: readers of "
                  "older versions and writers at work would lose theirs; if nobody needs them, set "
                  "the property first, {} = 'interval {} hours'",
                  table_.path(), (table_ms_ + kHourMillis - 1) / kHourMillis,
                  property::kDeletedFileRetention, retain_ms / kHourMillis);
    }
    cutoff_ms_ = SystemClock().NowMillis() - retain_ms;
    return OkStatus();
  }

  Status Hold(KeptFiles& kept) {
    MP_ASSIGN_OR_RETURN(std::vector<RetentionHold> holds, ReadLeases(env_, table_.path()));
    holds.insert(holds.end(), options_.pins.begin(), options_.pins.end());
    for (RetentionHold& hold : holds) {
      HeldVersion held{std::move(hold)};
      auto version = table_.AtVersion(held.hold.version);
      if (version.has_value()) {
        MP_ASSIGN_OR_RETURN(held.files, kept.Hold(**version));
      } else if (version.error().kind() == ErrorKind::kNotFound) {
        held.readable = false;  // the log is cleaned up that far: nothing is left to keep
      } else {
        return std::unexpected<Error>(std::move(version).error().WithContext(
            fmt::format("version {}, held by {}", held.hold.version, held.hold.holder)));
      }
      result_.held.push_back(std::move(held));
    }
    return OkStatus();
  }

  // Counts everything, and collects the first `limit` into the round.
  Status Find(const KeptFiles& kept, size_t limit) {
    round_.clear();
    result_.files = result_.bytes = result_.directories = 0;
    const auto find = options_.lite ? FindInLog : FindByListing;
    return find(env_, *latest_, kept, cutoff_ms_, [&](Garbage garbage) -> Status {
      (garbage.is_directory ? result_.directories : result_.files) += 1;
      if (!garbage.is_directory) result_.bytes += garbage.size_bytes;
      if (round_.size() < limit) round_.push_back(std::move(garbage));
      return OkStatus();
    });
  }

  Status RemoveAll(const KeptFiles& kept) {
    MP_RETURN_IF_ERROR(Find(kept, kRound));
    if (round_.empty()) return OkStatus();
    const VacuumResult found = result_;
    MP_RETURN_IF_ERROR(Log("VACUUM START",
                           {{"retentionCheckEnabled", "true"},
                            {"defaultRetentionMillis", fmt::format("{}", table_ms_)},
                            {"specifiedRetentionMillis",
                             options_.retain_ms ? fmt::format("{}", *options_.retain_ms) : ""}},
                           {{"numFilesToDelete", fmt::format("{}", found.files)},
                            {"sizeOfDataToDelete", fmt::format("{}", found.bytes)}}));
    Status removed = OkStatus();
    bool more = true;
    while (more && removed) {
      more = round_.size() == kRound;
      removed = RemoveRound();
      if (more && removed) removed = Find(kept, kRound);
    }
    result_.files = files_;
    result_.bytes = bytes_;
    result_.directories = directories_;
    Status logged = Log("VACUUM END", {{"status", removed ? "COMPLETED" : "FAILED"}},
                        {{"numDeletedFiles", fmt::format("{}", result_.files)},
                         {"numVacuumedDirectories", fmt::format("{}", result_.directories)}});
    MP_RETURN_IF_ERROR(removed);
    return logged;
  }

  // Files by all threads, then folders, inner before outer.
  Status RemoveRound() {
    const auto folders = std::ranges::stable_partition(
        round_, [](const Garbage& garbage) { return !garbage.is_directory; });
    const auto files = static_cast<size_t>(folders.begin() - round_.begin());
    MP_RETURN_IF_ERROR(
        env_.pool.ParallelFor(files, [&](size_t i) { return RemoveOne(round_[i]); }));
    for (const Garbage& folder : folders) MP_RETURN_IF_ERROR(RemoveOne(folder));
    return OkStatus();
  }

  Status RemoveOne(const Garbage& garbage) {
    MP_RETURN_IF_ERROR(env_.cancellation.Check());
    Status removed = env_.fs.Remove(JoinPath(table_.path(), garbage.path));
    if (!removed) {
      // Somebody else was faster, or put something into the folder.
      if (garbage.is_directory || removed.error().kind() == ErrorKind::kNotFound) return OkStatus();
      return removed;
    }
    (garbage.is_directory ? directories_ : files_) += 1;
    if (!garbage.is_directory) bytes_ += garbage.size_bytes;
    if (options_.progress != nullptr) {
      options_.progress->Report({"vacuum", table_.path(), files_, result_.files, "files"});
    }
    return OkStatus();
  }

  Status Log(std::string operation, StringMap parameters, StringMap metrics) {
    MP_ASSIGN_OR_RETURN(auto transaction, Transaction::Begin(table_));
    std::erase_if(parameters, [](const auto& entry) { return entry.second.empty(); });
    transaction.SetOperation(std::move(operation), std::move(parameters));
    transaction.SetMetrics(std::move(metrics));
    MP_ASSIGN_OR_RETURN(const auto commit, transaction.Commit());
    result_.version = commit.version;
    return OkStatus();
  }

  DeltaTable& table_;
  const Environment& env_;
  const VacuumOptions& options_;
  std::shared_ptr<const Snapshot> latest_;
  int64_t table_ms_ = 0, cutoff_ms_ = 0;
  std::vector<Garbage> round_;
  VacuumResult result_;
  std::atomic<int64_t> files_ = 0, bytes_ = 0, directories_ = 0;
};

}  // namespace

Result<VacuumResult> VacuumTable(DeltaTable& table, const VacuumOptions& options) {
  return Vacuum(table, options).Run();
}

}  // namespace millpond::data
