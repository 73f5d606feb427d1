// Turning on what a feature view needs of a table that is there.
#include <fmt/ranges.h>

#include "data/delta/commit/table_change.h"
#include "data/delta/metadata/protocol.h"
#include "data/delta/metadata/table_features.h"

namespace millpond::data {
namespace {

std::vector<std::string> MissingFeatures(const TableShape& shape) {
  const Protocol& protocol = shape.protocol;
  std::vector<std::string> missing;
  if (!InCommitTimestampsEnabled(protocol, shape.metadata)) {
    missing.push_back(feature::kInCommitTimestamp);
  }
  if (!HasFeature(protocol, feature::kRowTracking) ||
      !shape.metadata.IsEnabled(property::kEnableRowTracking)) {
    missing.push_back(feature::kRowTracking);
  }
  if (!HasFeature(protocol, feature::kDomainMetadata)) missing.push_back(feature::kDomainMetadata);
  return missing;
}

}  // namespace

Result<UpgradeResult> UpgradeForFeatureView(DeltaTable& table) {
  UpgradeResult result;
  TableChange change{"UPGRADE PROTOCOL", {{"features", "inCommitTimestamp,rowTracking"}}, nullptr};
  change.apply = [&](const std::shared_ptr<const Snapshot>&, TableEdit& edit) -> Status {
    result.features = MissingFeatures(edit.shape);
    auto& properties = edit.shape.metadata.configuration;
    properties[property::kEnableInCommitTimestamps] = "true";
    properties[property::kEnableRowTracking] = "true";
    edit.shape.protocol = WithFeatures(std::move(edit.shape.protocol),
                                       {feature::kInCommitTimestamp, feature::kRowTracking});
    return OkStatus();
  };
  MP_ASSIGN_OR_RETURN(const CommitResult commit, ChangeTable(table, change));
  result.version = commit.version;
  return result;
}

}  // namespace millpond::data
