#include "data/delta/protocol.h"

#include <algorithm>

namespace millpond::data {
namespace {

bool ColumnMappingOn(const Metadata& metadata) {
  auto mode = metadata.configuration.find(property::kColumnMappingMode);
  return mode != metadata.configuration.end() && !EqualNames(mode->second, "none");
}

bool AnyField(const std::vector<StructField>& fields, const std::string& key);

bool AnyField(const DataType& type, const std::string& key) {
  switch (type.kind()) {
    case TypeKind::kStruct:
      return AnyField(type.fields(), key);
    case TypeKind::kMap:
      return AnyField(type.key(), key) || AnyField(type.element(), key);
    case TypeKind::kArray:
      return AnyField(type.element(), key);
    default:
      return false;
  }
}

bool AnyField(const std::vector<StructField>& fields, const std::string& key) {
  return std::ranges::any_of(fields, [&](const StructField& field) {
    return field.metadata.contains(key) || AnyField(field.type, key);
  });
}

// The features that legacy versions stand for, with the version from which each is implied.
struct LegacyFeature {
  const char* name;
  int writer_version;
};
constexpr LegacyFeature kLegacy[] = {
    {feature::kAppendOnly, 2},       {feature::kInvariants, 2},
    {feature::kCheckConstraints, 3}, {feature::kChangeDataFeed, 4},
    {feature::kGeneratedColumns, 4}, {feature::kColumnMapping, 5},
    {feature::kIdentityColumns, 6},
};

// Does the table make use of a feature that we may ignore only while it does not?
bool IsActive(const std::string& name, const Metadata& metadata, const Schema& schema) {
  if (name == feature::kInvariants) return AnyField(schema.fields(), "delta.invariants");
  if (name == feature::kCheckConstraints) {
    return std::ranges::any_of(metadata.configuration, [](const auto& entry) {
      return entry.first.starts_with("delta.constraints.");
    });
  }
  if (name == feature::kChangeDataFeed) return metadata.IsEnabled(property::kEnableChangeDataFeed);
  if (name == feature::kGeneratedColumns) {
    return AnyField(schema.fields(), "delta.generationExpression");
  }
  if (name == feature::kIdentityColumns) return AnyField(schema.fields(), "delta.identity.start");
  if (name == feature::kColumnMapping) return ColumnMappingOn(metadata);
  return true;
}

bool IsLegacy(const std::string& name) {
  return std::ranges::any_of(kLegacy, [&](const auto& legacy) { return name == legacy.name; });
}

bool WriterUnderstands(const std::string& name) {
  static const std::set<std::string> kUnderstood = {
      feature::kAppendOnly,     feature::kInCommitTimestamp, feature::kRowTracking,
      feature::kDomainMetadata, feature::kTimestampNtz,      feature::kVacuumProtocolCheck,
      feature::kColumnMapping,  feature::kDeletionVectors,   feature::kChangeDataFeed,
      feature::kV2Checkpoint};
  return kUnderstood.contains(name);
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
  static const std::set<std::string> kRead = {feature::kColumnMapping, feature::kDeletionVectors,
                                              feature::kTimestampNtz,
                                              feature::kVacuumProtocolCheck, feature::kV2Checkpoint};
  for (const auto& name : protocol.reader_features) {
    if (!kRead.contains(name)) return refuse(name);
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
  std::set<std::string> needed = protocol.writer_features;
  if (protocol.min_writer_version < 7) {
    needed.clear();
    for (const auto& legacy : kLegacy) {
      if (protocol.min_writer_version >= legacy.writer_version) needed.insert(legacy.name);
    }
  }
  for (const auto& name : needed) {
    if (WriterUnderstands(name)) continue;
    if (!IsLegacy(name) || IsActive(name, metadata, schema)) return refuse(name);
  }
  return OkStatus();
}

bool SupportsWriterFeature(const Protocol& protocol, const std::string& name) {
  if (protocol.min_writer_version >= 7) return protocol.writer_features.contains(name);
  return std::ranges::any_of(kLegacy, [&](const auto& legacy) {
    return name == legacy.name && protocol.min_writer_version >= legacy.writer_version;
  });
}

bool InCommitTimestampsEnabled(const Protocol& protocol, const Metadata& metadata) {
  return SupportsWriterFeature(protocol, feature::kInCommitTimestamp) &&
         metadata.IsEnabled(property::kEnableInCommitTimestamps);
}

Protocol WithWriterFeatures(Protocol protocol, const std::vector<std::string>& names) {
  if (protocol.min_writer_version < 7) {
    for (const auto& legacy : kLegacy) {
      if (protocol.min_writer_version >= legacy.writer_version) {
        protocol.writer_features.insert(legacy.name);
      }
    }
    protocol.min_writer_version = 7;
    // A legacy reader version stays: versions 1 and 2 go with writer version 7.
  }
  protocol.writer_features.insert(names.begin(), names.end());
  return protocol;
}

Protocol WithReaderFeature(Protocol protocol, const std::string& name) {
  protocol = WithWriterFeatures(std::move(protocol), {name});
  if (protocol.min_reader_version < 3) {
    if (protocol.min_reader_version == 2) protocol.reader_features.insert(feature::kColumnMapping);
    protocol.min_reader_version = 3;
  }
  protocol.reader_features.insert(name);
  return protocol;
}

}  // namespace millpond::data
