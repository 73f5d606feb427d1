#include "base/clock.h"

#include "base/testing/result_matchers.h"

namespace millpond {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOkAnd;

TEST(TimestampTest, RoundTrips) {
  for (Micros at : {Micros{0}, Micros{-1}, Micros{899251200000000}, Micros{-62135596800000000},
                    Micros{253402300799999999}}) {
    EXPECT_THAT(ParseTimestamp(FormatTimestamp(at)), IsOkAnd(at)) << FormatTimestamp(at);
  }
}

TEST(TimestampTest, ReadsZonesAndShortForms) {
  EXPECT_THAT(ParseTimestamp("1970-01-02"), IsOkAnd(kMicrosPerDay));
  EXPECT_THAT(ParseTimestamp("1970-01-01 01:00"), IsOkAnd(kMicrosPerHour));
  EXPECT_THAT(ParseTimestamp("1970-01-01T01:00:00+01:00"), IsOkAnd(0));
  EXPECT_THAT(ParseTimestamp("1970-01-01T00:00:00.25Z"), IsOkAnd(250'000));
}

TEST(TimestampTest, RefusesWhatIsNotATime) {
  for (const char* text : {"", "1970", "1970-13-01", "1970-02-30", "1970-01-01T24:00:00",
                           "1970-01-01x", "1970-01-01T00:00:00.", "-970-01-01", "1970-01-01T0a"}) {
    EXPECT_THAT(ParseTimestamp(text), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("ISO 8601")))
        << text;
  }
}

TEST(ClockTest, OffsetClockRunsFromItsAnchor) {
  SystemClock system;
  OffsetClock moved(1'000'000, system.Now());
  EXPECT_GE(moved.Now(), 1'000'000);
  EXPECT_LT(moved.Now(), 1'000'000 + 60 * kMicrosPerSecond);
}

}  // namespace
}  // namespace millpond
