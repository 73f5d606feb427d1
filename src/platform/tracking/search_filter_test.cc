#include "platform/tracking/search_filter.h"

#include "base/testing/result_matchers.h"

namespace millpond::platform {
namespace {

using millpond::testing::FailsWith;
using millpond::testing::IsOkAnd;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST(SearchFilterTest, ReadsEveryKindOfClause) {
  MP_ASSERT_OK_AND_ASSIGN(
      auto clauses,
      ParseSearchFilter(
          "metrics.loss >= 0.5 and params.`my \"lr`='0.1' AND tags.\"a b\" != 'it''s' "
          "AND attribute.run_id IN ('a', 'b',) AND status = \"FINISHED\" and "
          "tags.x IS NOT NULL AND params.y is null AND dataset.name LIKE '%x_' AND "
          "metric.`a.b`<-3 AND start_time != +5e2 AND run_id not in ('c')"));
  ASSERT_THAT(clauses, SizeIs(11));
  EXPECT_EQ(clauses[0].entity, SearchEntity::kMetric);
  EXPECT_EQ(clauses[0].key, "loss");
  EXPECT_EQ(clauses[0].comparison, Comparison::kGreaterEqual);
  EXPECT_EQ(std::get<double>(clauses[0].value), 0.5);
  EXPECT_EQ(clauses[1].key, "my \"lr");
  EXPECT_EQ(std::get<std::string>(clauses[1].value), "0.1");
  EXPECT_EQ(clauses[2].key, "a b");
  EXPECT_EQ(std::get<std::string>(clauses[2].value), "it's");
  EXPECT_THAT(std::get<std::vector<std::string>>(clauses[3].value), SizeIs(2));
  EXPECT_EQ(clauses[4].entity, SearchEntity::kAttribute);
  EXPECT_EQ(clauses[4].key, "status");
  EXPECT_EQ(clauses[5].comparison, Comparison::kIsNotNull);
  EXPECT_EQ(clauses[6].comparison, Comparison::kIsNull);
  EXPECT_EQ(clauses[7].entity, SearchEntity::kDataset);
  EXPECT_EQ(clauses[8].key, "a.b");
  EXPECT_EQ(std::get<int64_t>(clauses[8].value), -3);
  EXPECT_EQ(std::get<double>(clauses[9].value), 500);
  EXPECT_EQ(clauses[10].comparison, Comparison::kNotIn);
  EXPECT_THAT(ParseSearchFilter("  "), IsOkAnd(SizeIs(0)));
}

TEST(SearchFilterTest, NamesThePlaceOfWhatItCannotRead) {
  const std::pair<const char*, const char*> cases[] = {
      {"metrics.a > 1 OR metrics.b > 1", "Invalid clause(s) in filter string: 'OR'"},
      {"metrics.a > 1 OR metrics.b > 1", "(at character 15)"},
      {"(metrics.a > 1)", "Expected 'Identifier' found '(metrics.a'"},
      {"model.a > 1", "Invalid entity type 'model'. Valid values are ['metric'"},
      {"metrics.a >", "found the end (at character 12)"},
      {"metrics.a ~ 1", "Expected a comparison"},
      {"metrics.a > 1 AND", "found the end"},
      {"params.a = 'x", "the quote ' at character 12 is not closed"},
      {"params.`a = 'x'", "the quote ` at character 8 is not closed"},
      {"run_id IN ()", "ill-formed list"},
      {"run_id IN ('a' 'b')", "ill-formed list"},
      {"run_id IN (5)", "ill-formed list"},
      {"metrics.a = 1; DROP TABLE tracking_runs", "Invalid clause(s) in filter string: ';'"},
      {"metrics.a = nan", "Expected a number or a quoted string value"},
      {"metrics.a = 1e999", "Expected a number"},
      {"params.a = 'x' -- comment", "Invalid clause(s) in filter string: '--'"},
      {"a.b.c IS NOT", "Invalid entity type 'a'"},
      {"tags.a IS NOT", "Expected a comparison"},
  };
  for (const auto& [filter, message] : cases) {
    EXPECT_THAT(ParseSearchFilter(filter),
                FailsWith(ErrorKind::kInvalidArgument, HasSubstr(message)))
        << filter;
  }
}

TEST(SearchFilterTest, IsBounded) {
  EXPECT_THAT(ParseSearchFilter(std::string(70'000, 'a')),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("at most 65536 bytes")));
  std::string many = "a = 'x'";
  for (int i = 0; i < 100; ++i) many += " AND a = 'x'";
  EXPECT_THAT(ParseSearchFilter(many),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("at most 100 clauses")));
  std::string list = "run_id IN ('x'";
  for (int i = 0; i < 1000; ++i) list += ",'x'";
  EXPECT_THAT(ParseSearchFilter(list + ")"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("at most 1000 values")));
}

// Every text that is cut off or has one character changed is read or refused, and never worse.
TEST(SearchFilterTest, SurvivesBrokenTexts) {
  const std::string whole =
      "metrics.`a b` >= 0.5 AND params.x NOT IN ('a', \"b\") AND tags.y IS NOT NULL";
  for (size_t i = 0; i <= whole.size(); ++i) {
    (void)ParseSearchFilter(whole.substr(0, i));
    for (const char c : {'\'', '`', '(', '\0', '.', '\xff', ' '}) {
      std::string changed = whole;
      if (i < changed.size()) changed[i] = c;
      (void)ParseSearchFilter(changed);
      (void)ParseSearchOrder(changed);
    }
  }
}

TEST(SearchFilterTest, ReadsOrders) {
  MP_ASSERT_OK_AND_ASSIGN(auto order, ParseSearchOrder("metrics.`my loss` desc"));
  EXPECT_EQ(order.entity, SearchEntity::kMetric);
  EXPECT_EQ(order.key, "my loss");
  EXPECT_FALSE(order.ascending);
  MP_ASSERT_OK_AND_ASSIGN(order, ParseSearchOrder("start_time"));
  EXPECT_TRUE(order.ascending);
  EXPECT_THAT(ParseSearchOrder("metrics.a up"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("Invalid ordering key")));
  EXPECT_THAT(ParseSearchOrder("metrics.a DESC, b"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("Could not be parsed")));
  EXPECT_THAT(ParseSearchOrder(""),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("Could not be parsed")));
}

}  // namespace
}  // namespace millpond::platform
