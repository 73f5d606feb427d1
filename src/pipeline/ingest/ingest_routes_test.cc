#include "pipeline/ingest/ingest_routes.h"

#include <filesystem>

#include "base/fs/faulty_filesystem.h"
#include "base/json.h"
#include "base/testing/result_matchers.h"
#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"
#include "data/catalog/workspace.h"
#include "pipeline/sources/column_list.h"

namespace millpond::pipeline {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kJson = "application/json";
constexpr const char* kLines = "application/x-ndjson";

class IngestRoutesTest : public ::testing::Test {
 protected:
  void SetUp() override { Serve(machine_.env, {}); }

  void Serve(const Environment& env, IngestLimits limits) {
    router_.emplace();
    spools_.reset();
    workspace_.emplace(data::Workspace{.env = env,
                                       .name = "test",
                                       .project_dir = dir_.path(),
                                       .state_dir = dir_.path(),
                                       .warehouse_dir = dir_ / "warehouse",
                                       .readable_roots = {}});
    spools_.emplace(*workspace_, limits, metrics_);
    MP_EXPECT_OK(spools_->Serve({Source("main.shop.orders", "id BIGINT, price DECIMAL(10,2)"),
                                 Source("main.shop.clicks", "at TIMESTAMP"),
                                 Source("main.web.clicks", "at TIMESTAMP")}));
    AddIngestRoutes(*router_, {*spools_});
  }

  PushSource Source(const std::string& name, const std::string& schema) {
    return {*data::ParseTableName(name), *ParseColumnList(schema)};
  }

  HttpResponse Post(const std::string& table, const std::string& body, const std::string& type,
                    const std::string& key = "") {
    HttpRequest request;
    request.method = "POST";
    request.path = "/api/ingest/" + table;
    request.body = body;
    if (!type.empty()) request.headers.Add("Content-Type", type);
    if (!key.empty()) request.headers.Add("Idempotency-Key", key);
    return router_->Dispatch(std::move(request));
  }

  void ExpectError(const HttpResponse& response, int status, const std::string& message) {
    EXPECT_EQ(response.status, status) << response.body;
    auto json = ParseJson(response.body, "answer");
    ASSERT_TRUE(json.has_value()) << response.body;
    EXPECT_THAT(json->value("message", ""), HasSubstr(message));
    EXPECT_NE(json->value("error_code", ""), "");
  }

  testing::TempDir dir_;
  testing::TestEnvironment machine_;
  MetricsRegistry metrics_;
  std::optional<Router> router_;
  std::optional<data::Workspace> workspace_;
  std::optional<IngestSpools> spools_;
};

TEST_F(IngestRoutesTest, EachFormOfBody) {
  EXPECT_EQ(Post("main.shop.orders", R"([{"id": 1}, {"id": 2}])", kJson).body,
            R"({"rows":2,"duplicate":false})");
  EXPECT_EQ(Post("orders", R"({"rows": [{"id": 3}]})", "application/json; charset=utf-8").body,
            R"({"rows":1,"duplicate":false})");
  EXPECT_EQ(Post("SHOP.Orders", "{\"id\": 4}\n{\"id\": 5}\n", kLines).body,
            R"({"rows":2,"duplicate":false})");
  EXPECT_EQ(Post("orders", "[]", kJson).body, R"({"rows":0,"duplicate":false})");
  EXPECT_THAT(metrics_.Render(),
              HasSubstr("millpond_ingest_rows_total{table=\"main.shop.orders\"} 5"));
}

TEST_F(IngestRoutesTest, AKeySentAgainIsADuplicate) {
  for (const char* duplicate : {"false", "true", "true"}) {
    HttpResponse response = Post("orders", R"([{"id": 1, "price": 2.50}])", kJson, "k 1");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, fmt::format(R"({{"rows":1,"duplicate":{}}})", duplicate));
  }
  // The same rows, written otherwise.
  EXPECT_THAT(Post("orders", "{\"id\": 1, \"price\": \"2.5\"}", kLines, "k 1").body,
              HasSubstr("true"));
  ExpectError(Post("orders", R"([{"id": 2}])", kJson, "k 1"), 400, "used for other rows");
  // A key belongs to its table.
  EXPECT_EQ(Post("shop.clicks", "[{}]", kJson, "k 1").body, R"({"rows":1,"duplicate":false})");
  ExpectError(Post("orders", "[{}]", kJson, std::string(256, 'k')), 400, "255");
  ExpectError(Post("orders", "[{}]", kJson, "k\x7f"), 400, "printable");
  EXPECT_THAT(metrics_.Render(), HasSubstr("outcome=\"duplicate\",table=\"main.shop.orders\"} 3"));
}

TEST_F(IngestRoutesTest, ABadRowKeepsNothingOfItsBody) {
  ExpectError(Post("orders", R"([{"id": 1}, {"id": "x"}])", kJson), 400, "row 2, field 'id'");
  ExpectError(Post("orders", R"([{"id": 1}, {"name": "x"}])", kJson), 400, "row 2, field 'name'");
  ExpectError(Post("orders", "[{\"id\": 1", kJson), 400, "not valid JSON");
  ExpectError(Post("orders", "", kJson), 400, "not valid JSON");
  EXPECT_EQ(spools_->targets().at(1).source.name.table, "orders");
  EXPECT_EQ(spools_->targets().at(1).waiting_bytes, 0);
  EXPECT_THAT(metrics_.Render(), HasSubstr("outcome=\"refused\",table=\"main.shop.orders\"} 4"));
}

TEST_F(IngestRoutesTest, UnknownTablesAndTypes) {
  ExpectError(Post("nothing", "[{}]", kJson), 404,
              "rows are pushed to main.shop.clicks, main.shop.orders, main.web.clicks");
  ExpectError(Post("clicks", "[{}]", kJson), 404, "several tables");
  ExpectError(Post("..", "[{}]", kJson), 404, "'..'");
  ExpectError(Post("orders", "[{}]", ""), 415, "Content-Type: application/json");
  ExpectError(Post("orders", "[{}]", "application/x-www-form-urlencoded"), 415, "x-ndjson");
  MP_EXPECT_OK(spools_->Serve({}));
  ExpectError(Post("orders", "[{}]", kJson), 404, "no table of this project takes pushes");
}

TEST_F(IngestRoutesTest, AFullSpoolAsksToComeAgain) {
  Serve(machine_.env, {.max_bytes = 400});
  std::string rows = R"([{"id": 1000000}, {"id": 1000000}, {"id": 1000000}])";
  EXPECT_EQ(Post("orders", rows, kJson).status, 200);
  HttpResponse full;
  for (int i = 0; i < 3 && full.status == 200; ++i) full = Post("orders", rows, kJson);
  ExpectError(full, 429, "main.shop.orders");
  EXPECT_EQ(full.headers.Get("Retry-After"), "1");
}

TEST_F(IngestRoutesTest, AFailingDiskIsSaidAndGotOver) {
  FaultyFileSystem faulty(*machine_.local);
  Serve(machine_.With(faulty), {});
  EXPECT_EQ(Post("orders", R"([{"id": 1}])", kJson, "a").status, 200);
  faulty.FailAt(2, FaultyFileSystem::Mode::kOnce);  // the write goes through, the sync does not
  ExpectError(Post("orders", R"([{"id": 2}])", kJson, "b"), 503, "sync");
  EXPECT_EQ(Post("orders", R"([{"id": 2}])", kJson, "b").body, R"({"rows":1,"duplicate":false})");
  EXPECT_EQ(Post("orders", R"([{"id": 1}])", kJson, "a").body, R"({"rows":1,"duplicate":true})");
}

// May write nothing but main.shop.orders.
class OrdersOnly : public data::AccessPolicy {
 public:
  Status Check(const data::Principal& who, data::Privilege privilege,
               const std::string& object) override {
    if (privilege == data::Privilege::kModify && object == "main.shop.orders") return OkStatus();
    return Fail(ErrorKind::kPermissionDenied, "{} may not write {}", who.name, object);
  }
};

TEST_F(IngestRoutesTest, WhoMayNotWriteMayNotPush) {
  OrdersOnly policy;
  router_.emplace();
  AddIngestRoutes(*router_, {*spools_, &policy});
  EXPECT_EQ(Post("orders", R"([{"id": 1}])", kJson).status, 200);
  ExpectError(Post("web.clicks", "[{}]", kJson), 403, "may not write main.web.clicks");
  HttpRequest request;
  request.method = "GET";
  request.path = "/api/ingest";
  HttpResponse response = router_->Dispatch(std::move(request));
  EXPECT_THAT(response.body,
              AllOf(HasSubstr("main.shop.orders"), ::testing::Not(HasSubstr("clicks"))));
}

TEST_F(IngestRoutesTest, TheListOfTables) {
  EXPECT_EQ(Post("orders", R"([{"id": 1}])", kJson).status, 200);
  HttpRequest request;
  request.method = "GET";
  request.path = "/api/ingest";
  HttpResponse response = router_->Dispatch(std::move(request));
  MP_ASSERT_OK_AND_ASSIGN(auto json, ParseJson(response.body, "answer"));
  const Json& orders = json.at("tables").at(1);
  EXPECT_EQ(orders.at("table"), "main.shop.orders");
  EXPECT_EQ(orders.at("columns").at(1), (Json{{"name", "price"}, {"type", "decimal(10,2)"}}));
  EXPECT_GT(orders.at("waiting_bytes"), 0);
}

}  // namespace
}  // namespace millpond::pipeline
