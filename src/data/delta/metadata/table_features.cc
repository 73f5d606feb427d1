#include "data/delta/metadata/table_features.h"

#include <algorithm>

#include "data/delta/metadata/protocol.h"

namespace millpond::data {
namespace {

constexpr TableFeature kFeatures[] = {
    {feature::kAppendOnly, false, 0, 2},
    {feature::kInvariants, false, 0, 2},
    {feature::kCheckConstraints, false, 0, 3},
    {feature::kChangeDataFeed, false, 0, 4},
    {feature::kGeneratedColumns, false, 0, 4},
    {feature::kColumnMapping, true, 2, 5},
    {feature::kIdentityColumns, false, 0, 6},
    {feature::kDeletionVectors, true, 0, 0},
    {feature::kTimestampNtz, true, 0, 0},
    {feature::kTypeWidening, true, 0, 0},
    {feature::kV2Checkpoint, true, 0, 0},
    {feature::kVacuumProtocolCheck, true, 0, 0},
    {feature::kVariantType, true, 0, 0},
    {feature::kRowTracking, false, 0, 0, feature::kDomainMetadata},
    {feature::kDomainMetadata, false, 0, 0},
    {feature::kClustering, false, 0, 0, feature::kDomainMetadata},
    {feature::kInCommitTimestamp, false, 0, 0},
    {feature::kAllowColumnDefaults, false, 0, 0},
    // Known by name so that they are refused by name.
    {"typeWidening-preview", true, 0, 0},
    {feature::kVariantPreview, true, 0, 0},
    {"variantShredding", true, 0, 0, feature::kVariantType},
    {"catalogManaged", true, 0, 0, feature::kInCommitTimestamp},
    {"icebergCompatV1", false, 0, 0, feature::kColumnMapping},
    {"icebergCompatV2", false, 0, 0, feature::kColumnMapping},
    {"icebergCompatV3", false, 0, 0, feature::kColumnMapping},
    {"checkpointProtection", false, 0, 0},
    {"materializePartitionColumns", false, 0, 0},
};

// Properties that put a feature to use.
struct FeatureProperty {
  const char* key;
  const char* value;
  const char* feature;
};
constexpr FeatureProperty kByProperty[] = {
    {property::kAppendOnly, "true", feature::kAppendOnly},
    {property::kEnableChangeDataFeed, "true", feature::kChangeDataFeed},
    {property::kColumnMappingMode, "name", feature::kColumnMapping},
    {property::kColumnMappingMode, "id", feature::kColumnMapping},
    {property::kEnableDeletionVectors, "true", feature::kDeletionVectors},
    {property::kEnableTypeWidening, "true", feature::kTypeWidening},
    {property::kCheckpointPolicy, "v2", feature::kV2Checkpoint},
    {property::kEnableRowTracking, "true", feature::kRowTracking},
    {property::kEnableInCommitTimestamps, "true", feature::kInCommitTimestamp},
};

// Keys of a column's metadata that do.
struct FeatureColumnKey {
  const char* key;
  const char* feature;
};
constexpr FeatureColumnKey kByColumnKey[] = {
    {"delta.invariants", feature::kInvariants},
    {"delta.generationExpression", feature::kGeneratedColumns},
    {"delta.identity.start", feature::kIdentityColumns},
    {"delta.typeChanges", feature::kTypeWidening},
    {"CURRENT_DEFAULT", feature::kAllowColumnDefaults},
};

void UsedByFields(const std::vector<StructField>& fields, std::set<std::string>& used);

void UsedByType(const DataType& type, std::set<std::string>& used) {
  switch (type.kind()) {
    case TypeKind::kTimestampNtz:
      used.insert(feature::kTimestampNtz);
      break;
    case TypeKind::kStruct:
      UsedByFields(type.fields(), used);
      break;
    case TypeKind::kMap:
      UsedByType(type.key(), used);
      UsedByType(type.element(), used);
      break;
    case TypeKind::kArray:
      UsedByType(type.element(), used);
      break;
    case TypeKind::kVariant:
      used.insert(feature::kVariantType);
      break;
    default:
      break;
  }
}

void UsedByFields(const std::vector<StructField>& fields, std::set<std::string>& used) {
  for (const StructField& field : fields) {
    for (const FeatureColumnKey& one : kByColumnKey) {
      if (field.metadata.contains(one.key)) used.insert(one.feature);
    }
    UsedByType(field.type, used);
  }
}

// What legacy versions stand for. A feature that readers would have to know of is not among them
// where the readers' version excludes it: no version of such a table can have used it.
std::set<std::string> ImpliedBy(int reader_version, int writer_version) {
  std::set<std::string> implied;
  for (const TableFeature& one : kFeatures) {
    if (one.legacy_writer == 0 || writer_version < one.legacy_writer) continue;
    if (reader_version >= one.legacy_reader) implied.insert(one.name);
  }
  return implied;
}

std::set<std::string> WithNeeds(const std::set<std::string>& names) {
  std::set<std::string> all;
  for (std::string name : names) {
    while (!name.empty() && all.insert(name).second) {
      const TableFeature* one = FindTableFeature(name);
      name = one == nullptr ? "" : one->needs;
    }
  }
  return all;
}

// Can versions below 7 say it?
bool AreLegacy(const std::set<std::string>& names) {
  return std::ranges::all_of(names, [](const std::string& name) {
    const TableFeature* one = FindTableFeature(name);
    return one != nullptr && one->legacy_writer > 0;
  });
}

void ListForWriters(Protocol& protocol) {
  if (protocol.min_writer_version >= 7) return;
  protocol.writer_features = WriterFeatures(protocol);
  protocol.min_writer_version = 7;
}

// Reader versions 1 and 2 may go with writer version 7; what readers have to know beyond them is
// listed.
void ListForReaders(Protocol& protocol) {
  if (protocol.min_reader_version >= 3) return;
  for (const TableFeature& one : kFeatures) {
    if (one.for_readers && protocol.writer_features.contains(one.name)) {
      protocol.reader_features.insert(one.name);
    }
  }
  protocol.min_reader_version = 3;
}

}  // namespace

const TableFeature* FindTableFeature(std::string_view name) {
  const auto* found =
      std::ranges::find_if(kFeatures, [&](const TableFeature& one) { return name == one.name; });
  return found == std::end(kFeatures) ? nullptr : found;
}

std::set<std::string> FeaturesInUse(const Metadata& metadata, const Schema& schema) {
  std::set<std::string> used;
  for (const auto& [key, value] : metadata.configuration) {
    if (key.starts_with(property::kConstraintPrefix)) used.insert(feature::kCheckConstraints);
    for (const FeatureProperty& one : kByProperty) {
      if (key == one.key && EqualNames(value, one.value)) used.insert(one.feature);
    }
  }
  UsedByFields(schema.fields(), used);
  return used;
}

std::set<std::string> WriterFeatures(const Protocol& protocol) {
  if (protocol.min_writer_version >= 7) return protocol.writer_features;
  return ImpliedBy(protocol.min_reader_version, protocol.min_writer_version);
}

bool HasFeature(const Protocol& protocol, std::string_view name) {
  if (name == feature::kVariantType && HasFeature(protocol, feature::kVariantPreview)) return true;
  const std::string key(name);
  if (!WriterFeatures(protocol).contains(key)) return false;
  const TableFeature* one = FindTableFeature(name);
  if (one == nullptr || !one->for_readers) return true;
  if (protocol.min_reader_version >= 3) return protocol.reader_features.contains(key);
  return one->legacy_reader > 0 && protocol.min_reader_version >= one->legacy_reader;
}

Protocol WithFeatures(Protocol protocol, const std::set<std::string>& names, bool listed) {
  std::set<std::string> missing;
  for (const std::string& name : WithNeeds(names)) {
    if (!HasFeature(protocol, name)) missing.insert(name);
  }
  if (missing.empty() && (!listed || protocol.min_writer_version >= 7)) return protocol;
  if (!listed && protocol.min_writer_version < 7 && AreLegacy(missing)) {
    for (const std::string& name : missing) {
      const TableFeature& one = *FindTableFeature(name);
      protocol.min_reader_version = std::max(protocol.min_reader_version, one.legacy_reader);
      protocol.min_writer_version = std::max(protocol.min_writer_version, one.legacy_writer);
    }
    return protocol;
  }
  ListForWriters(protocol);
  for (const std::string& name : missing) {
    protocol.writer_features.insert(name);
    const TableFeature* one = FindTableFeature(name);
    if (one == nullptr || !one->for_readers) continue;
    ListForReaders(protocol);
    protocol.reader_features.insert(name);
  }
  return protocol;
}

Protocol WithVersions(Protocol protocol, int reader, int writer) {
  if (writer >= 7 || reader >= 3) ListForWriters(protocol);
  if (reader >= 3) ListForReaders(protocol);
  if (protocol.min_writer_version < 7) {
    protocol.min_writer_version = std::max(protocol.min_writer_version, writer);
    protocol.min_reader_version = std::max(protocol.min_reader_version, reader);
    return protocol;
  }
  return WithFeatures(std::move(protocol), ImpliedBy(reader, writer), /*listed=*/true);
}

Protocol WithoutFeature(Protocol protocol, const std::string& name) {
  ListForWriters(protocol);
  protocol.writer_features.erase(name);
  protocol.reader_features.erase(name);
  if (protocol.min_reader_version == 2 && name == feature::kColumnMapping) {
    protocol.min_reader_version = 1;
  }
  if (protocol.min_reader_version == 3) {  // an empty list says no more than version 1
    if (!protocol.reader_features.empty()) return protocol;
    protocol.min_reader_version = 1;
  }
  for (int version = 2; version < 7; ++version) {
    if (ImpliedBy(protocol.min_reader_version, version) != protocol.writer_features) continue;
    protocol.min_writer_version = version;
    protocol.writer_features.clear();
    break;
  }
  return protocol;
}

}  // namespace millpond::data
