#include "platform/features/feature_routes.h"

#include <limits>

#include "base/json.h"
#include "data/sql/access.h"
#include "platform/features/entity_input.h"
#include "platform/features/online_test_project.h"

namespace millpond::platform {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;

// One view is nobody's to read.
class ForbiddenView : public data::AccessPolicy {
 public:
  Status Check(const data::Principal& principal, data::Privilege privilege,
               const std::string& object) override {
    if (object != forbidden) return OkStatus();
    return Fail(ErrorKind::kPermissionDenied, "{} may not {} {}", principal.name,
                data::ToString(privilege), object);
  }
  std::string forbidden;
};

class FeatureRoutesTest : public OnlineTest {
 protected:
  void SetUp() override {
    OnlineTest::SetUp();
    Commit({{9, now_ - 5 * kMicrosPerSecond, 250, 0.5, "a"}});
    OpenOnline();
    AddFeatureRoutes(router_, *store_, *online_, machine_.clock, access_);
  }
  HttpResponse Ask(const std::string& method, const std::string& path,
                   const std::string& body = "") {
    HttpRequest request;
    request.method = method;
    request.path = path;
    request.body = body;
    return router_.Dispatch(request);
  }
  Json Body(const HttpResponse& response) {
    auto json = ParseJson(response.body, "the answer");
    EXPECT_TRUE(json.has_value()) << response.body;
    return json.value_or(Json());
  }

  ForbiddenView access_;
  Router router_;
};

TEST_F(FeatureRoutesTest, ShowsViewsBeforeAndWhileTheyAreServed) {
  Json list = Body(Ask("GET", "/api/features"));
  ASSERT_EQ(list["views"].size(), 1u);
  EXPECT_EQ(list["views"][0]["name"], "v");
  EXPECT_TRUE(list["views"][0]["online"].is_null());
  EXPECT_TRUE(list["views"][0]["live_version"].is_null());
  MP_ASSERT_OK(online_->Serve("v"));
  machine_.clock.Advance(3 * kMicrosPerSecond);
  const Json view = Body(Ask("GET", "/api/features/v"));
  EXPECT_EQ(view["source"], "main.default.orders");
  EXPECT_EQ(view["entity"], Json::array({"customer"}));
  EXPECT_EQ(view["features"].size(), 12u);
  EXPECT_EQ(view["online"]["rows"], 1);
  EXPECT_EQ(view["online"]["lag_seconds"], 3.0);
  EXPECT_EQ(view["live_version"]["version"], view["online"]["source_version"]);
  EXPECT_EQ(Ask("GET", "/api/features/none").status, 404);
}

TEST_F(FeatureRoutesTest, AsksWhoMayReadTheView) {
  MP_ASSERT_OK(online_->Serve("v"));
  const std::string body = R"({"entities": [{"customer": 9}]})";
  EXPECT_EQ(Ask("POST", "/api/features/v/get", body).status, 200);
  access_.forbidden = "v";
  const HttpResponse refused = Ask("POST", "/api/features/v/get", body);
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.body, HasSubstr("SELECT v"));
}

TEST_F(FeatureRoutesTest, AnswersWithTheFeaturesOfNow) {
  MP_ASSERT_OK(online_->Serve("v"));
  const HttpResponse response =
      Ask("POST", "/api/features/v/get", R"({"entities": [{"customer": 9}, {"customer": null}]})");
  ASSERT_EQ(response.status, 200) << response.body;
  const Json answer = Body(response);
  EXPECT_EQ(answer["as_of"], FormatTimestamp(now_));
  EXPECT_EQ(answer["stale"], false);
  EXPECT_EQ(answer["features"][0]["n"], 1);
  EXPECT_EQ(answer["features"][0]["spent"], 2.5);
  EXPECT_EQ(answer["features"][0]["last_kind"], "a");
  EXPECT_EQ(answer["features"][0]["since"], 5.0);
  EXPECT_EQ(answer["features"][1]["n"], 0);
  EXPECT_TRUE(answer["features"][1]["spent"].is_null());
  // An entity that nobody has heard of has no rows.
  const Json unknown =
      Body(Ask("POST", "/api/features/V/get", R"({"entities": [{"CUSTOMER": 12345}]})"));
  EXPECT_EQ(unknown["features"][0]["n"], 0);
  machine_.clock.Advance(10 * kMicrosPerSecond);
  EXPECT_EQ(Body(Ask("POST", "/api/features/v/get", R"({"entities": [{"customer": 9}]})"))["stale"],
            true);
}

TEST_F(FeatureRoutesTest, RefusesWhatItCannotRead) {
  const auto refused = [&](const std::string& body, int status, const std::string& message) {
    const HttpResponse response = Ask("POST", "/api/features/v/get", body);
    EXPECT_EQ(response.status, status) << body;
    EXPECT_THAT(response.body, HasSubstr(message)) << body;
  };
  refused(R"({"entities": []})", 404, "not served here");
  MP_ASSERT_OK(online_->Serve("v"));
  EXPECT_EQ(Ask("POST", "/api/features/none/get", R"({"entities": []})").status, 404);
  refused("{", 400, "");
  refused("[]", 400, "");
  refused("{}", 400, "lacks entities");
  refused(R"({"entities": 3})", 400, "must be an array");
  refused(R"({"entities": [3]})", 400, "entities[0] is 3");
  refused(R"({"entities": [{}]})", 400, "entities[0] lacks customer");
  refused(R"({"entities": [{"customer": 1}, {"customer": "1"}]})", 400, "entities[1].customer is");
  refused(R"({"entities": [{"customer": 1.5}]})", 400, "BIGINT is wanted");
  refused(R"({"entities": [{"customer": true}]})", 400, "BIGINT is wanted");
  refused(R"({"entities": [{"customer": 18446744073709551615}]})", 400, "greatest BIGINT");
  refused(R"({"entities": [{"customer": 1, "shop": 2}]})", 400, "has shop");
  refused(R"({"entities": [{"customer": 1, "CUSTOMER": 2}]})", 400, "given twice");
  refused(R"({"entities": [], "rows": 1})", 400, "field rows");
  refused(R"({"entities": [], "as_of": "2023-01-01T00:00:00Z"})", 403, "needs a grant");
  std::string many = R"({"entities": [)";
  for (int i = 0; i < 1001; ++i) many += fmt::format(R"({}{{"customer": 1}})", i == 0 ? "" : ",");
  refused(many + "]}", 400, "at most 1000");
}

TEST(FeatureJsonTest, EveryTypeHasAForm) {
  const auto json = [](kernel::Type type, kernel::Value value) {
    return DumpJson(FeatureJson(kernel::Column::FromValues(type, {&value, 1}), 0));
  };
  EXPECT_EQ(json(kernel::kBoolean, kernel::Value::Boolean(true)), "true");
  EXPECT_EQ(json(kernel::kBigint, kernel::Value::Bigint(INT64_MAX)), "9223372036854775807");
  EXPECT_EQ(json(kernel::Decimal(10, 2), kernel::Value::MakeDecimal(-1205, 10, 2)), "-12.05");
  EXPECT_EQ(json(kernel::kDouble, kernel::Value::Double(std::nan(""))), "\"NaN\"");
  EXPECT_EQ(json(kernel::kDouble, kernel::Value::Double(-std::numeric_limits<double>::infinity())),
            "\"-Infinity\"");
  EXPECT_EQ(json(kernel::kDate, kernel::Value::Date(1)), "\"1970-01-02\"");
  EXPECT_EQ(json(kernel::kTimestamp, kernel::Value::Timestamp(1)),
            "\"1970-01-01T00:00:00.000001Z\"");
  EXPECT_EQ(json(kernel::kInterval, kernel::Value::Interval(5)), "5");
  EXPECT_EQ(json(kernel::kVarchar, kernel::Value()), "null");
}

TEST(EntityRowsTest, ReadsEveryTypeOfAnEntity) {
  const std::vector<kernel::SourceColumn> entity = {
      {"a", kernel::kVarchar}, {"b", kernel::kDate},         {"c", kernel::kTimestamp},
      {"d", kernel::kDouble},  {"e", kernel::Decimal(5, 0)}, {"f", kernel::kBoolean}};
  const Json good = {{"a", "x"}, {"b", "1970-01-02"}, {"c", "1970-01-01T00:00:01"},
                     {"d", 3},   {"e", 12},           {"f", true}};
  MP_ASSERT_OK_AND_ASSIGN(kernel::Batch rows, EntityRows(entity, Json::array({good})));
  EXPECT_EQ(rows.columns[1].ValueAt(0), kernel::Value::Date(1));
  EXPECT_EQ(rows.columns[2].ValueAt(0), kernel::Value::Timestamp(1'000'000));
  EXPECT_EQ(rows.columns[3].ValueAt(0), kernel::Value::Double(3));
  EXPECT_EQ(rows.columns[4].ValueAt(0), kernel::Value::MakeDecimal(12, 5, 0));
  const Json wrong = {{"a", 1},    {"b", "tomorrow"}, {"c", 5}, {"d", (int64_t{1} << 60) + 1},
                      {"e", "12"}, {"f", 1}};
  for (const auto& [name, value] : wrong.items()) {
    Json bad = good;
    bad[name] = value;
    EXPECT_THAT(EntityRows(entity, Json::array({bad})),
                FailsWith(ErrorKind::kInvalidArgument, HasSubstr("entities[0]." + name)));
  }
}

}  // namespace
}  // namespace millpond::platform
