#include "platform/features/online_store.h"

#include <filesystem>
#include <fstream>
#include <thread>

#include "base/kv/key_value_store.h"
#include "platform/features/online_test_project.h"

namespace millpond::platform {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;

class OnlineStoreTest : public OnlineTest {
 protected:
  double Metric(const std::string& name) {
    return metrics_->FindCounter(name, "", {{"view", "v"}}).value();
  }
};

TEST_F(OnlineStoreTest, GivesWhatATrainingSetGives) {
  Commit({{1, now_ - 70 * kMicrosPerSecond, 250, 1.5, "a"},
          {1, now_ - 5 * kMicrosPerSecond, 900, 0.1, "b"},
          {2, now_ - 5 * kMicrosPerSecond, 100, 0.2, "void"}});
  OpenOnline();
  MP_ASSERT_OK(online_->Serve("v"));
  MP_ASSERT_OK(online_->Serve("V"));
  const std::vector<int64_t> ids = {1, 2, 77, -1, 1};
  EXPECT_EQ(Served(ids, now_), Trained(ids, now_));
  MP_ASSERT_OK_AND_ASSIGN(auto answer, online_->Get("v", Customers({1}), now_));
  EXPECT_EQ(answer.features.names.front(), "n");
  EXPECT_EQ(answer.features.columns[0].ValueAt(0), kernel::Value::Bigint(2));
  EXPECT_FALSE(answer.stale);
  EXPECT_EQ(answer.applied_through, now_);
  MP_ASSERT_OK_AND_ASSIGN(auto none, online_->Get("v", Customers({}), now_));
  EXPECT_EQ(none.features.rows, 0);
  EXPECT_EQ(none.features.columns.size(), 12u);
}

TEST_F(OnlineStoreTest, RefusesWhatItCannotAnswer) {
  OpenOnline();
  EXPECT_THAT(online_->Get("v", Customers({1}), now_),
              FailsWith(ErrorKind::kNotFound, HasSubstr("served are: none")));
  EXPECT_THAT(online_->Serve("w"), FailsWith(ErrorKind::kNotFound, HasSubstr("feature view w")));
  MP_ASSERT_OK(online_->Serve("v"));
  kernel::Batch other;
  EXPECT_THAT(online_->Get("v", other, now_),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("entity column customer")));
  other = Customers({1});
  other.columns[0] = kernel::Column::Repeat(kernel::Value::Varchar("1"), 1);
  EXPECT_THAT(online_->Get("v", other, now_),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("is BIGINT, but VARCHAR")));
}

TEST_F(OnlineStoreTest, FollowsCommitsOfThisProcessAndOfOthers) {
  OpenOnline();
  MP_ASSERT_OK(online_->Serve("v"));
  machine_.clock.Advance(10 * kMicrosPerSecond);
  Commit({{1, machine_.clock.Now() - 5 * kMicrosPerSecond, 250}});
  auto other = OtherProcess();
  Commit({{1, machine_.clock.Now() - 4 * kMicrosPerSecond, 300}}, other.get());
  MP_ASSERT_OK(online_->CatchUp());
  machine_.clock.Advance(3 * kMicrosPerSecond);
  const Micros at = machine_.clock.Now();
  EXPECT_EQ(Served({1}, at), Trained({1}, at));
  EXPECT_THAT(Served({1}, at).front(), HasSubstr("n=2 "));
  // Known from the commit, not from the claim.
  EXPECT_THAT(Served({1}, at - 3 * kMicrosPerSecond).front(), HasSubstr("n=0 "));
  // Nothing was looked at since the clock moved on.
  MP_ASSERT_OK_AND_ASSIGN(auto answer, online_->Get("v", Customers({1}), at));
  EXPECT_TRUE(answer.stale);
  MP_ASSERT_OK(online_->CatchUp());
  MP_ASSERT_OK_AND_ASSIGN(answer, online_->Get("v", Customers({1}), at));
  EXPECT_FALSE(answer.stale);
  // The feed has heard of the other's commit too.
  MP_ASSERT_OK_AND_ASSIGN(auto records, catalog_->commits().EventsSince(0));
  EXPECT_EQ(records.back().version, answer.source_version);
}

TEST_F(OnlineStoreTest, FollowsByItself) {
  OpenOnline(5);
  MP_ASSERT_OK(online_->Serve("v"));
  auto other = OtherProcess();
  Commit({{1, now_, 250}}, other.get());
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (online_->Views().front().rows == 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  EXPECT_EQ(online_->Views().front().rows, 1);
}

// Random programs of commits: out of order, late, duplicates, in both processes; T at every edge.
TEST_F(OnlineStoreTest, EqualsTrainingBitForBit) {
  for (int round = 0; round < 2; ++round) {
    entity_cache_bytes_ = round == 0 ? 4 << 20 : 1;  // with a cache, and with none
    OpenOnline();
    MP_ASSERT_OK(online_->Serve("v"));
    auto other = OtherProcess();
    for (int step = 0; step < 12; ++step) {
      std::vector<Order> orders;
      const uint64_t count = 1 + NextBelow(random_, step % 4 == 3 ? 1500 : 40);
      for (uint64_t i = 0; i < count; ++i) {
        orders.push_back(
            RandomOrder(4, step % 3 == 0 ? 7'200 * kMicrosPerSecond : 20 * kMicrosPerSecond));
        if (NextBelow(random_, 10) == 0) orders.push_back(orders.back());
      }
      Commit(orders, step % 2 == 0 ? nullptr : other.get());
      machine_.clock.Advance(static_cast<Micros>(NextBelow(random_, 5'000'000)));
      MP_ASSERT_OK(online_->CatchUp());
      const std::vector<int64_t> ids = {0, 1, 2, 3, 4};
      const Order& some = orders[NextBelow(random_, orders.size())];
      for (Micros at :
           {machine_.clock.Now(), some.at, some.at + 1, some.at + 3'000'000, some.at + 60'000'000,
            some.at + 60'000'001, machine_.clock.Now() + 3'000'000}) {
        ASSERT_EQ(Served(ids, at), Trained(ids, at)) << "step " << step << " at " << at;
      }
    }
  }
}

TEST_F(OnlineStoreTest, GoesOnWhereItStoppedAfterARestart) {
  OpenOnline();
  Commit({{1, now_, 250}, {2, now_, 300}});
  MP_ASSERT_OK(online_->Serve("v"));
  EXPECT_EQ(Metric("millpond_online_rows_total"), 2);
  online_.reset();
  Commit({{1, now_ + 1, 100}});
  OpenOnline();
  MP_ASSERT_OK(online_->Serve("v"));
  EXPECT_EQ(Metric("millpond_online_rows_total"), 1);  // only what is new
  EXPECT_EQ(online_->Views().front().rows, 3);
  const Micros at = now_ + 10 * kMicrosPerSecond;
  EXPECT_EQ(Served({1, 2}, at), Trained({1, 2}, at));
  // Commits while nothing was served are not late.
  EXPECT_EQ(online_->Views().front().late_commits, 0);
}

TEST_F(OnlineStoreTest, SaysHowFarItLagsForAsLongAsItLives) {
  OpenOnline();
  MP_ASSERT_OK(online_->Serve("v"));
  machine_.clock.Advance(3 * kMicrosPerSecond);
  EXPECT_THAT(metrics_->Render(), HasSubstr("millpond_online_lag_seconds{view=\"v\"} 3"));
  online_.reset();
  machine_.clock.Advance(3 * kMicrosPerSecond);
  EXPECT_THAT(metrics_->Render(), HasSubstr("millpond_online_lag_seconds{view=\"v\"} 3"));
}

TEST_F(OnlineStoreTest, AnotherDefinitionIsBuiltAnew) {
  Commit({{1, now_ - 10 * kMicrosPerSecond, 250}});
  OpenOnline();
  MP_ASSERT_OK(online_->Serve("v"));
  MP_ASSERT_OK(Create(
      "CREATE OR REPLACE FEATURE VIEW v ENTITY (customer) TIMESTAMP ts AS SELECT max(dollars) "
      "OVER life AS most FROM orders WINDOW life AS (RANGE UNBOUNDED PRECEDING)"));
  MP_ASSERT_OK(online_->Serve("v"));
  EXPECT_EQ(Served({1}, now_), (std::vector<std::string>{"most=2.50 "}));
  EXPECT_EQ(online_->Views().front().view_version, 2);
}

TEST_F(OnlineStoreTest, HasOneOwner) {
  OpenOnline();
  MetricsRegistry metrics;
  OnlineOptions options{.dir = dir_ / ".millpond/online"};
  EXPECT_THAT(OnlineStore::Open(*store_, options, metrics),
              FailsWith(ErrorKind::kConflict, HasSubstr("online store")));
}

TEST_F(OnlineStoreTest, DamageIsRepairedFromTheSource) {
  Commit({{1, now_ - 10 * kMicrosPerSecond, 250}});
  OpenOnline();
  MP_ASSERT_OK(online_->Serve("v"));
  const auto expected = Served({1}, now_);
  online_.reset();
  const std::string dir = dir_ / ".millpond/online/rocksdb";
  std::ofstream(dir + "/CURRENT", std::ios::trunc) << "nonsense";
  OpenOnline();
  MP_ASSERT_OK(online_->Serve("v"));
  EXPECT_EQ(Served({1}, now_), expected);
  online_.reset();
  std::filesystem::remove_all(dir);
  MP_ASSERT_OK_AND_ASSIGN(auto foreign, KeyValueStore::Open(dir));
  KeyValueBatch batch;
  batch.Put("someone", "else's");
  MP_ASSERT_OK(foreign->Write(std::move(batch)));
  foreign.reset();
  OpenOnline();
  MP_ASSERT_OK(online_->Serve("v"));
  EXPECT_EQ(Served({1}, now_), expected);
}

TEST_F(OnlineStoreTest, RefusesASourceThatIsNotAppendOnly) {
  OpenOnline();
  Commit({{1, now_ - 10 * kMicrosPerSecond, 250}});
  MP_ASSERT_OK(online_->Serve("v"));
  machine_.clock.Advance(5 * kMicrosPerSecond);
  MP_ASSERT_OK_AND_ASSIGN(auto table, catalog_->OpenTable({.table = "orders"}));
  auto rows = Reader(Rows(kOrders, "[]"));
  data::WriteOptions overwrite;
  overwrite.mode = data::WriteMode::kOverwrite;
  MP_ASSERT_OK(data::WriteTable(table, *rows, overwrite));
  EXPECT_THAT(online_->CatchUp(),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("must be append-only")));
  // What was known before still answers, marked from the commit on.
  MP_ASSERT_OK_AND_ASSIGN(auto before, online_->Get("v", Customers({1}), now_));
  EXPECT_FALSE(before.stale);
  MP_ASSERT_OK_AND_ASSIGN(
      auto after, online_->Get("v", Customers({1}), machine_.clock.Now() + kMicrosPerSecond));
  EXPECT_TRUE(after.stale);
  EXPECT_THAT(online_->Views().front().problem, HasSubstr("removed rows"));
  OpenOnline();
  EXPECT_THAT(online_->Serve("v"),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("must be append-only")));
}

TEST_F(OnlineStoreTest, KeepsLateCommitsWithTheirEntities) {
  OpenOnline();
  MP_ASSERT_OK(online_->Serve("v"));
  auto other = OtherProcess();
  const Micros stamp = machine_.clock.Now();
  Commit({{1, stamp, 100}, {7, stamp, 100}}, other.get());
  machine_.clock.Advance(kMicrosPerSecond - 1000);  // less than the settle: not late
  MP_ASSERT_OK(online_->CatchUp());
  EXPECT_EQ(online_->Views().front().late_commits, 0);
  const Micros second = machine_.clock.Now();
  Commit({{1, second, 100}, {8, second, 100}}, other.get());
  machine_.clock.Advance(kMicrosPerSecond + 1000);
  MP_ASSERT_OK(online_->CatchUp());
  EXPECT_EQ(online_->Views().front().late_commits, 1);
  MP_ASSERT_OK_AND_ASSIGN(auto late, store_->LateCommits("v", 0, INT64_MAX));
  ASSERT_EQ(late.size(), 1u);
  EXPECT_EQ(late[0].stamp, second);
  EXPECT_EQ(late[0].seen, machine_.clock.Now());
  EXPECT_EQ(late[0].entities.size(), 2u);
  MP_ASSERT_OK_AND_ASSIGN(late, store_->LateCommits("v", 0, second + kMicrosPerSecond - 1));
  EXPECT_TRUE(late.empty());
}

// Readers see one version of an entity or the next, never a mixture, and the version they say.
TEST_F(OnlineStoreTest, AnswersAreOfTheVersionTheySay) {
  OpenOnline();
  MP_ASSERT_OK(online_->Serve("v"));
  const Micros at = now_ + 1000 * kMicrosPerSecond;
  std::mutex mutex;
  std::map<int64_t, std::set<std::vector<std::string>>> answers;
  std::atomic<bool> done{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!done) {
        auto answer = online_->Get("v", Customers({0, 1}), at);
        ASSERT_TRUE(answer.has_value());
        std::lock_guard lock(mutex);
        answers[answer->source_version].insert(AsText(answer->features));
      }
    });
  }
  for (int step = 0; step < 40; ++step) {
    std::vector<Order> orders;
    for (int i = 0; i < 30; ++i) orders.push_back(RandomOrder(3, 100 * kMicrosPerSecond));
    Commit(orders);
    MP_ASSERT_OK(online_->CatchUp());
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_GT(answers.size(), 3u);
  for (const auto& [version, texts] : answers) {
    ASSERT_EQ(texts.size(), 1u) << "version " << version;
    ASSERT_EQ(*texts.begin(), Trained({0, 1}, at, version)) << "version " << version;
  }
}

}  // namespace
}  // namespace millpond::platform
