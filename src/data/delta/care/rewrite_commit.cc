#include "data/delta/care/rewrite_commit.h"

#include <algorithm>
#include <unordered_map>

#include "data/delta/commit/transaction.h"
#include "data/delta/rows/deletion_vector.h"

namespace millpond::data {
namespace {

// Each try means that another writer committed; whoever loses that often gives way.
constexpr int kTries = 20;

// Do rows written as of `before` belong into the table as it is `now`?
bool SameTable(const Snapshot& before, const Snapshot& now) {
  const Metadata &a = before.metadata(), &b = now.metadata();
  const auto mapping = [](const Snapshot& snapshot) {
    return snapshot.property("delta.columnMapping.mode");
  };
  return a.id == b.id && a.schema_json == b.schema_json &&
         a.partition_columns == b.partition_columns && mapping(before) == mapping(now);
}

// What the statistics may say of a file with a deletion vector: bounds that need not be reached.
std::string WithLooseBounds(std::string stats) {
  static constexpr std::string_view kTight = "\"tightBounds\":true";
  if (const size_t at = stats.find(kTight); at != stats.npos) {
    return stats.replace(at, kTight.size(), "\"tightBounds\":false");
  }
  if (stats.empty() || stats.find("\"tightBounds\"") != stats.npos) return stats;
  return stats.insert(stats.find('{') + 1, "\"tightBounds\":false,");
}

// The bins against one newer version.
class Placement {
 public:
  Placement(const Environment& env, std::shared_ptr<const Snapshot> now)
      : env_(env), now_(std::move(now)), vectors_(env, now_->path()) {}

  // False: the bin cannot go on top of this version.
  Result<bool> Place(const RewrittenBin& bin, const std::vector<std::optional<size_t>>& live) {
    std::map<size_t, RowSet> gone;  // by output
    std::vector<AddFile> removes;
    for (size_t i = 0; i < bin.inputs.size(); ++i) {
      if (!live[i]) return false;
      removes.push_back(now_->files().add(*live[i]));
      if (removes.back().deletion_vector == bin.inputs[i].file.deletion_vector) continue;
      MP_ASSIGN_OR_RETURN(const auto deleted, ReadDeletedRows(env_, *now_, *live[i]));
      const RowSet none;
      const RowSet& before = bin.inputs[i].deleted ? *bin.inputs[i].deleted : none;
      const RowSet& after = deleted ? *deleted : none;
      // Rows that came back (RESTORE) were not written.
      if (!bin.in_order || !before.Minus(after).empty()) return false;
      for (auto& [output, rows] : FollowRows(bin, i, after.Minus(before)))
        gone[output].AddAll(rows);
    }
    std::ranges::move(removes, std::back_inserter(removes_));
    for (size_t output = 0; output < bin.outputs.size(); ++output) {
      AddFile add = bin.outputs[output];
      if (const auto rows = gone.find(output); rows != gone.end()) {
        add.deletion_vector = vectors_.Append(rows->second);
        add.stats = WithLooseBounds(std::move(add.stats));
      }
      adds_.push_back(std::move(add));
    }
    return true;
  }

  Result<CommitResult> Commit(DeltaTable& table, const RewriteCommit& what,
                              RewriteOutcome* outcome) {
    MP_ASSIGN_OR_RETURN(auto transaction, Transaction::BeginAt(table, now_));
    MP_RETURN_IF_ERROR(vectors_.Finish());
    for (const AddFile& file : removes_) {
      transaction.Remove(file, /*data_change=*/false);
      outcome->bytes_removed += file.size_bytes;
      outcome->vectors_removed += file.deletion_vector ? 1 : 0;
    }
    for (const AddFile& file : adds_) {
      transaction.Add(file);
      outcome->bytes_added += file.size_bytes;
    }
    outcome->files_removed = static_cast<int64_t>(removes_.size());
    outcome->files_added = static_cast<int64_t>(adds_.size());
    transaction.SetOperation(what.operation, what.parameters);
    transaction.SetMetrics(
        {{"numRemovedFiles", fmt::format("{}", outcome->files_removed)},
         {"numAddedFiles", fmt::format("{}", outcome->files_added)},
         {"numRemovedBytes", fmt::format("{}", outcome->bytes_removed)},
         {"numAddedBytes", fmt::format("{}", outcome->bytes_added)},
         {"numDeletionVectorsRemoved", fmt::format("{}", outcome->vectors_removed)}});
    return transaction.Commit();
  }

  void DiscardVectors() { vectors_.Discard(); }

 private:
  Environment env_;
  std::shared_ptr<const Snapshot> now_;
  DeletionVectorWriter vectors_;
  std::vector<AddFile> removes_, adds_;
};

// Where the inputs are now, whatever rows they lost: by input; nullopt: gone.
std::vector<std::optional<size_t>> FindLive(const Snapshot& now, const RewrittenBin& bin) {
  std::vector<std::optional<size_t>> live;
  std::unordered_map<std::string, size_t> missing;  // path -> input
  for (size_t i = 0; i < bin.inputs.size(); ++i) {
    const AddFile& file = bin.inputs[i].file;
    const DeletionVector* vector = file.deletion_vector ? &*file.deletion_vector : nullptr;
    live.push_back(now.files().Find(file.path, vector));
    if (!live.back()) missing.emplace(ResolveDataPath(now.path(), file.path), i);
  }
  for (size_t i = 0; i < now.files().size() && !missing.empty(); ++i) {
    const auto found = missing.find(now.files().path(i));
    if (found != missing.end()) live[found->second] = i;
  }
  return live;
}

Result<CommitResult> TryCommit(DeltaTable& table, std::vector<RewrittenBin>& bins,
                               const RewriteCommit& what, RewriteOutcome* outcome) {
  MP_ASSIGN_OR_RETURN(const auto now, table.Latest());
  Placement placement(table.environment(), now);
  const auto placed = [&]() -> Result<CommitResult> {
    for (auto bin = bins.begin(); bin != bins.end();) {
      bool fits = SameTable(*bin->snapshot, *now);
      if (fits) {
        MP_ASSIGN_OR_RETURN(fits, placement.Place(*bin, FindLive(*now, *bin)));
      }
      if (!fits) {
        bin->Discard();
        ++outcome->bins_given_way;
      }
      bin = fits ? bin + 1 : bins.erase(bin);
    }
    if (bins.empty()) return Fail(ErrorKind::kNotFound, "every bin gave way");
    return placement.Commit(table, what, outcome);
  };
  auto result = placed();
  if (!result.has_value() && result.error().kind() != ErrorKind::kOutcomeUnknown) {
    placement.DiscardVectors();
  }
  return result;
}

}  // namespace

Result<RewriteOutcome> CommitRewrites(DeltaTable& table, std::vector<RewrittenBin> bins,
                                      const RewriteCommit& what) {
  RewriteOutcome outcome;
  for (int tries = 0; !bins.empty(); ++tries) {
    RewriteOutcome attempt;
    attempt.bins_given_way = outcome.bins_given_way;
    auto result = TryCommit(table, bins, what, &attempt);
    outcome.bins_given_way = attempt.bins_given_way;
    if (result.has_value()) {
      outcome = attempt;
      outcome.commit = *std::move(result);
      return outcome;
    }
    if (bins.empty()) break;
    const ErrorKind kind = result.error().kind();
    if (kind == ErrorKind::kConflict && tries < kTries) continue;
    if (kind != ErrorKind::kOutcomeUnknown) {
      for (RewrittenBin& bin : bins) bin.Discard();
    }
    return std::unexpected<Error>(std::move(result).error());
  }
  return outcome;
}

}  // namespace millpond::data
