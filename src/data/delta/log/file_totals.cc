// Sums over the files of a version for its checksum (PROTOCOL.md, "Version Checksum File"). The
// bins are those that other writers use, so that their sums can be carried on.
#include <algorithm>
#include <atomic>
#include <mutex>

#include "data/delta/log/file_chunk.h"
#include "data/delta/log/file_list.h"

namespace millpond::data {
namespace {

constexpr int64_t kKb = 1024, kMb = 1024 * kKb, kGb = 1024 * kMb;

struct Run {  // `count` bins, each `step` after the one before
  int64_t step;
  int count;
};

std::array<int64_t, FileTotals::kBins> MakeBinStarts() {
  std::array<int64_t, FileTotals::kBins> starts = {};
  size_t bin = 1;
  int64_t at = 0;
  for (at = 8 * kKb; at <= 4 * kMb; at *= 2) starts[bin++] = at;
  at = 4 * kMb;
  for (const Run run : {Run{4 * kMb, 9}, Run{8 * kMb, 10}, Run{4 * kMb, 6}, Run{16 * kMb, 27},
                        Run{64 * kMb, 13}, Run{128 * kMb, 5}, Run{256 * kMb, 8}}) {
    for (int i = 0; i < run.count; ++i) starts[bin++] = at += run.step;
  }
  for (at = 8 * kGb; at <= 256 * kGb; at *= 2) starts[bin++] = at;
  return starts;
}

size_t BinOfDeletedRecords(int64_t count) {
  constexpr int64_t kStarts[] = {1,       10,        100,        1000,         10'000,
                                 100'000, 1'000'000, 10'000'000, 2'147'483'647};
  return static_cast<size_t>(std::ranges::upper_bound(kStarts, count) - std::begin(kStarts));
}

}  // namespace

const std::array<int64_t, FileTotals::kBins>& FileTotals::BinStarts() {
  static const auto starts = MakeBinStarts();
  return starts;
}

void FileTotals::Count(int64_t size_bytes, const DeletionVector* vector, int64_t sign) {
  const auto& starts = BinStarts();
  const auto after = std::ranges::upper_bound(starts, std::max<int64_t>(size_bytes, 0));
  const auto bin = static_cast<size_t>(after - starts.begin()) - 1;
  file_counts[bin] += sign;
  total_bytes[bin] += sign * size_bytes;
  const int64_t deleted = vector == nullptr ? 0 : vector->cardinality;
  deleted_record_counts[BinOfDeletedRecords(deleted)] += sign;
  deleted_records += sign * deleted;
  if (vector != nullptr) deletion_vectors += sign;
}

// Counted once for the list that is asked first; lists made from that one carry the sums on.
struct FileList::LazyTotals {
  std::once_flag once;
  std::atomic<bool> ready = false;
  FileTotals totals;
};

std::shared_ptr<FileList::LazyTotals> FileList::CarryTotals() const {
  auto carried = std::make_shared<LazyTotals>();
  if (totals_ != nullptr && totals_->ready) {
    carried->totals = totals_->totals;
    carried->ready = true;
  }
  return carried;
}

FileTotals* FileList::known_totals() {
  return totals_->ready ? &totals_->totals : nullptr;
}

FileTotals FileList::Totals() const {
  if (!totals_->ready) {
    std::call_once(totals_->once, [&] {
      for (size_t i = 0; i < size(); ++i) {
        totals_->totals.Count(size_bytes(i), deletion_vector(i), 1);
      }
      totals_->ready = true;
    });
  }
  return totals_->totals;
}

}  // namespace millpond::data
