// The promise under load, on the machine's own clock: ten thousand requests while two processes
// commit events out of order, late and past their claim. Afterwards both audits: no answer differs
// from what its version gave, and none that was not marked from what training computes.
#include <condition_variable>
#include <thread>

#include "base/json.h"
#include "platform/features/audit.h"
#include "platform/features/kernel_batch.h"
#include "platform/features/online_test_project.h"

namespace millpond::platform {
namespace {

constexpr int kRequests = 10'000;
constexpr int kAskers = 2;
constexpr auto kDuration = std::chrono::seconds(12);

class OnlineSkewTest : public OnlineTest {
 protected:
  void SetUp() override {
    OnlineTest::SetUp();
    store_.reset();
    const data::Workspace& fixed = catalog_->workspace();
    const Environment env{*machine_.local,  clock_,        machine_.random,
                          machine_.arbiter, machine_.pool, {}};
    const data::Workspace workspace{env,
                                    fixed.name,
                                    fixed.project_dir,
                                    fixed.state_dir,
                                    fixed.warehouse_dir,
                                    fixed.readable_roots};
    MP_ASSERT_OK_AND_ASSIGN(catalog_, data::Catalog::Open(workspace));
    MP_ASSERT_OK_AND_ASSIGN(store_, FeatureStore::Open(*catalog_));
    std::string view = kView;
    view.replace(view.find("SETTLE 1 SECOND"), 15, "SETTLE 3 SECONDS");
    MP_ASSERT_OK(Create(view));
    OpenOnline(20);
    MP_ASSERT_OK(online_->Serve("v"));
  }

  // Waits without sleeping; false once the test is over.
  bool Pause(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return !over_.wait_for(lock, time, [&] { return done_; });
  }

  void Write(data::Catalog& catalog, uint64_t seed) {
    SeededRandom random(seed);
    while (Pause(std::chrono::milliseconds(10 + NextBelow(random, 60)))) {
      std::vector<Order> orders;
      for (uint64_t i = 0; i <= NextBelow(random, 20); ++i) {
        Order order;
        order.customer = static_cast<int64_t>(NextBelow(random, 50));
        // Some from long ago, most of the last seconds: within and past the claim of two.
        const uint64_t age = NextBelow(random, 8) == 0 ? 120'000'000 : 5'000'000;
        order.at = clock_.Now() - static_cast<Micros>(NextBelow(random, age));
        order.cents = static_cast<int64_t>(NextBelow(random, 2000)) - 500;
        order.weight = static_cast<double>(NextBelow(random, 1'000'003)) / 977.0;
        order.kind = std::string(1, static_cast<char>('a' + NextBelow(random, 5)));
        orders.push_back(order);
        if (NextBelow(random, 10) == 0) orders.push_back(order);
      }
      Commit(orders, &catalog);
    }
  }

  void Ask(int asker) {
    SeededRandom random(static_cast<uint64_t>(asker) + 100);
    const int count = kRequests / kAskers;
    const auto started = std::chrono::steady_clock::now();
    for (int i = 0; i < count; ++i) {
      // Spread over the whole time, without a pause where the machine lags behind.
      const auto due = started + kDuration * i / count;
      const auto early = std::chrono::duration_cast<std::chrono::milliseconds>(
          due - std::chrono::steady_clock::now());
      if (early.count() > 0) Pause(early);
      const auto customer = static_cast<int64_t>(NextBelow(random, 55));
      const Micros at = clock_.Now();
      auto answer = online_->Get("v", Customers({customer}), at);
      ASSERT_TRUE(answer.has_value()) << answer.error().ToString();
      kernel::Batch row = std::move(answer->features);
      const auto add = [&](const char* name, const kernel::Value& value) {
        row.names.emplace_back(name);
        row.columns.push_back(kernel::Column::Repeat(value, 1));
      };
      add("request_id", kernel::Value::Varchar(fmt::format("{}-{}", asker, i)));
      add("as_of", kernel::Value::Timestamp(at));
      add("customer", kernel::Value::Bigint(customer));
      add("source_version", kernel::Value::Bigint(answer->source_version));
      add("marked", kernel::Value::Boolean(answer->stale));
      add("view_version", kernel::Value::Bigint(answer->view_version));
      auto batch = ToArrowBatch(std::move(row));
      ASSERT_TRUE(batch.has_value());
      std::lock_guard lock(mutex_);
      served_.push_back(*batch);
    }
  }

  AuditReport Audit(AuditKind kind) {
    auto reader = arrow::RecordBatchReader::Make(served_, served_.front()->schema()).ValueOrDie();
    ServedColumns columns;
    columns.view_version = "view_version";
    auto report = AuditServedRows(*store_, "v", *reader, columns, kind);
    EXPECT_TRUE(report.has_value()) << report.error().ToString();
    return report ? *report : AuditReport();
  }

  SystemClock clock_;
  std::mutex mutex_;
  std::condition_variable over_;
  bool done_ = false;
  std::vector<std::shared_ptr<arrow::RecordBatch>> served_;
};

TEST_F(OnlineSkewTest, NoUnmarkedAnswerDiffersFromTraining) {
  auto other = OtherProcess();
  std::vector<std::thread> writers;
  writers.emplace_back([&] { Write(*catalog_, 1); });
  writers.emplace_back([&] { Write(*other, 2); });
  std::vector<std::thread> askers;
  for (int i = 0; i < kAskers; ++i) askers.emplace_back([&, i] { Ask(i); });
  for (std::thread& asker : askers) asker.join();
  {
    std::lock_guard lock(mutex_);
    done_ = true;
  }
  over_.notify_all();
  for (std::thread& writer : writers) writer.join();
  MP_ASSERT_OK(online_->CatchUp());
  const OnlineViewStatus status = online_->Views().front();
  EXPECT_GT(status.source_version, 50);
  EXPECT_EQ(status.problem, "");

  const AuditReport engine = Audit(AuditKind::kEngine);
  EXPECT_EQ(engine.rows, kRequests);
  EXPECT_EQ(engine.equal, kRequests) << DumpJson(engine.ToJson());
  const AuditReport skew = Audit(AuditKind::kSkew);
  EXPECT_EQ(skew.different, 0) << DumpJson(skew.ToJson());
  EXPECT_EQ(skew.unauditable, 0);
  EXPECT_EQ(skew.equal + skew.marked, kRequests);
  EXPECT_LT(skew.marked, kRequests / 100);
}

}  // namespace
}  // namespace millpond::platform
