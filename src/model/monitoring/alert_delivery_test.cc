#include "model/monitoring/alert_delivery.h"

#include <mutex>

#include "base/http/http_server_test_client.h"
#include "base/json.h"
#include "base/testing/result_matchers.h"
#include "model/monitoring/monitoring_tables.h"

namespace millpond::model {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class AlertDeliveryTest : public testing::HttpServerTest {
 protected:
  void SetUp() override {
    const data::Workspace workspace{.env = test_.env,
                                    .name = "shop",
                                    .project_dir = dir_.path(),
                                    .state_dir = dir_ / "state",
                                    .warehouse_dir = dir_ / "state/warehouse",
                                    .readable_roots = {}};
    MP_ASSERT_OK(test_.local->CreateDirectories(workspace.state_dir));
    MP_ASSERT_OK_AND_ASSIGN(catalog_, data::Catalog::Open(workspace));
    monitors_ = {{.name = "m", .webhook = WebhookReference{.environment_variable = "HOOK"}},
                 {.name = "quiet"}};
    Handle("POST", "/hooks/secret-token", [this](const HttpRequest& request) {
      std::lock_guard lock(mutex_);
      bodies_.push_back(request.body);
      keys_.emplace_back(request.headers.Get("Idempotency-Key"));
      HttpResponse response = TextResponse("");
      response.status = keys_.back() == refused_ ? refusal_ : status_;
      return response;
    });
  }

  void Alert(const std::string& id, const std::string& monitor = "m", Micros ago = 0) {
    AlertRow row;
    row.alert_id = id;
    row.monitor = monitor;
    row.cause = "feature_changed";
    row.object = "spend";
    row.command = "millpond sql \"DESCRIBE HISTORY main.shop.orders\"";
    row.at.at = test_.clock.Now() - ago;
    row.period_start.at = static_cast<Micros>(id.size());
    MP_ASSERT_OK(UpsertMonitoringRows<AlertRow>(*catalog_, {row}));
  }

  Result<DeliveryReport> Deliver(const std::string& url) {
    return DeliverAlerts(*catalog_, monitors_,
                         [url](const WebhookReference&) -> Result<std::string> { return url; });
  }

  std::unique_ptr<data::Catalog> catalog_;
  std::vector<MonitorDefinition> monitors_;
  std::mutex mutex_;
  std::vector<std::string> bodies_, keys_;
  int status_ = 200;
  std::string refused_;  // the alert that is answered by refusal_
  int refusal_ = 400;
};

TEST_F(AlertDeliveryTest, EachIsToldOnceWithCauseObjectAndCommand) {
  Start();
  const std::string url = server_->url() + "/hooks/secret-token";
  Alert("a");
  Alert("bb");
  Alert("c", "quiet");
  Alert("dddd", "m", kDeliverWithin + 1);
  MP_ASSERT_OK_AND_ASSIGN(auto report, Deliver(url));
  EXPECT_EQ(report.delivered, 2);
  EXPECT_THAT(keys_, ElementsAre("a", "bb"));
  MP_ASSERT_OK_AND_ASSIGN(auto body, ParseJson(bodies_[0], "body"));
  EXPECT_EQ(body["project"], "shop");
  EXPECT_EQ(body["cause"], "feature_changed");
  EXPECT_EQ(body["object"], "spend");
  EXPECT_EQ(body["command"], "millpond sql \"DESCRIBE HISTORY main.shop.orders\"");
  MP_ASSERT_OK_AND_ASSIGN(auto again, Deliver(url));
  EXPECT_EQ(again.delivered, 0);
  EXPECT_EQ(keys_.size(), 2U);
}

TEST_F(AlertDeliveryTest, AFailureWaitsForTheNextRunAndKeepsTheSecret) {
  Start();
  const std::string url = server_->url() + "/hooks/secret-token";
  Alert("a");
  Alert("bb");
  status_ = 503;
  MP_ASSERT_OK_AND_ASSIGN(auto failed, Deliver(url));
  EXPECT_EQ(failed.delivered, 0);
  EXPECT_EQ(failed.waiting, 2);
  EXPECT_THAT(failed.problems,
              ElementsAre(HasSubstr("webhook $HOOK of monitor m: it answered 503")));
  EXPECT_EQ(keys_.size(), static_cast<size_t>(kDeliveryAttempts));
  MP_ASSERT_OK_AND_ASSIGN(auto unreachable, Deliver("http://127.0.0.1:1/hooks/secret-token"));
  ASSERT_EQ(unreachable.problems.size(), 1U);
  EXPECT_THAT(unreachable.problems[0], Not(HasSubstr("secret-token")));
  status_ = 204;
  MP_ASSERT_OK_AND_ASSIGN(auto told, Deliver(url));
  EXPECT_EQ(told.delivered, 2);
}

TEST_F(AlertDeliveryTest, ARefusedAlertKeepsNoOtherFromBeingTold) {
  Start();
  const std::string url = server_->url() + "/hooks/secret-token";
  Alert("a");
  Alert("bb");
  Alert("ccc");
  refused_ = "a";
  MP_ASSERT_OK_AND_ASSIGN(auto report, Deliver(url));
  EXPECT_EQ(report.delivered, 2);
  EXPECT_EQ(report.waiting, 1);
  EXPECT_THAT(report.problems, ElementsAre(HasSubstr("it answered 400 to alert a")));
  EXPECT_THAT(keys_, ElementsAre("a", "bb", "ccc"));  // what is refused is not sent twice
}

TEST_F(AlertDeliveryTest, AReceiverThatIsBusyIsLeftAlone) {
  Start();
  Alert("a");
  Alert("bb");
  refused_ = "a";
  refusal_ = 429;
  MP_ASSERT_OK_AND_ASSIGN(auto report, Deliver(server_->url() + "/hooks/secret-token"));
  EXPECT_EQ(report.delivered, 0);
  EXPECT_EQ(report.waiting, 2);
}

TEST_F(AlertDeliveryTest, AnAddressThatIsNotThereIsAProblemNotAnError) {
  Start();
  Alert("a");
  MP_ASSERT_OK_AND_ASSIGN(auto report,
                          DeliverAlerts(*catalog_, monitors_,
                                        [](const WebhookReference& webhook) -> Result<std::string> {
                                          return Fail(ErrorKind::kNotFound, "{} holds no address",
                                                      webhook.name());
                                        }));
  EXPECT_EQ(report.waiting, 1);
  EXPECT_THAT(report.problems, ElementsAre(HasSubstr("$HOOK holds no address")));
}

}  // namespace
}  // namespace millpond::model
