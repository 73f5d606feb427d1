// Turning on table features on a table that is there.
#include "base/random.h"
#include "data/delta/data_paths.h"
#include "data/delta/file_chunk_internal.h"
#include "data/delta/protocol.h"
#include "data/delta/transaction.h"
#include "data/delta/write.h"
#include "data/parquet/reader.h"

namespace millpond::data {
namespace {

constexpr int kTries = 20;

std::vector<std::string> MissingFeatures(const Snapshot& snapshot) {
  const auto& protocol = snapshot.protocol();
  const auto& metadata = snapshot.metadata();
  std::vector<std::string> missing;
  if (!InCommitTimestampsEnabled(protocol, metadata)) {
    missing.push_back(feature::kInCommitTimestamp);
  }
  if (!SupportsWriterFeature(protocol, feature::kRowTracking) ||
      !metadata.IsEnabled(property::kEnableRowTracking)) {
    missing.push_back(feature::kRowTracking);
  }
  if (!SupportsWriterFeature(protocol, feature::kDomainMetadata)) {
    missing.push_back(feature::kDomainMetadata);
  }
  return missing;
}

// Files without row ids are added again, as the same rows, so that the commit gives them ids. A
// file whose statistics do not say how many rows it has is asked.
Status BackfillRowIds(const Environment& env, Transaction& transaction) {
  const FileList& files = transaction.snapshot().files();
  for (size_t i = 0; i < files.size(); ++i) {
    AddFile add = files.add(i);
    if (add.base_row_id) continue;
    add.data_change = false;
    if (!files.num_records(i)) {
      MP_ASSIGN_OR_RETURN(const std::string path, DataFilePath(transaction.snapshot(), i));
      MP_ASSIGN_OR_RETURN(auto reader, ParquetReader::Open(env, path));
      add.stats = fmt::format(R"({{"numRecords":{}}})", reader->num_rows());
    }
    transaction.Add(std::move(add));
  }
  return OkStatus();
}

}  // namespace

Result<UpgradeResult> UpgradeForFeatureView(DeltaTable& table) {
  for (int attempt = 0;; ++attempt) {
    MP_ASSIGN_OR_RETURN(auto transaction, Transaction::Begin(table));
    const Snapshot& snapshot = transaction.snapshot();
    UpgradeResult result{snapshot.version(), MissingFeatures(snapshot)};
    if (result.features.empty()) return result;

    Metadata metadata = snapshot.metadata();
    auto& properties = metadata.configuration;
    properties[property::kEnableInCommitTimestamps] = "true";
    properties[property::kEnableRowTracking] = "true";
    RandomSource& random = table.environment().random;
    properties.try_emplace(property::kRowIdColumn, "_row-id-col-" + NewUuid4(random));
    properties.try_emplace(property::kRowCommitVersionColumn,
                           "_row-commit-version-col-" + NewUuid4(random));
    std::vector<std::string> all = {feature::kInCommitTimestamp, feature::kRowTracking,
                                    feature::kDomainMetadata};
    transaction.SetProtocol(WithWriterFeatures(snapshot.protocol(), all));
    transaction.SetMetadata(std::move(metadata));
    transaction.SetOperation("UPGRADE PROTOCOL",
                             {{"features", fmt::format("{}", fmt::join(result.features, ","))}});
    transaction.DependOnWholeTable();
    MP_RETURN_IF_ERROR(BackfillRowIds(table.environment(), transaction));
    auto committed = transaction.Commit();
    if (committed.has_value()) {
      result.version = committed->version;
      return result;
    }
    if (committed.error().kind() != ErrorKind::kConflict || attempt == kTries) {
      return std::unexpected<Error>(std::move(committed).error());
    }
  }
}

}  // namespace millpond::data
