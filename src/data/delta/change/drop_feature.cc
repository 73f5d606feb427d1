#include "data/delta/change/drop_feature.h"

#include <fmt/ranges.h>

#include <utility>

#include "data/delta/care/optimize.h"
#include "data/delta/care/rewrite_commit.h"
#include "data/delta/commit/table_change.h"
#include "data/delta/log/checkpoint_writer.h"
#include "data/delta/metadata/protocol.h"
#include "data/delta/metadata/table_features.h"
#include "data/delta/metadata/type_widening.h"
#include "data/delta/rows/clustering.h"

namespace millpond::data {
namespace {

constexpr int64_t kRewriteBytes = int64_t{1} << 30;  // of files, for one commit

// Properties that go with a feature.
struct OwnProperties {
  const char* feature;
  std::vector<const char*> keys;
};

const std::vector<OwnProperties>& PropertiesOfFeatures() {
  static const std::vector<OwnProperties> kOwn = {
      {feature::kAppendOnly, {property::kAppendOnly}},
      {feature::kChangeDataFeed, {property::kEnableChangeDataFeed}},
      {feature::kDeletionVectors, {property::kEnableDeletionVectors}},
      {feature::kTypeWidening, {property::kEnableTypeWidening}},
      {feature::kV2Checkpoint, {property::kCheckpointPolicy}},
      {feature::kRowTracking,
       {property::kEnableRowTracking, property::kRowIdColumn, property::kRowCommitVersionColumn}},
      {feature::kInCommitTimestamp,
       {property::kEnableInCommitTimestamps, property::kInCommitTimestampVersion,
        property::kInCommitTimestampTime}},
  };
  return kOwn;
}

Status StillUsed(const std::string& name, const std::string& where, std::string_view remedy) {
  return Fail(ErrorKind::kInvalidArgument,
              "the feature '{}' cannot be dropped while it is in use ({}): {}", name, where,
              remedy);
}

Status CheckNoDeletionVectors(const Snapshot& snapshot) {
  size_t files = 0;
  for (size_t i = 0; i < snapshot.files().size(); ++i) {
    if (snapshot.files().deletion_vector(i) != nullptr) ++files;
  }
  if (files == 0) return OkStatus();
  return StillUsed(feature::kDeletionVectors, fmt::format("{} files have some", files),
                   "others delete rows meanwhile; say it again");
}

Status CheckDomains(const Snapshot& snapshot) {
  for (const auto& [domain, action] : snapshot.domains()) {
    if (domain == kRowTrackingDomain && !HasFeature(snapshot.protocol(), feature::kRowTracking)) {
      continue;
    }
    return StillUsed(feature::kDomainMetadata, "domain " + domain, "whoever keeps it removes it");
  }
  return OkStatus();
}

Status CheckNotClustered(const Snapshot& snapshot) {
  MP_ASSIGN_OR_RETURN(const auto columns, ClusteringColumns(snapshot));
  if (columns.empty()) return OkStatus();
  return StillUsed(feature::kClustering, "the table is clustered",
                   "say ALTER TABLE … CLUSTER BY NONE first");
}

// What the user must take away first.
Status CheckUnused(const std::string& name, const Snapshot& snapshot, const TableShape& shape) {
  if (name == feature::kDeletionVectors) return CheckNoDeletionVectors(snapshot);
  if (name == feature::kDomainMetadata) return CheckDomains(snapshot);
  if (name == feature::kClustering) return CheckNotClustered(snapshot);
  if (!FeaturesInUse(shape.metadata, shape.schema).contains(name)) return OkStatus();
  if (name == feature::kCheckConstraints) {
    return StillUsed(name, "there are constraints", "drop them by ALTER TABLE … DROP CONSTRAINT");
  }
  if (name == feature::kAllowColumnDefaults) {
    return StillUsed(name, "columns have defaults", "ALTER TABLE … ALTER COLUMN c DROP DEFAULT");
  }
  return StillUsed(name, "columns need it", "drop or change these columns first");
}

void RemoveDomain(const char* name, const Snapshot& snapshot, TableEdit& edit) {
  const auto domain = snapshot.domains().find(name);
  if (domain == snapshot.domains().end()) return;
  edit.domains.push_back({name, domain->second.configuration, /*removed=*/true});
}

// Row ids go from the files: given out anew later, they must not meet old ones.
void ForgetRowIds(const Snapshot& snapshot, TableEdit& edit) {
  RemoveDomain(kRowTrackingDomain, snapshot, edit);
  for (size_t i = 0; i < snapshot.files().size(); ++i) {
    AddFile add = snapshot.files().add(i);
    if (!add.base_row_id && !add.default_row_commit_version) continue;
    add.base_row_id.reset();
    add.default_row_commit_version.reset();
    add.data_change = false;
    edit.adds.push_back(std::move(add));
  }
}

void RemoveTraces(const std::string& name, const Snapshot& snapshot, TableEdit& edit) {
  for (const OwnProperties& own : PropertiesOfFeatures()) {
    if (name != own.feature) continue;
    for (const char* key : own.keys) edit.shape.metadata.configuration.erase(key);
  }
  if (name == feature::kRowTracking) ForgetRowIds(snapshot, edit);
  if (name == feature::kClustering) RemoveDomain(kClusteringDomain, snapshot, edit);
  // Said, not left out: else the next DELETE would bring the feature back.
  if (name == feature::kDeletionVectors) {
    edit.shape.metadata.configuration[property::kEnableDeletionVectors] = "false";
  }
  edit.looked_at_rows = true;
}

Status CheckDroppable(const std::string& name, const Protocol& protocol) {
  if (!HasFeature(protocol, name)) {
    return Fail(ErrorKind::kInvalidArgument, "the table does not have the feature '{}'; it has {}",
                name, fmt::join(WriterFeatures(protocol), ", "));
  }
  if (name == feature::kColumnMapping) {
    return Fail(ErrorKind::kUnsupported,
                "the feature 'columnMapping' cannot be dropped, as the files name their columns by "
                "it: write another table by CREATE TABLE … AS SELECT");
  }
  for (const std::string& other : WriterFeatures(protocol)) {
    const TableFeature* one = FindTableFeature(other);
    if (one == nullptr || name != one->needs) continue;
    return Fail(ErrorKind::kInvalidArgument, "the feature '{}' is needed by '{}': drop that first",
                name, other);
  }
  return OkStatus();
}

// All files in the types that the table has now, a bounded number of bytes a commit.
Status RewriteAllFiles(DeltaTable& table) {
  MP_ASSIGN_OR_RETURN(const auto snapshot, table.Latest());
  const FileList& files = snapshot->files();
  std::vector<RewrittenBin> bins;
  int64_t bytes = 0;
  for (size_t i = 0; i < files.size(); ++i) {
    auto bin = RewriteBin(table.environment(), snapshot, {i});
    if (!bin.has_value()) {
      for (RewrittenBin& done : bins) done.Discard();
      return std::unexpected<Error>(std::move(bin).error());
    }
    bins.push_back(*std::move(bin));
    bytes += files.size_bytes(i);
    if (bytes < kRewriteBytes && i + 1 < files.size()) continue;
    MP_ASSIGN_OR_RETURN(const auto outcome,
                        CommitRewrites(table, std::exchange(bins, {}), {"REORG", {}}));
    if (outcome.bins_given_way > 0) {
      return Fail(ErrorKind::kConflict,
                  "others changed table {} while its files were rewritten: say it again",
                  table.path());
    }
    bytes = 0;
  }
  return OkStatus();
}

bool MayHoldOldTypes(const Schema& schema) {
  return FeaturesInUse(Metadata(), schema).contains(feature::kTypeWidening);
}

// Files lose what the feature left in them, whoever writes beside.
Status CleanFiles(DeltaTable& table, const std::string& name) {
  if (name == feature::kTypeWidening) {
    MP_ASSIGN_OR_RETURN(const auto snapshot, table.Latest());
    return MayHoldOldTypes(snapshot->schema()) ? RewriteAllFiles(table) : OkStatus();
  }
  if (name != feature::kDeletionVectors) return OkStatus();
  OptimizeOptions purge;
  purge.purge = true;
  purge.operation = "REORG";
  MP_RETURN_IF_ERROR(OptimizeTable(table, purge));
  return OkStatus();
}

// The files were just rewritten: nothing remembers the old types, unless they came back.
Status ForgetTypeChanges(const Snapshot& snapshot, TableEdit& edit) {
  if (snapshot.metadata().IsEnabled(property::kEnableTypeWidening)) {
    return StillUsed(feature::kTypeWidening, "it was turned on again meanwhile", "say it again");
  }
  edit.shape.schema = WithoutTypeChanges(edit.shape.schema);
  return OkStatus();
}

// Readers of later versions begin here.
Status PutCheckpoint(DeltaTable& table) {
  MP_ASSIGN_OR_RETURN(const auto snapshot, table.Latest());
  MP_RETURN_IF_ERROR(WriteCheckpoint(table.environment(), *snapshot));
  return OkStatus();
}

}  // namespace

Result<CommitResult> DropFeature(DeltaTable& table, const std::string& name) {
  const TableFeature* known = FindTableFeature(name);
  const bool for_readers = known != nullptr && known->for_readers;
  if (for_readers) {
    TableChange clean{"SET TBLPROPERTIES", {{"dropFeature", name}}, nullptr};
    clean.apply = [&](const std::shared_ptr<const Snapshot>& snapshot, TableEdit& edit) -> Status {
      MP_RETURN_IF_ERROR(CheckDroppable(name, snapshot->protocol()));
      RemoveTraces(name, *snapshot, edit);
      const bool cleaned = name == feature::kDeletionVectors || name == feature::kTypeWidening;
      return cleaned ? OkStatus() : CheckUnused(name, *snapshot, edit.shape);
    };
    MP_RETURN_IF_ERROR(ChangeTable(table, clean));
    MP_RETURN_IF_ERROR(CleanFiles(table, name));
    MP_RETURN_IF_ERROR(PutCheckpoint(table));
  }
  TableChange drop{"DROP FEATURE", {{"featureName", name}}, nullptr};
  drop.apply = [&](const std::shared_ptr<const Snapshot>& snapshot, TableEdit& edit) -> Status {
    MP_RETURN_IF_ERROR(CheckDroppable(name, snapshot->protocol()));
    RemoveTraces(name, *snapshot, edit);
    if (name == feature::kTypeWidening) MP_RETURN_IF_ERROR(ForgetTypeChanges(*snapshot, edit));
    MP_RETURN_IF_ERROR(CheckUnused(name, *snapshot, edit.shape));
    edit.shape.protocol = WithoutFeature(std::move(edit.shape.protocol), name);
    return OkStatus();
  };
  auto result = ChangeTable(table, drop);
  if (result.has_value() && for_readers) MP_RETURN_IF_ERROR(PutCheckpoint(table));
  return result;
}

}  // namespace millpond::data
