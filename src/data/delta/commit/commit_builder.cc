#include "data/delta/commit/commit_builder.h"

#include "base/json.h"
#include "data/delta/log/file_chunk.h"
#include "data/delta/metadata/actions_json.h"
#include "data/delta/metadata/protocol.h"

namespace millpond::data {
namespace {

constexpr const char* kHighWaterMark = "rowIdHighWaterMark";

// The commit's time in milliseconds: the clock's, but above the version before where both have one.
int64_t CommitMillis(const Snapshot* base, int64_t now_ms) {
  if (base == nullptr || !InCommitTimestampsEnabled(base->protocol(), base->metadata())) {
    return now_ms;
  }
  return std::max(now_ms, base->commit_time() / kMicrosPerMilli + 1);
}

// From which version on timestamps are in the commits, where that is not version 0.
void RecordEnablement(const Snapshot* base, int64_t version, int64_t commit_ms,
                      Metadata* metadata) {
  if (base == nullptr || InCommitTimestampsEnabled(base->protocol(), base->metadata())) return;
  metadata->configuration[property::kInCommitTimestampVersion] = fmt::format("{}", version);
  metadata->configuration[property::kInCommitTimestampTime] = fmt::format("{}", commit_ms);
}

// Gives row ids to files that have none yet; true if the high-water mark moved.
Result<bool> AssignRowIds(std::vector<AddFile>* adds, int64_t version, int64_t* high_water_mark) {
  bool moved = false;
  for (auto& add : *adds) {
    if (!add.default_row_commit_version) add.default_row_commit_version = version;
    if (add.base_row_id) continue;
    int64_t rows = ReadNumRecords(add.stats);
    if (rows < 0) {
      return Fail(ErrorKind::kInternal,
                  "row tracking needs the number of rows of file {}, and its statistics lack it",
                  add.path);
    }
    add.base_row_id = *high_water_mark + 1;
    *high_water_mark += rows;
    moved = moved || rows > 0;
  }
  return moved;
}

}  // namespace

Result<int64_t> RowIdHighWaterMark(const Snapshot* base) {
  if (base == nullptr) return -1;
  auto domain = base->domains().find(kRowTrackingDomain);
  if (domain == base->domains().end()) return -1;
  MP_ASSIGN_OR_RETURN(Json json,
                      ParseJson(domain->second.configuration,
                                fmt::format("the row-tracking domain of table {}", base->path())));
  auto mark = json.is_object() ? json.find(kHighWaterMark) : json.end();
  if (!json.is_object() || mark == json.end() || !mark->is_number_integer()) {
    return Fail(ErrorKind::kCorrupt, "the row-tracking domain of table {} lacks '{}'", base->path(),
                kHighWaterMark);
  }
  return mark->get<int64_t>();
}

Result<std::vector<Action>> BuildCommit(const PendingCommit& pending,
                                        const PlacedRowDeletes* placed, const Snapshot* base,
                                        int64_t version, int64_t now_ms) {
  std::optional<Metadata> new_metadata = pending.metadata;
  const Protocol& protocol = pending.protocol ? *pending.protocol : base->protocol();
  const Metadata& metadata = new_metadata ? *new_metadata : base->metadata();
  int64_t commit_ms = CommitMillis(base, now_ms);

  CommitInfo info = pending.info;
  info.timestamp_ms = commit_ms;
  info.is_blind_append = base != nullptr && pending.IsBlindAppend();
  if (InCommitTimestampsEnabled(protocol, metadata)) {
    info.in_commit_timestamp_ms = commit_ms;
    if (new_metadata) RecordEnablement(base, version, commit_ms, &*new_metadata);
  }

  std::vector<AddFile> adds = pending.adds;
  std::vector<RemoveFile> removes = pending.removes;
  if (placed != nullptr) {
    adds.insert(adds.end(), placed->adds.begin(), placed->adds.end());
    removes.insert(removes.end(), placed->removes.begin(), placed->removes.end());
  }
  std::vector<DomainMetadata> domains = pending.domains;
  if (SupportsWriterFeature(protocol, feature::kRowTracking)) {
    MP_ASSIGN_OR_RETURN(int64_t mark, RowIdHighWaterMark(base));
    MP_ASSIGN_OR_RETURN(bool moved, AssignRowIds(&adds, version, &mark));
    if (moved) {
      domains.push_back({kRowTrackingDomain, DumpJson(Json{{kHighWaterMark, mark}}), false});
    }
  }

  std::vector<Action> actions;
  actions.push_back(std::move(info));
  if (pending.protocol) actions.push_back(*pending.protocol);
  if (new_metadata) actions.push_back(std::move(*new_metadata));
  if (pending.txn) actions.push_back(*pending.txn);
  for (auto& domain : domains) actions.push_back(std::move(domain));
  for (auto& remove : removes) actions.push_back(std::move(remove));
  for (auto& add : adds) actions.push_back(std::move(add));
  for (const auto& cdc : pending.cdcs) actions.push_back(cdc);
  std::get<CommitInfo>(actions.front()).tags[kActionCountTag] = fmt::format("{}", actions.size());
  return actions;
}

}  // namespace millpond::data
