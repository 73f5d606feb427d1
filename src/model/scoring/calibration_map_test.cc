#include "model/scoring/calibration_map.h"

#include <cmath>
#include <limits>

#include "base/testing/result_matchers.h"

namespace millpond::model {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;

TEST(CalibrationMap, IsotonicInterpolatesAndClipsOutside) {
  MP_ASSERT_OK_AND_ASSIGN(auto map, CalibrationMap::Isotonic({-1, 0, 2}, {0.1, 0.1, 0.5}));
  EXPECT_EQ(map.Probability(-7), 0.1);
  EXPECT_EQ(map.Probability(-1), 0.1);
  EXPECT_EQ(map.Probability(-0.5), 0.1);
  EXPECT_EQ(map.Probability(0), 0.1);
  EXPECT_DOUBLE_EQ(map.Probability(1), 0.3);
  EXPECT_EQ(map.Probability(2), 0.5);
  EXPECT_EQ(map.Probability(std::numeric_limits<double>::infinity()), 0.5);
  EXPECT_TRUE(std::isnan(map.Probability(std::nan(""))));
}

// docs/formats/calibration_map.md; computed by Python.
TEST(CalibrationMap, GoldenVectors) {
  std::string head = R"({"format":"millpond.calibration","version":1,"kind":)";
  MP_ASSERT_OK_AND_ASSIGN(
      auto isotonic,
      CalibrationMap::FromJson(
          head + R"("isotonic","x":[-2.0,-0.5,0.25,1.5],"y":[0.05,0.2,0.2,0.9]})", "m"));
  EXPECT_EQ(isotonic.Probability(-3), 0.05);
  EXPECT_EQ(isotonic.Probability(-1.1), 0.14);
  EXPECT_EQ(isotonic.Probability(-0.5), 0.2);
  EXPECT_EQ(isotonic.Probability(0.3), 0.228);
  EXPECT_EQ(isotonic.Probability(1.4), 0.8439999999999999);
  EXPECT_EQ(isotonic.Probability(7), 0.9);
  MP_ASSERT_OK_AND_ASSIGN(
      auto platt, CalibrationMap::FromJson(head + R"("platt","slope":0.8,"intercept":-0.3})", "m"));
  EXPECT_EQ(platt.Probability(-3), 0.06297335605699649);
  EXPECT_EQ(platt.Probability(0.1), 0.4452207648927852);
  EXPECT_EQ(platt.Probability(7), 0.995033198349943);
  EXPECT_EQ(CalibrationMap().Probability(-3), 0.04742587317756678);
  EXPECT_EQ(CalibrationMap().Probability(0.1), 0.52497918747894);
}

TEST(CalibrationMap, SurvivesItsFileToTheBit) {
  MP_ASSERT_OK_AND_ASSIGN(auto isotonic,
                          CalibrationMap::Isotonic({-0.1, 1.0 / 3}, {1e-17, 2.0 / 3}));
  for (const CalibrationMap& map :
       {CalibrationMap(), CalibrationMap::Platt(1.0 / 3, -0.1), isotonic}) {
    MP_ASSERT_OK_AND_ASSIGN(auto back, CalibrationMap::FromJson(map.ToJson(), "map"));
    EXPECT_EQ(back.ToJson(), map.ToJson());
    for (double m : {-3.0, -0.05, 0.0, 0.2, 5.0})
      EXPECT_EQ(back.Probability(m), map.Probability(m));
  }
}

TEST(CalibrationMap, RefusesWhatIsNotAMap) {
  auto read = [](std::string_view text) { return CalibrationMap::FromJson(text, "file c.json"); };
  EXPECT_THAT(read("{"), FailsWith(ErrorKind::kCorrupt, HasSubstr("c.json")));
  EXPECT_THAT(read("[]"), FailsWith(ErrorKind::kCorrupt, HasSubstr("not a calibration map")));
  std::string head = R"({"format":"millpond.calibration","version":)";
  EXPECT_THAT(read(head + "2}"), FailsWith(ErrorKind::kUnsupported, HasSubstr("version 2")));
  EXPECT_THAT(read(head + R"(1,"kind":"beta"})"),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("beta")));
  EXPECT_THAT(read(head + R"(1,"kind":"platt","slope":1})"),
              FailsWith(ErrorKind::kCorrupt, HasSubstr("'intercept'")));
  EXPECT_THAT(read(head + R"(1,"kind":"isotonic","x":[1,1],"y":[0,1]})"),
              FailsWith(ErrorKind::kCorrupt, HasSubstr("knot 1")));
  EXPECT_THAT(read(head + R"(1,"kind":"isotonic","x":["a"],"y":[0]})"),
              FailsWith(ErrorKind::kCorrupt, HasSubstr("'x'")));
}

}  // namespace
}  // namespace millpond::model
