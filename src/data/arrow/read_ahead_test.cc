#include "data/arrow/read_ahead.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <new>

namespace millpond::data {
namespace {

// Batches of one row, 0, 1, 2 …; after `count` of them an error, or the end.
class Counting : public arrow::RecordBatchReader {
 public:
  Counting(int count, bool fails) : count_(count), fails_(fails) {}
  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    batch->reset();
    if (given_ == count_) {
      return fails_ ? arrow::Status::IOError("the disk is gone") : arrow::Status::OK();
    }
    arrow::Int64Builder builder;
    ARROW_RETURN_NOT_OK(builder.Append(given_++));
    ARROW_ASSIGN_OR_RAISE(auto column, builder.Finish());
    *batch = arrow::RecordBatch::Make(schema_, 1, {column});
    return arrow::Status::OK();
  }
  int given() const { return given_; }

 private:
  std::shared_ptr<arrow::Schema> schema_ = arrow::schema({arrow::field("n", arrow::int64())});
  int count_, given_ = 0;
  bool fails_;
};

int64_t ValueOf(const arrow::RecordBatch& batch) {
  return static_cast<const arrow::Int64Array&>(*batch.column(0)).Value(0);
}

TEST(ReadAhead, GivesTheSourcesBatchesInOrderAndItsEnd) {
  for (const int count : {0, 1, 2, 3, 100}) {
    Counting source(count, false);
    const auto ahead = ReadAhead(source);
    std::shared_ptr<arrow::RecordBatch> batch;
    for (int n = 0; n < count; ++n) {
      ASSERT_TRUE(ahead->ReadNext(&batch).ok());
      ASSERT_NE(batch, nullptr);
      EXPECT_EQ(ValueOf(*batch), n);
    }
    for (int again = 0; again < 2; ++again) {
      ASSERT_TRUE(ahead->ReadNext(&batch).ok());
      EXPECT_EQ(batch, nullptr);
    }
  }
}

TEST(ReadAhead, AnErrorComesAfterTheBatchesBeforeIt) {
  for (const int count : {0, 1, 2, 3, 100}) {
    Counting source(count, true);
    const auto ahead = ReadAhead(source);
    std::shared_ptr<arrow::RecordBatch> batch;
    for (int n = 0; n < count; ++n) ASSERT_TRUE(ahead->ReadNext(&batch).ok());
    EXPECT_EQ(ahead->ReadNext(&batch).message(), "the disk is gone");
    EXPECT_EQ(batch, nullptr);
  }
}

// Blocks in its tenth batch until it is interrupted.
class Slow : public Counting, public Interruptible {
 public:
  Slow() : Counting(1000, false) {}
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    if (given() < 9) return Counting::ReadNext(batch);
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return interrupted_; });
    return arrow::Status::Cancelled("interrupted");
  }
  void Interrupt() override {
    std::lock_guard lock(mutex_);
    interrupted_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool interrupted_ = false;
};

TEST(ReadAhead, InterruptsASourceThatTakesItsTime) {
  Slow source;
  const auto ahead = ReadAhead(source);
  std::shared_ptr<arrow::RecordBatch> batch;
  for (int n = 0; n < 9; ++n) ASSERT_TRUE(ahead->ReadNext(&batch).ok());
}  // does not hang

class Throwing : public Counting {
 public:
  Throwing() : Counting(1000, false) {}
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    if (given() == 5) throw std::bad_alloc();
    return Counting::ReadNext(batch);
  }
};

TEST(ReadAhead, AnExceptionOfTheSourceIsAnError) {
  Throwing source;
  const auto ahead = ReadAhead(source);
  std::shared_ptr<arrow::RecordBatch> batch;
  for (int n = 0; n < 5; ++n) ASSERT_TRUE(ahead->ReadNext(&batch).ok());
  EXPECT_FALSE(ahead->ReadNext(&batch).ok());
}

TEST(ReadAhead, HoldsFewBatchesAndStopsWhenItIsDropped) {
  Counting source(1000, false);
  {
    const auto ahead = ReadAhead(source);
    std::shared_ptr<arrow::RecordBatch> batch;
    for (int n = 0; n < 5; ++n) ASSERT_TRUE(ahead->ReadNext(&batch).ok());
  }
  EXPECT_LE(source.given(), 24);
}

}  // namespace
}  // namespace millpond::data
