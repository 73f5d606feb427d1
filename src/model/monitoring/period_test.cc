#include "model/monitoring/period.h"

#include "base/testing/result_matchers.h"

namespace millpond::model {
namespace {

using ::testing::HasSubstr;

Micros At(std::string_view text) {
  return *ParseTimestamp(text);
}

TEST(PeriodTest, DaysWeeksAndMonths) {
  const Micros t = At("1998-03-01T13:00:00Z");  // a Sunday
  EXPECT_EQ(PeriodOf(PeriodKind::kDay, t), (Period{At("1998-03-01"), At("1998-03-02")}));
  EXPECT_EQ(PeriodOf(PeriodKind::kWeek, t), (Period{At("1998-02-23"), At("1998-03-02")}));
  EXPECT_EQ(PeriodOf(PeriodKind::kMonth, t), (Period{At("1998-03-01"), At("1998-04-01")}));
}

TEST(PeriodTest, BeginBelongsToThePeriodAndEndDoesNot) {
  for (PeriodKind kind : {PeriodKind::kDay, PeriodKind::kWeek, PeriodKind::kMonth}) {
    const Period period = PeriodOf(kind, At("2000-02-29"));
    EXPECT_EQ(PeriodOf(kind, period.begin), period) << ToString(kind);
    EXPECT_EQ(PeriodOf(kind, period.end - 1), period) << ToString(kind);
    EXPECT_EQ(PeriodOf(kind, period.end).begin, period.end) << ToString(kind);
  }
}

TEST(PeriodTest, BeforeTheEpochAndOverTheYear) {
  EXPECT_EQ(PeriodOf(PeriodKind::kDay, -1), (Period{At("1969-12-31"), 0}));
  EXPECT_EQ(PeriodOf(PeriodKind::kMonth, At("1999-12-31")),
            (Period{At("1999-12-01"), At("2000-01-01")}));
}

TEST(PeriodTest, Names) {
  EXPECT_EQ(NameOf(PeriodKind::kMonth, At("1998-01-01")), "1998-01");
  EXPECT_EQ(NameOf(PeriodKind::kWeek, At("1998-01-05")), "1998-01-05");
  EXPECT_THAT(ParsePeriodKind("YEAR"),
              testing::FailsWith(ErrorKind::kInvalidArgument, HasSubstr("DAY, WEEK or MONTH")));
}

}  // namespace
}  // namespace millpond::model
