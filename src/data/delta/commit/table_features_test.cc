#include "data/delta/metadata/table_features.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "base/testing/result_matchers.h"
#include "data/delta/commit/table_shape.h"
#include "data/delta/metadata/protocol.h"

namespace millpond::data {
namespace {

using ::millpond::testing::FailsWith;
using ::testing::HasSubstr;

Protocol Versions(int reader, int writer) {
  Protocol protocol;
  protocol.min_reader_version = reader;
  protocol.min_writer_version = writer;
  return protocol;
}

Protocol Lists(std::set<std::string> readers, std::set<std::string> writers) {
  Protocol protocol = Versions(readers.empty() ? 1 : 3, 7);
  protocol.reader_features = std::move(readers);
  protocol.writer_features = std::move(writers);
  return protocol;
}

TableShape Plain() {
  TableShape shape;
  shape.schema = Schema({{"a", DataType(TypeKind::kLong)}});
  shape.protocol = Versions(1, 2);
  return shape;
}

Result<TableShape> With(const StringMap& properties, TableShape shape = Plain()) {
  const TableShape before = shape;
  SeededRandom random(1);
  MP_RETURN_IF_ERROR(SetProperties(properties, shape));
  MP_RETURN_IF_ERROR(SettleShape({&before, true, "/t"}, random, shape));
  return shape;
}

TEST(TableFeaturesTest, VersionsAreRaisedWhileTheyCanSayIt) {
  EXPECT_EQ(WithFeatures(Versions(1, 2), {feature::kAppendOnly}), Versions(1, 2));
  EXPECT_EQ(WithFeatures(Versions(1, 2), {feature::kCheckConstraints}), Versions(1, 3));
  EXPECT_EQ(WithFeatures(Versions(1, 2), {feature::kChangeDataFeed}), Versions(1, 4));
  EXPECT_EQ(WithFeatures(Versions(1, 2), {feature::kColumnMapping}), Versions(2, 5));
  EXPECT_EQ(WithFeatures(Versions(2, 5), {feature::kIdentityColumns}), Versions(2, 6));
}

TEST(TableFeaturesTest, ListsSayWhatVersionsSaid) {
  EXPECT_EQ(WithFeatures(Versions(1, 2), {feature::kRowTracking}),
            Lists({}, {"appendOnly", "invariants", "rowTracking", "domainMetadata"}));
  EXPECT_EQ(WithFeatures(Versions(2, 5), {feature::kDeletionVectors}),
            Lists({"columnMapping", "deletionVectors"},
                  {"appendOnly", "invariants", "checkConstraints", "changeDataFeed",
                   "generatedColumns", "columnMapping", "deletionVectors"}));
  // Readers of version 1 never met a mapped column, whatever writers had to know.
  EXPECT_FALSE(HasFeature(Versions(1, 6), feature::kColumnMapping));
  EXPECT_FALSE(WithFeatures(Versions(1, 6), {feature::kTimestampNtz})
                   .writer_features.contains(feature::kColumnMapping));
}

TEST(TableFeaturesTest, FeaturesOfReadersStandInBothLists) {
  for (const char* name :
       {feature::kDeletionVectors, feature::kTimestampNtz, feature::kTypeWidening,
        feature::kV2Checkpoint, feature::kVacuumProtocolCheck, feature::kVariantType}) {
    const Protocol protocol = WithFeatures(Versions(1, 2), {name}, /*listed=*/true);
    EXPECT_EQ(protocol.min_reader_version, 3) << name;
    EXPECT_TRUE(protocol.reader_features.contains(name)) << name;
    EXPECT_TRUE(protocol.writer_features.contains(name)) << name;
    EXPECT_TRUE(HasFeature(protocol, name)) << name;
    EXPECT_EQ(WithoutFeature(protocol, name), Versions(1, 2)) << name;
  }
}

TEST(TableFeaturesTest, WhatIsThereChangesNothing) {
  const Protocol lists = Lists({}, {"appendOnly", "domainMetadata", "rowTracking"});
  EXPECT_EQ(WithFeatures(lists, {feature::kRowTracking}), lists);
  EXPECT_EQ(WithVersions(Versions(2, 5), 1, 3), Versions(2, 5));
  EXPECT_EQ(WithVersions(Versions(1, 2), 2, 5), Versions(2, 5));
}

struct Turned {
  const char* key;
  const char* value;
  const char* feature;
};

TEST(TableFeaturesTest, PropertiesTurnOnFeatures) {
  for (const Turned& one :
       {Turned{"delta.appendOnly", "true", feature::kAppendOnly},
        Turned{"delta.enableChangeDataFeed", "true", feature::kChangeDataFeed},
        Turned{"delta.columnMapping.mode", "name", feature::kColumnMapping},
        Turned{"delta.enableDeletionVectors", "true", feature::kDeletionVectors},
        Turned{"delta.enableTypeWidening", "true", feature::kTypeWidening},
        Turned{"delta.enableRowTracking", "true", feature::kRowTracking},
        Turned{"delta.enableRowTracking", "true", feature::kDomainMetadata},
        Turned{"delta.enableInCommitTimestamps", "true", feature::kInCommitTimestamp}}) {
    auto shape = With({{one.key, one.value}});
    MP_ASSERT_OK(shape) << one.key;
    EXPECT_TRUE(HasFeature(shape->protocol, one.feature)) << one.feature;
    if (std::string_view(one.value) != "true") continue;
    auto off = With({{one.key, "false"}});
    MP_ASSERT_OK(off) << one.key;
    EXPECT_EQ(off->protocol, Versions(1, 2)) << one.key;
  }
}

TEST(TableFeaturesTest, WhatIsNotWrittenIsRefusedByName) {
  EXPECT_THAT(With({{"delta.feature.catalogManaged", "supported"}}),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("'catalogManaged'")));
  EXPECT_THAT(With({{"delta.feature.nobodyKnows", "supported"}}),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("'nobodyKnows'")));
  EXPECT_THAT(With({{"delta.enableIcebergCompatV2", "true"}}),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("'icebergCompatV2'")));
}

TEST(TableFeaturesTest, ColumnsThatAreMappedKeepTheirNamesInFiles) {
  MP_ASSERT_OK_AND_ASSIGN(const TableShape mapped, With({{"delta.columnMapping.mode", "name"}}));
  const auto& metadata = mapped.schema.fields()[0].metadata;
  EXPECT_EQ(metadata.at("delta.columnMapping.id"), "1");
  EXPECT_EQ(metadata.at("delta.columnMapping.physicalName"), "\"a\"");
  EXPECT_EQ(mapped.metadata.configuration.at("delta.columnMapping.maxColumnId"), "1");
  EXPECT_THAT(With({{"delta.columnMapping.mode", "none"}}, mapped),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("cannot change from 'name'")));
  EXPECT_THAT(With({{"delta.columnMapping.mode", "id"}}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("cannot change from 'none'")));
}

}  // namespace
}  // namespace millpond::data
