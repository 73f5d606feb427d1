#include "platform/features/view_statement.h"

#include "base/testing/result_matchers.h"
#include "platform/features/kernel_expression.h"
#include "platform/features/view_compiler.h"

namespace millpond::platform {
namespace {

using ::testing::AllOf;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::SizeIs;

constexpr std::string_view kView = R"(-- a comment
CREATE FEATURE VIEW customer_orders
  ENTITY (customer_id, "Shop")
  TIMESTAMP order_ts
  KNOWN AT CAST(order_ts AS TIMESTAMP) + INTERVAL 1 HOUR
  SETTLE 5 SECONDS
AS SELECT
  count(*) OVER w90 AS orders_90d,
  sum(amount) FILTER (WHERE amount > 0) OVER w90 AS spend_90d,
  First(amount) FILTER (WHERE amount > 0) OVER life AS first_amount,
  spend_90d / nullif(orders_90d, 0) AS basket_90d,
  days_between(max(o.order_ts) OVER life, as_of()) AS recency_days
FROM main.shop.orders AS o
WHERE amount IS NOT NULL
WINDOW w90 AS (RANGE INTERVAL 90 DAYS PRECEDING), life AS (RANGE UNBOUNDED PRECEDING);
)";

Result<ViewStatement> Parse(std::string text) {
  MP_ASSIGN_OR_RETURN(auto views, ParseViewFile({"features/v.sql", std::move(text)}));
  if (views.size() != 1) return Fail(ErrorKind::kInternal, "{} statements", views.size());
  MP_RETURN_IF_ERROR(CheckView(views.front()));
  return std::move(views.front());
}

std::string With(std::string_view what, std::string_view by) {
  std::string text(kView);
  const size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), by);
}

TEST(ViewStatementTest, ReadsEveryClause) {
  MP_ASSERT_OK_AND_ASSIGN(ViewStatement view, Parse(std::string(kView)));
  EXPECT_EQ(view.name.name, "customer_orders");
  ASSERT_THAT(view.entity, SizeIs(2));
  EXPECT_EQ(view.entity[1].name, "Shop");
  EXPECT_EQ(view.timestamp.name, "order_ts");
  EXPECT_TRUE(view.known_at.has_value());
  EXPECT_EQ(view.settle, 5 * kMicrosPerSecond);
  EXPECT_EQ(view.table.ToString(), "main.shop.orders");
  EXPECT_FALSE(view.or_replace);
  EXPECT_THAT(view.select.select, SizeIs(5));
}

TEST(ViewStatementTest, HasDefaults) {
  MP_ASSERT_OK_AND_ASSIGN(
      ViewStatement view,
      Parse("create or replace feature view v entity (c) timestamp ts as select count(*) over w as "
            "n from orders window w as (range interval 1 day preceding)"));
  EXPECT_TRUE(view.or_replace);
  EXPECT_FALSE(view.known_at.has_value());
  EXPECT_EQ(view.settle, kMicrosPerSecond);
  EXPECT_EQ(view.table.ToString(), "main.default.orders");
}

struct Bad {
  std::string what, by, place, message;
};

class BadViewTest : public ::testing::TestWithParam<Bad> {};

TEST_P(BadViewTest, IsRefusedWithItsPlace) {
  const Bad& bad = GetParam();
  auto parsed = Parse(With(bad.what, bad.by));
  ASSERT_FALSE(parsed.has_value());
  EXPECT_THAT(parsed.error().ToString(),
              AllOf(HasSubstr("features/v.sql:" + bad.place + ": "), HasSubstr(bad.message)));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadViewTest,
    ::testing::Values(
        Bad{"ENTITY (customer_id, \"Shop\")", "", "4:3", "expected ENTITY here, found 'TIMESTAMP'"},
        Bad{"\"Shop\"", "customer_ID", "3:24", "named twice"},
        Bad{"KNOWN AT CAST(order_ts AS TIMESTAMP) + INTERVAL 1 HOUR", "KNOWN AT COMMIT", "5:12",
            "KNOWN AT COMMIT is not supported yet"},
        Bad{"KNOWN AT CAST(order_ts AS TIMESTAMP) + INTERVAL 1 HOUR", "KNOWN AT", "6:3",
            "expected an expression after KNOWN AT"},
        Bad{"SETTLE 5 SECONDS", "SETTLE 1 MONTH", "6:12", "fixed length"},
        Bad{"SETTLE 5 SECONDS", "SETTLE soon", "6:10", "expected a whole number"},
        Bad{"SETTLE 5 SECONDS", "FRESH WITHIN 1 HOUR", "6:3", "FRESH WITHIN is not supported yet"},
        Bad{"AS SELECT\n", "AS\n", "8:3", "expected SELECT"},
        Bad{"FROM main.shop.orders AS o", "FROM read_csv('x')", "13:6", "reads one table"},
        Bad{"main.shop.orders AS o", "shop.orders AS o VERSION AS OF 3", "13:23",
            "names no table version"},
        Bad{"WHERE amount IS", "CHANGES AS HISTORY WHERE amount IS", "14:1", "CHANGES AS HISTORY"},
        Bad{"WINDOW w90", "GROUP BY customer_id WINDOW w90", "15:10", "GROUP BY"},
        Bad{"count(*) OVER w90 AS orders_90d", "count(*) OVER w90", "8:3",
            "every feature has a name"},
        Bad{"count(*) OVER w90 AS orders_90d", "count(*) AS orders_90d", "8:3", "needs a window"},
        Bad{"count(*) OVER w90", "count(*) OVER (PARTITION BY a)", "8:3", "PARTITION BY"},
        Bad{"count(*) OVER w90", "count(*) OVER (ORDER BY a ROWS 3 PRECEDING)", "8:3", "ORDER BY"},
        Bad{"RANGE INTERVAL 90 DAYS PRECEDING", "TUMBLE INTERVAL 1 DAY", "15:16",
            "TUMBLE windows are not supported yet"},
        Bad{"RANGE INTERVAL 90 DAYS PRECEDING", "hop INTERVAL 1 DAY EVERY INTERVAL 1 HOUR", "15:16",
            "HOP windows are not supported yet"},
        Bad{"RANGE INTERVAL 90 DAYS PRECEDING", "SESSION GAP INTERVAL 1 HOUR", "15:16",
            "SESSION windows are not supported yet"},
        Bad{"RANGE INTERVAL 90 DAYS PRECEDING", "LAST 5", "15:16",
            "LAST windows are not supported yet: write (RANGE"},
        Bad{"count(*) OVER w90", "count(*) OVER (LAST 5)", "8:18", "LAST windows"},
        Bad{"count(*) OVER w90", "first(amount ORDER BY ts) OVER w90", "8:3",
            "first(… ORDER BY …)"},
        Bad{"SETTLE 5 SECONDS", "CHANGES RESTATE", "6:3", "CHANGES is not supported yet"},
        Bad{"INTERVAL 90 DAYS", "INTERVAL 3 MONTHS", "15:31", "months and years"},
        Bad{"count(*) OVER w90 AS orders_90d", "* AS orders_90d", "8:3", "*"},
        Bad{"spend_90d / nullif", "(SELECT 1) / nullif", "11:3", "subquery"},
        Bad{"max(o.order_ts)", "max(p.order_ts)", "12:20", "p.order_ts is no column here"},
        Bad{"AS basket_90d", "AS orders_90d", "11:13", "taken by a feature further up"},
        Bad{"AS basket_90d", "AS shop", "11:13", "taken by ENTITY or TIMESTAMP"}));

TEST(ViewStatementTest, OnlyViewsStandInAFile) {
  EXPECT_THAT(Parse("SELECT 1"), FailsWith(ErrorKind::kInvalidArgument,
                                           HasSubstr("features/v.sql:1:1: expected CREATE")));
}

}  // namespace
}  // namespace millpond::platform
