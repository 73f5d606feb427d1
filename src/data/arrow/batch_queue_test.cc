#include "data/arrow/batch_queue.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

namespace millpond::data {
namespace {

constexpr std::chrono::milliseconds kSoon{1};

std::shared_ptr<arrow::RecordBatch> Batch(int64_t first, int64_t rows = 1) {
  arrow::Int64Builder builder;
  for (int64_t i = 0; i < rows; ++i) EXPECT_TRUE(builder.Append(first + i).ok());
  return arrow::RecordBatch::Make(arrow::schema({arrow::field("n", arrow::int64())}), rows,
                                  {builder.Finish().ValueOrDie()});
}

int64_t FirstOf(const arrow::RecordBatch& batch) {
  return static_cast<const arrow::Int64Array&>(*batch.column(0)).Value(0);
}

std::vector<int64_t> TakeAll(BatchQueue& queue) {
  std::vector<int64_t> found;
  while (auto batch = queue.Take()) found.push_back(FirstOf(*batch));
  return found;
}

using Numbers = std::vector<int64_t>;

TEST(BatchQueue, GivesPartsInOrder) {
  BatchQueue queue(1 << 20);
  queue.Push(2, Batch(20));
  queue.Push(1, Batch(10));
  EXPECT_EQ(TakeAll(queue), Numbers{});
  queue.Push(0, Batch(0));
  queue.Push(0, Batch(1));
  queue.Push(2, Batch(21));
  EXPECT_EQ(TakeAll(queue), (Numbers{0, 1}));
  queue.SetLowest(1);
  queue.SetLowest(0);  // who says so has not heard of it
  EXPECT_EQ(TakeAll(queue), Numbers{10});
  queue.Push(1, Batch(11));
  EXPECT_EQ(TakeAll(queue), Numbers{11});
  queue.End();
  EXPECT_EQ(TakeAll(queue), (Numbers{20, 21}));
}

TEST(BatchQueue, HoldsUpMakersThatAreAhead) {
  BatchQueue queue(2 * 800);
  int resumed = 0;
  const auto resume = [&] { ++resumed; };
  EXPECT_FALSE(queue.WaitIfFull(3, resume));
  queue.Push(3, Batch(0, 100));
  EXPECT_TRUE(queue.WaitIfFull(3, resume));
  EXPECT_TRUE(queue.WaitIfFull(4, resume));
  // The part that is read next has room of its own.
  EXPECT_FALSE(queue.WaitIfFull(0, resume));
  queue.Push(0, Batch(100, 100));
  EXPECT_TRUE(queue.WaitIfFull(0, resume));
  EXPECT_EQ(resumed, 0);
  EXPECT_NE(queue.Take(), nullptr);
  EXPECT_EQ(resumed, 1);
  // What waited becomes what is read next: the reader has enough, others may go on.
  queue.SetLowest(3);
  EXPECT_EQ(resumed, 2);
  EXPECT_NE(queue.Take(), nullptr);
  EXPECT_EQ(resumed, 3);
}

// Makers of many parts, as a query's threads are: each takes the next part when its own is done.
TEST(BatchQueue, LosesNothingAmongThreads) {
  constexpr int kParts = 200, kBatches = 20, kMakers = 4;
  BatchQueue queue(4 * 80);
  std::atomic<int> next{0};
  std::mutex mutex;
  std::set<int> open;
  const auto begin = [&] {
    std::lock_guard lock(mutex);
    const int part = next++;
    open.insert(part);
    return part;
  };
  const auto finish = [&](int part) {
    std::lock_guard lock(mutex);
    open.erase(part);
    queue.SetLowest(open.empty() ? next.load() : *open.begin());
  };
  const auto make = [&] {
    while (true) {
      const int part = begin();
      if (part >= kParts) return finish(part);
      for (int batch = 0; batch < kBatches; ++batch) {
        std::atomic<bool> resumed{false};
        while (queue.WaitIfFull(part, [&] { resumed = true; })) {
          while (!resumed) std::this_thread::yield();
          resumed = false;
        }
        queue.Push(part, Batch(part * kBatches + batch, 10));
      }
      finish(part);
    }
  };
  std::vector<std::thread> makers;
  for (int i = 0; i < kMakers; ++i) makers.emplace_back(make);
  for (int64_t expected = 0; expected < kParts * kBatches;) {
    auto batch = queue.Take();
    if (batch == nullptr) {
      queue.Await(kSoon);
      continue;
    }
    EXPECT_EQ(FirstOf(*batch), expected++);
  }
  for (auto& maker : makers) maker.join();
  EXPECT_EQ(queue.Take(), nullptr);
}

}  // namespace
}  // namespace millpond::data
