// Which tables this version of Millpond reads and writes (PROTOCOL.md, "Table Features"). A table
// that needs more is refused by the name of the feature. A feature is listed as supported only if
// the code does all that the protocol asks of a reader or writer for it.
#pragma once

#include <string>

#include "data/delta/metadata/actions.h"
#include "data/delta/metadata/schema.h"

namespace millpond::data {

// Names as the protocol spells them.
namespace feature {
inline constexpr const char* kAppendOnly = "appendOnly";
inline constexpr const char* kInvariants = "invariants";
inline constexpr const char* kCheckConstraints = "checkConstraints";
inline constexpr const char* kChangeDataFeed = "changeDataFeed";
inline constexpr const char* kGeneratedColumns = "generatedColumns";
inline constexpr const char* kIdentityColumns = "identityColumns";
inline constexpr const char* kColumnMapping = "columnMapping";
inline constexpr const char* kDeletionVectors = "deletionVectors";
inline constexpr const char* kInCommitTimestamp = "inCommitTimestamp";
inline constexpr const char* kRowTracking = "rowTracking";
inline constexpr const char* kDomainMetadata = "domainMetadata";
inline constexpr const char* kTimestampNtz = "timestampNtz";
inline constexpr const char* kVacuumProtocolCheck = "vacuumProtocolCheck";
inline constexpr const char* kV2Checkpoint = "v2Checkpoint";
inline constexpr const char* kTypeWidening = "typeWidening";
inline constexpr const char* kVariantType = "variantType";
inline constexpr const char* kVariantPreview = "variantType-preview";  // the same, before 2025
inline constexpr const char* kClustering = "clustering";
inline constexpr const char* kAllowColumnDefaults = "allowColumnDefaults";
}  // namespace feature

namespace property {
inline constexpr const char* kAppendOnly = "delta.appendOnly";
inline constexpr const char* kCheckpointInterval = "delta.checkpointInterval";
inline constexpr const char* kCheckpointPolicy = "delta.checkpointPolicy";
inline constexpr const char* kColumnMappingMode = "delta.columnMapping.mode";
inline constexpr const char* kMaxColumnId = "delta.columnMapping.maxColumnId";
inline constexpr const char* kConstraintPrefix = "delta.constraints.";
inline constexpr const char* kMinReaderVersion = "delta.minReaderVersion";
inline constexpr const char* kMinWriterVersion = "delta.minWriterVersion";
inline constexpr const char* kFeaturePrefix = "delta.feature.";
inline constexpr const char* kEnableTypeWidening = "delta.enableTypeWidening";
inline constexpr const char* kEnableChangeDataFeed = "delta.enableChangeDataFeed";
inline constexpr const char* kEnableDeletionVectors = "delta.enableDeletionVectors";
inline constexpr const char* kEnableInCommitTimestamps = "delta.enableInCommitTimestamps";
inline constexpr const char* kInCommitTimestampVersion = "delta.inCommitTimestampEnablementVersion";
inline constexpr const char* kInCommitTimestampTime = "delta.inCommitTimestampEnablementTimestamp";
inline constexpr const char* kEnableRowTracking = "delta.enableRowTracking";
inline constexpr const char* kRowIdColumn = "delta.rowTracking.materializedRowIdColumnName";
inline constexpr const char* kRowCommitVersionColumn =
    "delta.rowTracking.materializedRowCommitVersionColumnName";
inline constexpr const char* kDeletedFileRetention = "delta.deletedFileRetentionDuration";
inline constexpr const char* kIndexedColumns = "delta.dataSkippingNumIndexedCols";
inline constexpr const char* kStatsColumns = "delta.dataSkippingStatsColumns";
}  // namespace property

// Domain metadata that holds the row-id high-water mark.
inline constexpr const char* kRowTrackingDomain = "delta.rowTracking";

Status CheckReadable(const Protocol& protocol, const Metadata& metadata,
                     const std::string& table_path);
Status CheckWritable(const Protocol& protocol, const Metadata& metadata, const Schema& schema,
                     const std::string& table_path);

// Must writers follow this writer feature: listed at version 7, or implied by an older version?
bool SupportsWriterFeature(const Protocol& protocol, const std::string& name);
// In-commit timestamps are supported and turned on.
bool InCommitTimestampsEnabled(const Protocol& protocol, const Metadata& metadata);

}  // namespace millpond::data
