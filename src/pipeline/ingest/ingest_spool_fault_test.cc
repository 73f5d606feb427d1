// What a spool loses when its disk fails or its process is killed: nothing that it acknowledged.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "base/fs/faulty_filesystem.h"
#include "pipeline/ingest/ingest_spool_test_folder.h"
#include "pipeline/ingest/spool_batch.h"

namespace millpond::pipeline {
namespace {

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
