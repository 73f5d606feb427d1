#include "data/delta/metadata/protocol.h"

#include "data/delta/metadata/table_features.h"

namespace millpond::data {
namespace {

bool ReaderUnderstands(const std::string& name) {
  static const std::set<std::string> kUnderstood = {
      feature::kColumnMapping, feature::kDeletionVectors, feature::kTimestampNtz,
      feature::kTypeWidening, feature::kVacuumProtocolCheck, feature::kV2Checkpoint,
      "typeWidening-preview", feature::kVariantType, feature::kVariantPreview,
      // What asks nothing of readers, listed for them by a writer who knew no better.
      feature::kAppendOnly, feature::kInvariants, feature::kCheckConstraints,
      feature::kChangeDataFeed, feature::kGeneratedColumns, feature::kIdentityColumns,
      feature::kInCommitTimestamp, feature::kRowTracking, feature::kDomainMetadata,
      feature::kAllowColumnDefaults, feature::kClustering};
  return kUnderstood.contains(name);
}

bool WriterUnderstands(const std::string& name) {
  static const std::set<std::string> kUnderstood = {
      feature::kAppendOnly,       feature::kInCommitTimestamp, feature::kRowTracking,
      feature::kDomainMetadata,   feature::kTimestampNtz,      feature::kVacuumProtocolCheck,
      feature::kColumnMapping,    feature::kDeletionVectors,   feature::kChangeDataFeed,
      feature::kTypeWidening,     feature::kInvariants,        feature::kCheckConstraints,
      feature::kGeneratedColumns, feature::kIdentityColumns,   feature::kAllowColumnDefaults,
      feature::kV2Checkpoint,     feature::kClustering,        feature::kVariantType,
      feature::kVariantPreview};
  return kUnderstood.contains(name);
}

// Void fields have no column in files, so a list or map of them, and a struct of nothing else,
// could not be written.
Status CheckVoidFields(const DataType& type, const std::string& column,
                       const std::string& table_path) {
  const auto refuse = [&] {
    return Fail(ErrorKind::kUnsupported,
                "table {} has the column {} of type {}, which no file can hold: void goes into "
                "columns and fields of structs beside others",
                table_path, column, type.ToString());
  };
  if (!type.Holds(TypeKind::kVoid) || type.kind() == TypeKind::kVoid) return OkStatus();
  if (type.kind() != TypeKind::kStruct) {
    if (type.kind() == TypeKind::kMap) {
      if (type.key().kind() == TypeKind::kVoid) return refuse();
      MP_RETURN_IF_ERROR(CheckVoidFields(type.key(), column + ".key", table_path));
    }
    if (type.element().kind() == TypeKind::kVoid) return refuse();
    return CheckVoidFields(type.element(), column + ".element", table_path);
  }
  bool any = false;
  for (const StructField& field : type.fields()) {
    any = any || field.type.kind() != TypeKind::kVoid;
    MP_RETURN_IF_ERROR(CheckVoidFields(field.type, column + "." + field.name, table_path));
  }
  return any ? OkStatus() : refuse();
}

}  // namespace

Status CheckReadable(const Protocol& protocol, const Metadata& metadata,
                     const std::string& table_path) {
  auto refuse = [&](const std::string& name) {
    return Fail(ErrorKind::kUnsupported,
                "table {} needs the reader feature '{}', which this version of Millpond does not "
                "read",
                table_path, name);
  };
  if (protocol.min_reader_version > 3) {
    return Fail(ErrorKind::kUnsupported,
                "table {} needs reader version {}; this version of Millpond knows 1 to 3",
                table_path, protocol.min_reader_version);
  }
  if (!EqualNames(metadata.format_provider, "parquet")) {
    return Fail(ErrorKind::kUnsupported, "table {} keeps its data as '{}', not as Parquet",
                table_path, metadata.format_provider);
  }
  if (protocol.min_reader_version < 3) return OkStatus();
  for (const auto& name : protocol.reader_features) {
    if (!ReaderUnderstands(name)) return refuse(name);
  }
  return OkStatus();
}

Status CheckWritable(const Protocol& protocol, const Metadata& metadata, const Schema& schema,
                     const std::string& table_path) {
  auto refuse = [&](const std::string& name) {
    return Fail(ErrorKind::kUnsupported,
                "table {} needs the writer feature '{}', which this version of Millpond does not "
                "write",
                table_path, name);
  };
  MP_RETURN_IF_ERROR(CheckReadable(protocol, metadata, table_path));
  if (protocol.min_writer_version > 7) {
    return Fail(ErrorKind::kUnsupported,
                "table {} needs writer version {}; this version of Millpond knows 1 to 7",
                table_path, protocol.min_writer_version);
  }
  for (const std::string& name : WriterFeatures(protocol)) {
    if (!WriterUnderstands(name)) return refuse(name);
  }
  size_t void_columns = 0;
  for (const StructField& field : schema.fields()) {
    if (field.type.kind() == TypeKind::kVoid) ++void_columns;
    MP_RETURN_IF_ERROR(CheckVoidFields(field.type, field.name, table_path));
  }
  if (void_columns > 0 && void_columns + metadata.partition_columns.size() >= schema.size()) {
    return Fail(ErrorKind::kUnsupported,
                "table {} has nothing but void columns to put into files: give it one of another "
                "type",
                table_path);
  }
  return OkStatus();
}

bool SupportsWriterFeature(const Protocol& protocol, const std::string& name) {
  return WriterFeatures(protocol).contains(name);
}

bool InCommitTimestampsEnabled(const Protocol& protocol, const Metadata& metadata) {
  return SupportsWriterFeature(protocol, feature::kInCommitTimestamp) &&
         metadata.IsEnabled(property::kEnableInCommitTimestamps);
}

}  // namespace millpond::data
