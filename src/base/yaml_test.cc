#include "base/yaml.h"

#include "base/testing/result_matchers.h"

namespace millpond {
namespace {

using ::testing::Eq;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOkAnd;

TEST(YamlTest, ReadsAMapping) {
  MP_ASSERT_OK_AND_ASSIGN(auto node,
                          YamlNode::Parse("name: churn\nseed: 7\nlist: [a, b]\n", "m.yml"));
  MP_ASSERT_OK_AND_ASSIGN(auto reader, MappingReader::Open(node));
  EXPECT_THAT(reader.RequireString("name"), IsOkAnd(Eq("churn")));
  EXPECT_THAT(reader.Int("seed", 1), IsOkAnd(Eq(7)));
  EXPECT_THAT(reader.Double("share", 0.5), IsOkAnd(Eq(0.5)));
  EXPECT_THAT(reader.Strings("list"), IsOkAnd(::testing::ElementsAre("a", "b")));
  MP_EXPECT_OK(reader.Finish());
}

TEST(YamlTest, UnknownKeyIsRefusedWithPlaceAndSuggestion) {
  MP_ASSERT_OK_AND_ASSIGN(auto node, YamlNode::Parse("name: x\nsead: 7\n", "m.yml"));
  MP_ASSERT_OK_AND_ASSIGN(auto reader, MappingReader::Open(node));
  MP_ASSERT_OK(reader.RequireString("name"));
  MP_ASSERT_OK(reader.Int("seed", 1));
  EXPECT_THAT(reader.Finish(),
              FailsWith(ErrorKind::kInvalidArgument,
                        HasSubstr("m.yml:2:7: unknown key 'sead'; did you mean 'seed'?")));
}

TEST(YamlTest, WrongTypeNamesThePlace) {
  MP_ASSERT_OK_AND_ASSIGN(auto node, YamlNode::Parse("seed: many\n", "m.yml"));
  MP_ASSERT_OK_AND_ASSIGN(auto reader, MappingReader::Open(node));
  EXPECT_THAT(reader.Int("seed", 1),
              FailsWith(ErrorKind::kInvalidArgument,
                        HasSubstr("m.yml:1:7: want a whole number, found 'many'")));
}

TEST(YamlTest, BadSyntaxNamesThePlace) {
  EXPECT_THAT(YamlNode::Parse("a: [1, 2\nb: 3", "m.yml"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("m.yml:2")));
}

TEST(YamlTest, AKeyThatStandsThereTwiceIsRefusedWithBothPlaces) {
  MP_ASSERT_OK_AND_ASSIGN(auto node, YamlNode::Parse("seed: 1\nname: x\nseed: 2\n", "m.yml"));
  const auto message =
      HasSubstr("m.yml:3:1: 'seed' stands here a second time, the first is at m.yml:1:1");
  EXPECT_THAT(MappingReader::Open(node), FailsWith(ErrorKind::kInvalidArgument, message));
  EXPECT_THAT(node.AsMapping(), FailsWith(ErrorKind::kInvalidArgument, message));
}

TEST(YamlTest, EmptyDocumentIsAnEmptyMapping) {
  MP_ASSERT_OK_AND_ASSIGN(auto node, YamlNode::Parse("", "m.yml"));
  EXPECT_TRUE(node.IsMapping());
}

}  // namespace
}  // namespace millpond
