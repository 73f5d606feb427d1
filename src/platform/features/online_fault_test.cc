// The online state under faults: source files that cannot be read in the middle of a range, damage
// found by a request, and a process that is killed.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "base/kv/key_value_store.h"
#include "platform/features/online_feeder.h"
#include "platform/features/online_test_project.h"

namespace millpond::platform {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;

class OnlineFaultTest : public OnlineTest {
 protected:
  // A view fed by hand, with parts of a few rows.
  void SetUp() override {
    OnlineTest::SetUp();
    MP_ASSERT_OK(store_->Deploy("v"));
    MP_ASSERT_OK_AND_ASSIGN(kv_, KeyValueStore::Open(dir_ / "kv"));
    MP_ASSERT_OK_AND_ASSIGN(auto bindings, store_->Bind({"v"}, {}));
    OnlineViewRecord record;
    record.number = 1;
    record.view = "v";
    view_ = std::make_unique<OnlineView>(*kv_, bindings.front(), record, budget_, registry_);
    feeder_ = std::make_unique<OnlineFeeder>(
        *store_, *kv_, FeederOptions{.pending_bytes = 2000, .batch_bytes = 2000});
    MP_ASSERT_OK(feeder_->Build(*view_, bindings.front(), now_));
  }
  void TearDown() override {
    view_.reset();
    OnlineTest::TearDown();
  }

  std::vector<std::string> FromView(const std::vector<int64_t>& ids, Micros at) {
    auto answer = view_->Get(Customers(ids), at);
    EXPECT_TRUE(answer.has_value()) << answer.error().ToString();
    return answer ? AsText(answer->features) : std::vector<std::string>();
  }
  void CommitMany() {
    std::vector<Order> orders;
    for (int i = 0; i < 300; ++i) orders.push_back(RandomOrder(5, 100 * kMicrosPerSecond));
    Commit(orders);
  }

  CacheBudget budget_{1 << 20};
  MetricsRegistry registry_;
  std::unique_ptr<KeyValueStore> kv_;
  std::unique_ptr<OnlineView> view_;
  std::unique_ptr<OnlineFeeder> feeder_;
};

// A large range is written in parts; when it breaks off, requests go on with what they had, marked,
// and the state is built anew.
TEST_F(OnlineFaultTest, ARangeThatBreaksOffIsBuiltAnew) {
  const std::vector<int64_t> ids = {0, 1, 2, 3, 4};
  const Micros at = now_ + 100 * kMicrosPerSecond;
  CommitMany();
  MP_ASSERT_OK(feeder_->Advance(*view_, true));
  const auto before = FromView(ids, at);
  EXPECT_EQ(before, Trained(ids, at));
  machine_.clock.Advance(10 * kMicrosPerSecond);
  CommitMany();
  CommitMany();
  // The second new file is away for a moment.
  MP_ASSERT_OK_AND_ASSIGN(auto table, catalog_->OpenTable({.table = "orders"}));
  MP_ASSERT_OK_AND_ASSIGN(auto snapshot, table.Latest());
  const std::string path = snapshot->files().path(snapshot->files().size() - 1);
  std::filesystem::rename(path, path + ".away");
  EXPECT_FALSE(feeder_->Advance(*view_, true).has_value());
  EXPECT_FALSE(view_->record().complete);
  EXPECT_EQ(FromView(ids, at), before);
  MP_ASSERT_OK_AND_ASSIGN(auto answer,
                          view_->Get(Customers(ids), machine_.clock.Now() + kMicrosPerSecond));
  EXPECT_TRUE(answer.stale);
  // What a process that died here would find.
  MP_ASSERT_OK_AND_ASSIGN(auto stored, kv_->Get(RecordKey(1)));
  ASSERT_TRUE(stored.has_value());
  MP_ASSERT_OK_AND_ASSIGN(auto record, DecodeRecord(*stored));
  EXPECT_FALSE(record.complete);
  std::filesystem::rename(path + ".away", path);
  MP_ASSERT_OK(feeder_->Advance(*view_, true));
  EXPECT_TRUE(view_->record().complete);
  EXPECT_EQ(FromView(ids, at), Trained(ids, at));
  EXPECT_EQ(view_->Describe().rows, view_->record().rows);
}

TEST_F(OnlineFaultTest, DamageThatARequestFindsIsRepaired) {
  CommitMany();
  MP_ASSERT_OK(feeder_->Advance(*view_, true));
  KeyValueBatch batch;
  MP_ASSERT_OK(
      kv_->Visit(RowPrefix(1), [&](std::string_view key, std::string_view) -> Result<bool> {
        batch.Put(key, "nonsense");
        return true;
      }));
  MP_ASSERT_OK(kv_->Write(std::move(batch)));
  OnlineHead head = *view_->head();
  head.snapshot = kv_->TakeSnapshot();
  view_->Publish(std::move(head));
  const Micros at = now_ + 100 * kMicrosPerSecond;
  EXPECT_THAT(view_->Get(Customers({1}), at),
              FailsWith(ErrorKind::kUnavailable, HasSubstr("feature view v cannot be read")));
  MP_ASSERT_OK(feeder_->Advance(*view_, true));
  EXPECT_EQ(FromView({1, 2}, at), Trained({1, 2}, at));
}

// A process that commits and feeds is killed at any moment; the next one goes on, or builds anew,
// and its answers are training's.
class OnlineKillTest : public OnlineTest {
 protected:
  void SetUp() override {}  // each process sets up for itself

  [[noreturn]] void FeedUntilKilled(int progress, int round) {
    std::construct_at(&machine_);  // the threads of the old one stayed with the parent
    // No two processes draw the same names of files.
    for (int i = 0; i < (round + 1) * 10'000; ++i) {
      machine_.random.Next();
      random_.Next();
    }
    OnlineTest::SetUp();
    OpenOnline(1);
    const bool served = online_->Serve("v").has_value();
    for (char tick = 1; served; ++tick) {
      std::vector<Order> orders;
      for (int i = 0; i < 20; ++i) orders.push_back(RandomOrder(4, 100 * kMicrosPerSecond));
      Commit(orders);
      machine_.clock.Advance(10'000);
      if (!online_->CatchUp().has_value() || ::write(progress, &tick, 1) != 1) break;
    }
    ::_exit(1);
  }
};

TEST_F(OnlineKillTest, GoesOnAfterSigkill) {
  SeededRandom random(5);
  for (int round = 0; round < 4; ++round) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) FeedUntilKilled(pipe[1], round);
    ::close(pipe[1]);
    const uint64_t wanted = 1 + NextBelow(random, 12);
    uint64_t ticks = 0;
    for (char tick = 0; ticks < wanted && ::read(pipe[0], &tick, 1) == 1;) ++ticks;
    EXPECT_EQ(ticks, wanted);
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status));
    ::close(pipe[0]);

    FeaturesTest::Open();
    OpenOnline();
    MP_ASSERT_OK(online_->Serve("v"));
    const Micros at = machine_.clock.Now() + 1000 * kMicrosPerSecond;
    const std::vector<int64_t> ids = {0, 1, 2, 3, 4};
    ASSERT_EQ(Served(ids, at), Trained(ids, at)) << "round " << round;
    online_.reset();
    store_.reset();
    catalog_.reset();
  }
}

}  // namespace
}  // namespace millpond::platform
