#include "data/delta/rows/deletion_vector.h"
#include "data/sql/duckdb/lake_deletes_internal.h"

namespace millpond::data {
namespace {

// What a statement keeps of deletion vectors: a row takes two bytes at most, once they are many.
constexpr int64_t kMaxKeptRows = 32 << 20;

class RowFilter : public duckdb::DeleteFilter {
 public:
  explicit RowFilter(std::shared_ptr<const RowSet> deleted) : deleted_(std::move(deleted)) {}

  // Called by several threads, for row groups of their own.
  duckdb::idx_t Filter(duckdb::row_t first, duckdb::idx_t count,
                       duckdb::SelectionVector& selected) override {
    const auto begin = static_cast<uint64_t>(first);
    const auto rows = static_cast<uint32_t>(count);
    std::vector<uint32_t> kept;
    kept.reserve(rows);
    deleted_->AppendKept(begin, rows, &kept);
    selected.Initialize(STANDARD_VECTOR_SIZE);
    for (size_t i = 0; i < kept.size(); ++i) selected.set_index(i, kept[i]);
    return kept.size();
  }

 private:
  std::shared_ptr<const RowSet> deleted_;
};

}  // namespace

Result<std::shared_ptr<const RowSet>> DeletedRows::Of(size_t file) {
  if (snapshot_->files().deletion_vector(file) == nullptr) return std::shared_ptr<const RowSet>();
  std::shared_ptr<Slot> slot;
  {
    const std::lock_guard lock(mutex_);
    auto& entry = slots_[file];
    if (entry == nullptr) entry = std::make_shared<Slot>();
    slot = entry;
  }
  const std::lock_guard reading(slot->mutex);
  if (slot->rows != nullptr) return slot->rows;
  MP_ASSIGN_OR_RETURN(auto rows, ReadDeletedRows(env_, *snapshot_, file));
  const std::lock_guard lock(mutex_);
  kept_rows_ += rows->size();
  if (kept_rows_ <= kMaxKeptRows) {
    slot->rows = rows;
  } else {
    kept_rows_ -= rows->size();
  }
  return rows;
}

duckdb::unique_ptr<duckdb::DeleteFilter> MakeDeleteFilter(std::shared_ptr<const RowSet> deleted) {
  return duckdb::make_uniq<RowFilter>(std::move(deleted));
}

}  // namespace millpond::data
