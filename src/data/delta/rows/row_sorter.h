// Sorts rows by a 64-bit key within bounded memory. As long as the rows fit they are kept; then
// they go to files of a spill folder, one for each range of keys, and each range is sorted on its
// own, so that a row is written and read once however many there are. Ranges come from a sample of
// the keys; one that is too large for the memory all the same (a key that is very frequent) is
// sorted in parts, which leaves its rows in their range but not all in order.
#pragma once

#include <arrow/type_fwd.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/environment.h"

namespace millpond::data {

struct SortOptions {
  std::string spill_folder = {};  // made when needed, removed at the end; "": no spilling
  int64_t memory_bytes = int64_t{256} << 20;
  int64_t expected_bytes = 0;  // of all rows, as Arrow holds them: a guess
  std::vector<uint64_t> key_sample = {};
};

class RowSorter {
 public:
  RowSorter(const Environment& env, SortOptions options);
  ~RowSorter();

  // One key a row. kResourceExhausted: too many rows, and nowhere to spill.
  Status Add(std::shared_ptr<arrow::RecordBatch> batch, std::vector<uint64_t> keys);
  // All rows in order, in batches of at most 64k. Once.
  Status Finish(const std::function<Status(const arrow::RecordBatch&)>& take);

  int64_t spilled_bytes() const { return spilled_bytes_; }

 private:
  struct Range;
  struct Held {
    std::shared_ptr<arrow::RecordBatch> batch;
    std::vector<uint64_t> keys;
  };
  using Take = std::function<Status(const arrow::RecordBatch&)>;

  Status Reserve(int64_t bytes);
  Status StartSpilling();
  Status Spill(const Held& held);
  Status Sort(std::vector<Held> rows, const Take& take) const;
  Status FinishRange(Range& range, const Take& take);

  Environment env_;
  SortOptions options_;
  MemoryReservation memory_;
  std::vector<Held> held_;
  int64_t held_bytes_ = 0, spilled_bytes_ = 0;
  std::vector<uint64_t> bounds_;  // range i has the keys below bounds_[i]; the last one the rest
  std::vector<std::unique_ptr<Range>> ranges_;
};

}  // namespace millpond::data
