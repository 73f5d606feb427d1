#include "pipeline/ingest/ingest_spool.h"

#include <thread>

#include "base/fs/faulty_filesystem.h"
#include "pipeline/ingest/ingest_spool_test_folder.h"

namespace millpond::pipeline {
namespace {

using ::millpond::testing::FailsWith;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(IngestSpoolTest, RowsAreReadableOnceSealed) {
  MP_ASSERT_OK_AND_ASSIGN(auto spool, Open());
  MP_ASSERT_OK_AND_ASSIGN(auto pushed, spool->Append(Rows(1, 2), ""));
  EXPECT_EQ(pushed.rows, 2);
  EXPECT_FALSE(pushed.duplicate);
  EXPECT_THAT(Sealed(), IsEmpty());
  EXPECT_GT(spool->bytes(), 0);
  EXPECT_THAT(spool->Seal(), testing::IsOkAnd(true));
  EXPECT_THAT(spool->Seal(), testing::IsOkAnd(false));
  MP_EXPECT_OK(spool->Append({"{}"}, ""));
  MP_EXPECT_OK(spool->Append(Rows(3, 1), ""));
  EXPECT_THAT(Sealed(), ElementsAre(1, 2));
  EXPECT_THAT(spool->Append({}, "k"), testing::IsOkAnd(::testing::Field(&PushResult::rows, 0)));
}

TEST_F(IngestSpoolTest, WhatIsNotAnObjectInALineIsRefused) {
  MP_ASSERT_OK_AND_ASSIGN(auto spool, Open());
  for (const char* line : {"", "5", "{\"a\":\n1}", "{"}) {
    EXPECT_THAT(spool->Append({"{\"n\":1}", line}, ""),
                FailsWith(ErrorKind::kInvalidArgument, HasSubstr("row 2")));
  }
  EXPECT_THAT(spool->Seal(), testing::IsOkAnd(false));
}

TEST_F(IngestSpoolTest, AKeyCountsOnceAlsoAfterItsSegmentIsGone) {
  {
    MP_ASSERT_OK_AND_ASSIGN(auto spool, Open());
    MP_EXPECT_OK(spool->Append(Rows(1, 2), "a"));
    MP_ASSERT_OK_AND_ASSIGN(auto again, spool->Append(Rows(1, 2), "a"));
    EXPECT_TRUE(again.duplicate);
    EXPECT_EQ(again.rows, 2);
    EXPECT_THAT(spool->Append(Rows(7, 2), "a"),
                FailsWith(ErrorKind::kInvalidArgument, HasSubstr("'a' was used for other rows")));
    MP_EXPECT_OK(spool->Seal());
    MP_EXPECT_OK(spool->Append(Rows(3, 1), "b"));  // left open
  }
  for (const std::string& name : Files("-000000001.jsonl")) {
    std::filesystem::remove(JoinPath(options_.dir, name));  // as a flow does after its commit
  }
  MP_ASSERT_OK_AND_ASSIGN(auto spool, Open());
  EXPECT_THAT(Sealed(), ElementsAre(3));
  for (auto [key, first, count] : {std::tuple("a", 1, 2), std::tuple("b", 3, 1)}) {
    MP_ASSERT_OK_AND_ASSIGN(auto result, spool->Append(Rows(first, count), key));
    EXPECT_TRUE(result.duplicate) << key;
  }
}

TEST_F(IngestSpoolTest, AKeyIsForgottenAfterItsTime) {
  MP_ASSERT_OK_AND_ASSIGN(auto spool, Open());
  MP_EXPECT_OK(spool->Append(Rows(1, 1), "a"));
  machine_.clock.Advance(7 * kMicrosPerDay + 1);
  MP_ASSERT_OK_AND_ASSIGN(auto late, spool->Append(Rows(1, 1), "a"));
  EXPECT_FALSE(late.duplicate);
  MP_ASSERT_OK_AND_ASSIGN(auto again, spool->Append(Rows(1, 1), "a"));
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(spool->forgotten_keys(), 0);
}

TEST_F(IngestSpoolTest, MoreKeysThanAllowedForgetTheOldest) {
  options_.max_keys = 3;
  {
    MP_ASSERT_OK_AND_ASSIGN(auto spool, Open());
    for (int i = 0; i < 5; ++i) {
      machine_.clock.Advance(1);
      MP_EXPECT_OK(spool->Append(Rows(i, 1), fmt::format("k{}", i)));
    }
    EXPECT_EQ(spool->forgotten_keys(), 2);
    MP_EXPECT_OK(spool->Seal());
  }
  MP_ASSERT_OK_AND_ASSIGN(auto spool, Open());
  for (int i = 4; i >= 1; --i) {
    MP_ASSERT_OK_AND_ASSIGN(auto result, spool->Append(Rows(i, 1), fmt::format("k{}", i)));
    EXPECT_EQ(result.duplicate, i >= 2) << i;
  }
}

TEST_F(IngestSpoolTest, AFullSpoolRefusesUntilAFlowHasCommitted) {
  options_.max_bytes = 2000;
  MP_ASSERT_OK_AND_ASSIGN(auto spool, Open());
  EXPECT_THAT(spool->Append(Rows(0, 300), ""),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("push it in parts")));
  int kept = 0;
  while (true) {
    auto pushed = spool->Append(Rows(kept, 1), "");
    if (!pushed.has_value()) {
      EXPECT_THAT(pushed, FailsWith(ErrorKind::kResourceExhausted, HasSubstr("main.default.t")));
      break;
    }
    ++kept;
  }
  EXPECT_GT(kept, 5);
  MP_EXPECT_OK(spool->Seal());
  EXPECT_EQ(Sealed().size(), static_cast<size_t>(kept));
  EXPECT_THAT(spool->Append(Rows(0, 1), ""),
              FailsWith(ErrorKind::kResourceExhausted, HasSubstr("at most 2000")));
  for (const std::string& name : Files("-000000001.jsonl")) {
    std::filesystem::remove(JoinPath(options_.dir, name));
  }
  MP_EXPECT_OK(spool->Append(Rows(0, 1), ""));
}

TEST_F(IngestSpoolTest, ALargeSegmentIsSealedByItself) {
  options_.segment_bytes = 500;
  MP_ASSERT_OK_AND_ASSIGN(auto spool, Open());
  for (int i = 0; i < 20; ++i) MP_EXPECT_OK(spool->Append(Rows(i, 1), ""));
  EXPECT_GE(Sealed().size(), 15u);
  EXPECT_GE(Files("-00000").size(), 4u);
}

TEST_F(IngestSpoolTest, OneOwner) {
  MP_ASSERT_OK_AND_ASSIGN(auto spool, Open());
  EXPECT_THAT(Open(), FailsWith(ErrorKind::kConflict, HasSubstr("main.default.t")));
  MP_EXPECT_OK(spool->Append(Rows(1, 1), ""));
  MP_EXPECT_OK(SealAbandonedSpool(machine_.env, options_.dir));  // it is not abandoned
  EXPECT_THAT(Sealed(), IsEmpty());
  spool.reset();
  MP_EXPECT_OK(SealAbandonedSpool(machine_.env, options_.dir));
  EXPECT_THAT(Sealed(), ElementsAre(1));
  auto before = Files();
  MP_EXPECT_OK(SealAbandonedSpool(machine_.env, options_.dir));
  EXPECT_EQ(Files(), before);
  MP_EXPECT_OK(SealAbandonedSpool(machine_.env, dir_ / "nowhere"));
}

TEST_F(IngestSpoolTest, ATornTailIsCutOffAtEveryByte) {
  std::string name, bytes;
  size_t first_batch = 0;
  {
    MP_ASSERT_OK_AND_ASSIGN(auto spool, Open());
    MP_EXPECT_OK(spool->Append(Rows(1, 2), "a"));
    name = Files("open-").at(0);
    first_batch = std::filesystem::file_size(JoinPath(options_.dir, name));
    MP_EXPECT_OK(spool->Append(Rows(3, 2), "b"));
    bytes = *machine_.local->ReadFile(JoinPath(options_.dir, name));
  }
  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    std::filesystem::remove_all(options_.dir);
    std::filesystem::create_directories(options_.dir);
    WriteFile(name, bytes.substr(0, cut));
    MP_ASSERT_OK_AND_ASSIGN(auto spool, Open());
    if (cut < first_batch) {
      EXPECT_THAT(Sealed(), IsEmpty()) << cut;
    } else {
      EXPECT_THAT(Sealed(), ElementsAre(1, 2)) << cut;
    }
    MP_ASSERT_OK_AND_ASSIGN(auto again, spool->Append(Rows(3, 2), "b"));
    EXPECT_FALSE(again.duplicate) << cut;
    EXPECT_THAT(Files("damaged"), IsEmpty());
  }
}

TEST_F(IngestSpoolTest, DamageAmidWholeBatchesIsKeptAside) {
  std::string name;
  {
    MP_ASSERT_OK_AND_ASSIGN(auto spool, Open());
    for (int i = 1; i <= 3; ++i) MP_EXPECT_OK(spool->Append(Rows(i, 1), ""));
    name = Files("open-").at(0);
  }
  std::string bytes = *machine_.local->ReadFile(JoinPath(options_.dir, name));
  bytes[bytes.find("\"n\":2") + 4] = '9';
  WriteFile(name, bytes);
  MP_ASSERT_OK_AND_ASSIGN(auto spool, Open());
  EXPECT_THAT(Sealed(), ElementsAre(1, 3));
  EXPECT_THAT(Files("damaged"), ElementsAre("damaged-" + name));
}

TEST_F(IngestSpoolTest, ManyPushersShareAFsync) {
  FaultyFileSystem counting(*machine_.local);
  std::atomic<int> syncs = 0;
  counting.OnStep([&](std::string_view step, const std::string&) { syncs += step == "sync"; });
  constexpr int kPushers = 8, kEach = 50;
  {
    MP_ASSERT_OK_AND_ASSIGN(auto spool, IngestSpool::Open(machine_.With(counting), options_));
    std::vector<std::thread> pushers;
    for (int p = 0; p < kPushers; ++p) {
      pushers.emplace_back([&, p] {
        for (int i = 0; i < kEach; ++i) {
          MP_EXPECT_OK(spool->Append(Rows(p * kEach + i, 1), fmt::format("{}-{}", p, i)));
          if (i % 10 == 0) {
            MP_EXPECT_OK(spool->Seal());
          }
        }
      });
    }
    for (auto& pusher : pushers) pusher.join();
    MP_EXPECT_OK(spool->Seal());
  }
  std::vector<int> all = Sealed();
  std::sort(all.begin(), all.end());
  ASSERT_EQ(all.size(), static_cast<size_t>(kPushers * kEach));
  for (int i = 0; i < kPushers * kEach; ++i) EXPECT_EQ(all[i], i);
  EXPECT_LT(syncs, kPushers * kEach);
}

TEST_F(IngestSpoolTest, OneOfManyPushersOfAKeyIsKept) {
  MP_ASSERT_OK_AND_ASSIGN(auto spool, Open());
  std::atomic<int> kept = 0;
  std::vector<std::thread> pushers;
  for (int p = 0; p < 8; ++p) {
    pushers.emplace_back([&] {
      auto result = spool->Append(Rows(1, 1), "same");
      if (result.has_value() && !result->duplicate) ++kept;
    });
  }
  for (auto& pusher : pushers) pusher.join();
  EXPECT_EQ(kept, 1);
}

}  // namespace
}  // namespace millpond::pipeline
