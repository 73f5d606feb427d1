// The examples' own transformations, with rows pushed as a client pushes them: through the routes,
// the spools and the runner, up to the silver table.
#include <filesystem>

#include "base/http/router.h"
#include "pipeline/flows/flow_runner.h"
#include "pipeline/flows/flow_test_project.h"
#include "pipeline/ingest/ingest_routes.h"

namespace millpond::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr int kPatienceMs = 60'000;

class ExamplePushTest : public ::testing::Test {
 protected:
  void Begin(const std::string& example, const std::string& now) {
    std::filesystem::create_directories(project_.dir() + "/data");
    std::filesystem::copy(std::string(MILLPOND_EXAMPLES) + "/" + example + "/transformations",
                          project_.dir() + "/transformations");
    project_.machine().clock.Set(*ParseTimestamp(now));
    opened_ = *project_.Open();
    spools_.emplace(opened_.catalog->workspace(), IngestLimits{}, metrics_);
    AddIngestRoutes(router_, {*spools_});
    MP_ASSERT_OK_AND_ASSIGN(
        runner_, FlowRunner::Start({*opened_.catalog, *opened_.engine, &*spools_, metrics_},
                                   {.transformations = project_.dir() + "/transformations"}));
    ASSERT_TRUE(runner_->Settle(kPatienceMs));
  }
  void TearDown() override { runner_.reset(); }

  std::string Push(const std::string& table, const std::string& rows) {
    HttpRequest request;
    request.method = "POST";
    request.path = "/api/ingest/" + table;
    request.headers.Add("Content-Type", "application/json");
    request.body = rows;
    std::string body = router_.Dispatch(std::move(request)).body;
    EXPECT_TRUE(runner_->Settle(kPatienceMs));
    EXPECT_EQ(runner_->status().error, "");
    for (const FlowStatus& flow : runner_->status().flows) EXPECT_EQ(flow.last_error, "");
    return body;
  }

  TestProject project_;
  MetricsRegistry metrics_;
  TestProject::Opened opened_;
  std::optional<IngestSpools> spools_;
  Router router_;
  std::unique_ptr<FlowRunner> runner_;
};

TEST_F(ExamplePushTest, ChurnPurchases) {
  project_.Write("data/some.txt",
                 " customer_id  date number_of_cds  dollar_value\n 00004 19970101  2   29.33\n");
  Begin("churn", "1998-07-01T00:00:00Z");
  EXPECT_EQ(Push("pushed_purchases",
                 R"([{"customer_id": 4, "purchase_date": "1998-06-30", "cds": 2, "dollars": 29.33},
                     {"customer_id": 5, "purchase_date": "1998-07-02", "cds": 0, "dollars": -1},
                     {}])"),
            R"({"rows":3,"duplicate":false})");
  EXPECT_THAT(project_.Rows("SELECT customer_id, purchase_date, purchased_at, cds, dollars, "
                            "line_number FROM main.churn.purchases"),
              ElementsAre("4|1997-01-01|1997-01-01 00:00:00.000000Z|2|29.33|2",
                          "4|1998-06-30|1998-06-30 00:00:00.000000Z|2|29.33|null"));
  EXPECT_THAT(project_.Rows("SELECT customer_id, array_to_string(reasons, '+') FROM "
                            "main.churn.pushed_purchases_quarantine"),
              UnorderedElementsAre(
                  "5|date_is_past+cds_is_not_zero+dollars_not_negative",
                  "null|customer_is_a_number+date_exists+cds_is_a_number+dollars_is_a_number"));
  EXPECT_THAT(project_.Rows("SELECT purchases, dollars FROM main.churn.customers"),
              ElementsAre("2|58.66"));
  EXPECT_THAT(project_.Rows("SELECT * FROM main.churn.purchases_quarantine"), IsEmpty());
}

TEST_F(ExamplePushTest, FlightsDepartures) {
  Begin("flights", "2013-04-02T00:00:00Z");
  auto departure = [](const std::string& change) {
    return R"({"year": 2013, "month": 4, "day": 1, "hour": 18, "minute": 30, "sched_dep_time": 1830,
               "dep_time": 1840, "dep_delay": 10, "carrier": "UA", "flight": 1545, "tailnum":
               "N14228", "origin": "EWR", "dest": "IAH", "air_time": 227, "distance": 1400,
               "arr_delay": 11, "time_hour": "2013-04-01T22:00:00Z")" +
           change + "}";
  };
  std::string bad_date = departure("");
  bad_date.replace(bad_date.find("\"month\": 4"), 10, "\"month\": 13");
  EXPECT_EQ(
      Push("pushed_departures", "[" + departure("") + "," + bad_date + "," + R"({"year": 2013}])"),
      R"({"rows":3,"duplicate":false})");
  EXPECT_THAT(project_.Rows("SELECT flight_id, scheduled_at, cancelled, departure_known_at FROM "
                            "main.flights.departures"),
              ElementsAre("UA1545-EWR-20130401-1830|2013-04-01 22:30:00.000000Z|false|2013-04-01 "
                          "22:40:00.000000Z"));
  EXPECT_THAT(
      project_.Rows("SELECT month, array_to_string(reasons, '+') FROM "
                    "main.flights.pushed_departures_quarantine"),
      UnorderedElementsAre("13|date_exists", "null|date_exists+time_exists+carrier_is_named"));
  EXPECT_THAT(project_.Rows("SELECT origin, dest, scheduled FROM main.flights.routes"),
              ElementsAre("EWR|IAH|1"));
}

}  // namespace
}  // namespace millpond::pipeline
