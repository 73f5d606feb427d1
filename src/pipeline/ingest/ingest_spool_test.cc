#include "pipeline/ingest/ingest_spool.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "base/fs/faulty_filesystem.h"
#include "base/json.h"
#include "base/testing/result_matchers.h"
#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"
#include "pipeline/ingest/spool_batch.h"
#include "pipeline/sources/push_source.h"

namespace millpond::pipeline {
namespace {

using ::millpond::testing::FailsWith;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> Rows(int first, int count) {
  std::vector<std::string> lines;
  for (int i = 0; i < count; ++i) lines.push_back(fmt::format("{{\"n\":{}}}", first + i));
  return lines;
}

class IngestSpoolTest : public ::testing::Test {
 protected:
  Result<std::unique_ptr<IngestSpool>> Open() { return IngestSpool::Open(machine_.env, options_); }

  std::vector<std::string> Files(std::string_view containing = "") {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(options_.dir)) {
      std::string name = entry.path().filename();
      if (name.find(containing) != std::string::npos) names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  // The values of "n" in the sealed segments, in their order.
  std::vector<int> Sealed() {
    std::vector<int> values;
    for (const std::string& name : Files(".jsonl")) {
      auto segment = ParseSegmentName(name);
      if (!segment.has_value() || segment->open) continue;
      std::string text = *machine_.local->ReadFile(JoinPath(options_.dir, name));
      for (size_t begin = 0, end; begin < text.size(); begin = end + 1) {
        end = text.find('\n', begin);
        values.push_back((*ParseJson(text.substr(begin, end - begin), name)).at("n"));
      }
    }
    return values;
  }

  void WriteFile(const std::string& name, std::string_view bytes) {
    MP_EXPECT_OK(machine_.local->ReplaceFile(JoinPath(options_.dir, name), bytes));
  }

  testing::TempDir dir_;
  testing::TestEnvironment machine_;
  SpoolOptions options_{.dir = dir_ / "ingest/main.default.t"};
};

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

// A process that pushes batches of two rows from four threads and seals now and then is killed at
// some moment: what it had acknowledged (the pipe tells) is there once.
TEST_F(IngestSpoolTest, KilledAmidPushes) {
  auto push_for_ever = [this](int acknowledged) {
    MP_ASSERT_OK_AND_ASSIGN(auto spool, Open());
    std::vector<std::thread> pushers;
    for (int p = 0; p < 4; ++p) {
      pushers.emplace_back([&, p] {
        for (int n = p * 1'000'000;; n += 2) {
          if (!spool->Append(Rows(n, 2), fmt::format("k{}", n)).has_value()) return;
          if (::write(acknowledged, &n, sizeof n) != sizeof n) return;
          if (n % 16 == 0) (void)spool->Seal();
        }
      });
    }
    for (auto& pusher : pushers) pusher.join();
  };
  for (int round = 0; round < 10; ++round) {
    std::filesystem::remove_all(options_.dir);
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    pid_t child = ::fork();
    if (child == 0) {
      ::close(ends[0]);
      push_for_ever(ends[1]);
      ::_exit(1);
    }
    ::close(ends[1]);
    std::vector<int> heard;
    for (int n; ::read(ends[0], &n, sizeof n) == sizeof n;) {
      heard.push_back(n);
      if (heard.size() == static_cast<size_t>(7 + 13 * round)) ::kill(child, SIGKILL);
    }
    ::close(ends[0]);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    MP_ASSERT_OK_AND_ASSIGN(auto spool, Open());
    std::vector<int> sealed = Sealed();
    std::sort(sealed.begin(), sealed.end());
    EXPECT_EQ(std::adjacent_find(sealed.begin(), sealed.end()), sealed.end());
    EXPECT_GE(heard.size(), static_cast<size_t>(7 + 13 * round));
    for (int n : heard) {
      EXPECT_TRUE(std::ranges::binary_search(sealed, n)) << n;
      MP_ASSERT_OK_AND_ASSIGN(auto again, spool->Append(Rows(n, 2), fmt::format("k{}", n)));
      EXPECT_TRUE(again.duplicate) << n;
    }
    for (size_t i = 0; i + 1 < sealed.size(); i += 2) EXPECT_EQ(sealed[i] + 1, sealed[i + 1]);
  }
}

// A spool's life with faults: pushes with and without key, seals, a reader that takes segments.
// What was acknowledged is there once; what was not is there once or not at all, and wholly.
class IngestSpoolFaultTest : public IngestSpoolTest,
                             public ::testing::WithParamInterface<std::tuple<bool, bool>> {
 protected:
  struct Seen {
    std::vector<int> rows;
    std::vector<std::string> newest;
  };
  // As a flow: reads each segment once, by its number, and removes it.
  void Read(Seen& seen) {
    for (const std::string& name : Files(".jsonl")) {
      auto segment = ParseSegmentName(name);
      if (!segment.has_value() || segment->open || IsRead(seen.newest, name)) continue;
      ScannedSegment found = ScanSegment(*machine_.local->ReadFile(JoinPath(options_.dir, name)));
      for (size_t at = 0; (at = found.whole.find("\"n\":", at)) != std::string::npos; ++at) {
        seen.rows.push_back(std::stoi(found.whole.substr(at + 4)));
      }
      NoteRead(name, seen.newest);
      std::filesystem::remove(JoinPath(options_.dir, name));
    }
  }
};

TEST_P(IngestSpoolFaultTest, EveryStepFails) {
  auto [once, afterwards] = GetParam();
  int64_t step = 1;
  for (;; ++step) {
    std::filesystem::remove_all(options_.dir);
    FaultyFileSystem faulty(*machine_.local);
    faulty.FailAfterwards(afterwards);
    faulty.FailAt(step, once ? FaultyFileSystem::Mode::kOnce : FaultyFileSystem::Mode::kFromThenOn);
    options_.segment_bytes = 600;
    Seen seen;
    std::vector<int> acknowledged;
    auto push = [&](IngestSpool& spool, int batch, const std::string& key) {
      auto result = spool.Append(Rows(batch * 10, 2), key);
      if (result.has_value()) acknowledged.push_back(batch);
      return result;
    };
    {
      auto spool = IngestSpool::Open(machine_.With(faulty), options_);
      if (spool.has_value()) {
        for (int batch = 0; batch < 8; ++batch) {
          (void)push(**spool, batch, batch % 2 == 0 ? "" : fmt::format("k{}", batch));
          if (batch % 3 == 1) {
            (void)(*spool)->Seal();
            Read(seen);
          }
        }
      }
    }
    if (!faulty.failed()) break;
    // The next process: what was not acknowledged and has a key is sent again.
    MP_ASSERT_OK_AND_ASSIGN(auto spool, Open());
    for (int batch = 1; batch < 8; batch += 2) {
      MP_EXPECT_OK(spool->Append(Rows(batch * 10, 2), fmt::format("k{}", batch)));
    }
    MP_EXPECT_OK(spool->Seal());
    Read(seen);
    for (int batch = 0; batch < 8; ++batch) {
      auto count = [&](int row) { return std::ranges::count(seen.rows, row); };
      bool was_acknowledged = std::ranges::count(acknowledged, batch) > 0 || batch % 2 == 1;
      EXPECT_EQ(count(batch * 10), count(batch * 10 + 1)) << "step " << step << " batch " << batch;
      EXPECT_LE(count(batch * 10), 1) << "step " << step << " batch " << batch;
      if (was_acknowledged) {
        EXPECT_EQ(count(batch * 10), 1) << "step " << step << " batch " << batch;
      }
    }
    if (HasFailure()) return;
  }
  EXPECT_GT(step, 30);
}

INSTANTIATE_TEST_SUITE_P(Modes, IngestSpoolFaultTest,
                         ::testing::Combine(::testing::Bool(), ::testing::Bool()));

}  // namespace
}  // namespace millpond::pipeline
