#include "data/delta/drop_feature.h"

#include <fmt/ranges.h>

#include "data/delta/checkpoint_writer.h"
#include "data/delta/protocol.h"
#include "data/delta/table_change.h"
#include "data/delta/table_features.h"

namespace millpond::data {
namespace {

constexpr const char* kClusteringDomain = "delta.clustering";

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
                   "write the table anew by CREATE OR REPLACE TABLE t AS SELECT * FROM t, with the "
                   "property 'delta.enableDeletionVectors' = 'false'");
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
  if (!snapshot.domains().contains(kClusteringDomain)) return OkStatus();
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
  if (name == feature::kTypeWidening) {
    return StillUsed(name, "columns were widened, and files may hold the old types",
                     "write the table anew by CREATE OR REPLACE TABLE t AS SELECT * FROM t");
  }
  return StillUsed(name, "columns need it", "drop or change these columns first");
}

// Row ids go from the files: given out anew later, they must not meet old ones.
void ForgetRowIds(const Snapshot& snapshot, TableEdit& edit) {
  const auto domain = snapshot.domains().find(kRowTrackingDomain);
  if (domain != snapshot.domains().end()) {
    DomainMetadata removed = domain->second;
    removed.removed = true;
    edit.domains.push_back(std::move(removed));
  }
  for (size_t i = 0; i < snapshot.files().size(); ++i) {
    AddFile add = snapshot.files().add(i);
    if (!add.base_row_id && !add.default_row_commit_version) continue;
    add.base_row_id.reset();
    add.default_row_commit_version.reset();
    add.data_change = false;
    edit.adds.push_back(std::move(add));
  }
}

Status RemoveTraces(const std::string& name, const Snapshot& snapshot, TableEdit& edit) {
  for (const OwnProperties& own : PropertiesOfFeatures()) {
    if (name != own.feature) continue;
    for (const char* key : own.keys) edit.shape.metadata.configuration.erase(key);
  }
  if (name == feature::kRowTracking) ForgetRowIds(snapshot, edit);
  edit.looked_at_rows = true;
  return CheckUnused(name, snapshot, edit.shape);
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
      return RemoveTraces(name, *snapshot, edit);
    };
    MP_RETURN_IF_ERROR(ChangeTable(table, clean));
    MP_RETURN_IF_ERROR(PutCheckpoint(table));
  }
  TableChange drop{"DROP FEATURE", {{"featureName", name}}, nullptr};
  drop.apply = [&](const std::shared_ptr<const Snapshot>& snapshot, TableEdit& edit) -> Status {
    MP_RETURN_IF_ERROR(CheckDroppable(name, snapshot->protocol()));
    MP_RETURN_IF_ERROR(RemoveTraces(name, *snapshot, edit));
    edit.shape.protocol = WithoutFeature(std::move(edit.shape.protocol), name);
    return OkStatus();
  };
  auto result = ChangeTable(table, drop);
  if (result.has_value() && for_readers) MP_RETURN_IF_ERROR(PutCheckpoint(table));
  return result;
}

}  // namespace millpond::data
