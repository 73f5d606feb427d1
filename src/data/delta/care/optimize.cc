#include "data/delta/care/optimize.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

#include "data/delta/care/bin_plan.h"
#include "data/delta/care/cluster_plan.h"
#include "data/delta/care/cluster_rewrite.h"
#include "data/delta/metadata/protocol.h"

namespace millpond::data {
namespace {

// Files that come out small, because their rows compress better together, are looked at again; each
// pass leaves fewer files, and this many is enough for any table that nobody else writes.
constexpr int kMaxPasses = 8;
// In one bin: what an interruption or a conflict may cost, against the small file that each leaves.
constexpr int64_t kMaxBinTargets = 4;

class Optimizer {
 public:
  Optimizer(DeltaTable& table, const OptimizeOptions& options) : table_(table), options_(options) {}

  Result<OptimizeResult> Run() {
    MP_ASSIGN_OR_RETURN(auto snapshot, table_.Latest());
    MP_RETURN_IF_ERROR(CheckWritable(snapshot->protocol(), snapshot->metadata(), snapshot->schema(),
                                     snapshot->path()));
    result_.files_before = static_cast<int64_t>(snapshot->files().size());
    result_.bytes_before = snapshot->files().total_bytes();
    MP_ASSIGN_OR_RETURN(const auto order, OrderOf(*snapshot));
    if (order) {
      MP_RETURN_IF_ERROR(Order(snapshot, *order));
      MP_ASSIGN_OR_RETURN(snapshot, table_.Latest());
    }
    for (int pass = 0; !order && pass < kMaxPasses; ++pass) {
      MP_ASSIGN_OR_RETURN(const auto bins, Plan(snapshot));
      if (bins.empty()) break;
      const int64_t commits = result_.commits;
      MP_RETURN_IF_ERROR(Pass(snapshot, bins));
      MP_ASSIGN_OR_RETURN(snapshot, table_.Latest());
      if (result_.stopped || result_.commits == commits) break;
    }
    result_.files_after = static_cast<int64_t>(snapshot->files().size());
    result_.bytes_after = snapshot->files().total_bytes();
    result_.version = snapshot->version();
    return result_;
  }

 private:
  // By what rows are to be ordered; nullopt: files are only put together.
  Result<std::optional<ClusterOrder>> OrderOf(const Snapshot& snapshot) const {
    std::optional<ClusterOrder> none;
    if (options_.purge) return none;
    ClusterOrder order;
    MP_ASSIGN_OR_RETURN(order.columns, ClusteringColumns(snapshot));
    order.is_table_clustering = !order.columns.empty();
    if (order.is_table_clustering && (!options_.zorder_by.empty() || options_.wanted)) {
      return Fail(ErrorKind::kInvalidArgument,
                  "table {} is clustered: OPTIMIZE orders it by its own columns, without WHERE and "
                  "ZORDER BY; other columns are set by ALTER TABLE … CLUSTER BY",
                  snapshot.path());
    }
    if (options_.full && !order.is_table_clustering) {
      return Fail(ErrorKind::kInvalidArgument,
                  "OPTIMIZE … FULL orders a clustered table anew, and table {} is not clustered; "
                  "OPTIMIZE does all there is to do",
                  snapshot.path());
    }
    if (!order.is_table_clustering) {
      order.curve = Curve::kZOrder;
      for (const std::string& name : options_.zorder_by) {
        const StructField* field = snapshot.schema().Find(name);
        if (field == nullptr || snapshot.IsPartitionColumn(name)) {
          return Fail(ErrorKind::kInvalidArgument, "column '{}' of ZORDER BY {} table {}", name,
                      field == nullptr ? "is not in" : "partitions", snapshot.path());
        }
        order.columns.push_back(field->name);
      }
    }
    if (order.columns.empty()) return none;
    MP_ASSIGN_OR_RETURN(order.target_bytes, TargetFileBytes(snapshot));
    order.spill_folder = options_.spill_folder;
    order.memory_bytes = table_.environment().arbiter.memory_bytes() / 4;
    return std::optional<ClusterOrder>(std::move(order));
  }

  Result<std::vector<bool>> Wanted(const std::shared_ptr<const Snapshot>& snapshot) const {
    if (!options_.wanted) return std::vector<bool>(snapshot->files().size(), true);
    return options_.wanted(snapshot);
  }

  // Cube after cube, each with all of the memory; those of a batch are one commit.
  Status Order(const std::shared_ptr<const Snapshot>& snapshot, const ClusterOrder& order) {
    MP_ASSIGN_OR_RETURN(const std::vector<bool> wanted, Wanted(snapshot));
    const auto cubes =
        PlanCubes(*snapshot, {CubeColumns(order.columns), order.curve,
                              [&](size_t file) { return wanted[file]; }, options_.full});
    for (const NewCube& cube : cubes) total_bytes_ += cube.bytes;
    std::vector<RewrittenBin> written;
    int64_t bytes = 0;  // of the cubes written
    for (const NewCube& cube : cubes) {
      if (!MayRead(cube.bytes)) break;
      // A large cube does not keep the small ones before it waiting.
      if (!written.empty() && bytes + cube.bytes > options_.batch_bytes) {
        MP_RETURN_IF_ERROR(Commit(std::exchange(written, {})));
        bytes = 0;
      }
      auto bin = RewriteOrdered(table_.environment(), snapshot, cube.files, order,
                                [this](int64_t read) { Report(read); });
      if (!bin.has_value()) {
        for (RewrittenBin& one : written) one.Discard();
        return std::unexpected<Error>(std::move(bin).error());
      }
      written.push_back(*std::move(bin));
      bytes += cube.bytes;
    }
    return written.empty() ? OkStatus() : Commit(std::move(written));
  }

  // Stops the run if not.
  bool MayRead(int64_t bytes) {
    const bool may = bytes_read_ + bytes <= options_.max_bytes &&
                     (!options_.may_go_on || options_.may_go_on(bytes_read_));
    result_.stopped = result_.stopped || !may;
    return may;
  }

  Status Commit(std::vector<RewrittenBin> written) {
    MP_ASSIGN_OR_RETURN(
        const auto outcome,
        CommitRewrites(table_, std::move(written), {options_.operation, options_.parameters}));
    result_.Count(outcome);
    return OkStatus();
  }

  Result<std::vector<Bin>> Plan(const std::shared_ptr<const Snapshot>& snapshot) const {
    BinRules rules;
    MP_ASSIGN_OR_RETURN(rules.target_bytes, TargetFileBytes(*snapshot));
    rules.max_bin_bytes =
        std::min(kMaxBinTargets * rules.target_bytes, options_.max_bytes - bytes_read_);
    rules.purge = options_.purge;
    MP_ASSIGN_OR_RETURN(const std::vector<bool> wanted, Wanted(snapshot));
    rules.wanted = [&](size_t file) { return wanted[file]; };
    return PlanBins(*snapshot, rules);
  }

  // Batch after batch of the bins that were planned.
  Status Pass(const std::shared_ptr<const Snapshot>& snapshot, const std::vector<Bin>& bins) {
    total_bytes_ = bytes_read_;
    for (const Bin& bin : bins) total_bytes_ += bin.bytes;
    for (size_t first = 0; first < bins.size();) {
      size_t end = first;
      for (int64_t bytes = 0; end < bins.size() && bytes < options_.batch_bytes; ++end) {
        if (end > first && bytes_read_ + bytes + bins[end].bytes > options_.max_bytes) break;
        bytes += bins[end].bytes;
      }
      if (!MayRead(bins[first].bytes)) return OkStatus();
      MP_RETURN_IF_ERROR(Batch(snapshot, {bins.begin() + static_cast<ptrdiff_t>(first),
                                          bins.begin() + static_cast<ptrdiff_t>(end)}));
      first = end;
    }
    return OkStatus();
  }

  Status Batch(const std::shared_ptr<const Snapshot>& snapshot, const std::vector<Bin>& bins) {
    const Environment& env = table_.environment();
    std::vector<std::optional<RewrittenBin>> written(bins.size());
    Status done = env.pool.ParallelFor(bins.size(), [&](size_t i) -> Status {
      MP_ASSIGN_OR_RETURN(written[i], RewriteBin(env, snapshot, bins[i].files,
                                                 [this](int64_t bytes) { Report(bytes); }));
      return OkStatus();
    });
    std::vector<RewrittenBin> ready;
    for (auto& bin : written) {
      if (bin) ready.push_back(*std::move(bin));
    }
    if (!done.has_value()) {
      for (RewrittenBin& bin : ready) bin.Discard();
      return done;
    }
    return Commit(std::move(ready));
  }

  void Report(int64_t bytes) {
    const int64_t read = bytes_read_ += bytes;
    if (options_.progress == nullptr) return;
    options_.progress->Report({"optimize", table_.path(), read, total_bytes_, "bytes"});
  }

  DeltaTable& table_;
  const OptimizeOptions& options_;
  OptimizeResult result_;
  std::atomic<int64_t> bytes_read_ = 0;
  int64_t total_bytes_ = 0;
};

}  // namespace

void OptimizeResult::Count(const RewriteOutcome& outcome) {
  bins_given_way += outcome.bins_given_way;
  if (!outcome.commit) return;
  ++commits;
  files_removed += outcome.files_removed;
  bytes_removed += outcome.bytes_removed;
  files_added += outcome.files_added;
  bytes_added += outcome.bytes_added;
}

Result<OptimizeResult> OptimizeTable(DeltaTable& table, const OptimizeOptions& options) {
  return Optimizer(table, options).Run();
}

}  // namespace millpond::data
