#include "platform/jobs/cron.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/testing/result_matchers.h"

namespace millpond::platform {
namespace {

std::vector<std::string> Fields(const std::string& line) {
  std::vector<std::string> fields;
  size_t begin = 0;
  while (begin < line.size()) {
    const size_t end = std::min(line.find(" | ", begin), line.size());
    fields.push_back(line.substr(begin, end - begin));
    begin = end + 3;
  }
  return fields;
}

// "1998-07-01T00:15Z", as the cases have it.
std::string Minute(Micros at) {
  return FormatTimestamp(at).substr(0, 16) + "Z";
}

// Each line of the table: what another implementation says the next five ticks are.
TEST(CronTest, TicksAreThoseOfTheTable) {
  std::ifstream file(MILLPOND_CRON_CASES);
  ASSERT_TRUE(file.is_open());
  int cases = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    const auto fields = Fields(line);
    ASSERT_EQ(fields.size(), 3u) << line;
    MP_ASSERT_OK_AND_ASSIGN(const auto schedule, CronSchedule::Parse(fields[0]));
    MP_ASSERT_OK_AND_ASSIGN(Micros at, ParseTimestamp(fields[1]));
    std::istringstream expected(fields[2]);
    for (std::string tick; expected >> tick;) {
      const auto next = schedule.Next(at);
      ASSERT_TRUE(next.has_value()) << line;
      ASSERT_EQ(Minute(*next), tick) << line;
      at = *next;
    }
    ++cases;
  }
  EXPECT_GT(cases, 300);
}

TEST(CronTest, ATickIsNotItsOwnNext) {
  MP_ASSERT_OK_AND_ASSIGN(const auto nightly, CronSchedule::Parse(" 15  2 * *\t* "));
  EXPECT_EQ(nightly.text(), "15 2 * * *");
  MP_ASSERT_OK_AND_ASSIGN(const Micros tick, ParseTimestamp("1998-07-02T02:15:00Z"));
  EXPECT_EQ(Minute(*nightly.Next(tick - 1)), "1998-07-02T02:15Z");
  EXPECT_EQ(Minute(*nightly.Next(tick)), "1998-07-03T02:15Z");
  EXPECT_EQ(Minute(*nightly.Next(tick + 1)), "1998-07-03T02:15Z");
  MP_ASSERT_OK_AND_ASSIGN(const Micros before, ParseTimestamp("1969-12-31T02:14:59.5Z"));
  EXPECT_EQ(Minute(*nightly.Next(before)), "1969-12-31T02:15Z");
}

TEST(CronTest, WhatIsNotUnderstoodNamesTheField) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "has 0"},
      {"* * * *", "has 4"},
      {"* * * * * *", "has 6"},
      {"60 * * * *", "cron field '60' (minute)"},
      {"* 24 * * *", "cron field '24' (hour)"},
      {"* * 0 * *", "(day of month)"},
      {"* * * 13 *", "jan to dec"},
      {"* * * * 8", "(day of week)"},
      {"* * * * mun", "sun to sat"},
      {"5/10 * * * *", "5-59/10"},
      {"*/0 * * * *", "step"},
      {"*/60 * * * *", "step"},
      {"*/5/5 * * * *", "more than one step"},
      {"30-10 * * * *", "backwards"},
      {"1,,2 * * * *", "empty"},
      {"-1 * * * *", "not understood"},
      {"1- * * * *", "not understood"},
      {"99999999999 * * * *", "not understood"},
      {"0 0 30 2 *", "no day of any year"},
      {"@reboot", "@daily"},
  };
  for (const auto& [line, words] : cases) {
    const auto parsed = CronSchedule::Parse(line);
    ASSERT_FALSE(parsed.has_value()) << line;
    EXPECT_EQ(parsed.error().kind(), ErrorKind::kInvalidArgument);
    EXPECT_NE(parsed.error().message().find(words), std::string::npos)
        << line << ": " << parsed.error().message();
  }
}

}  // namespace
}  // namespace millpond::platform
