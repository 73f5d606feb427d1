#include "data/delta/rows/row_set.h"

#include <bit>
#include <cstring>
#include <map>
#include <roaring/roaring.hh>

#include "base/check.h"
#include "data/delta/rows/roaring_format_internal.h"

namespace millpond::data {
namespace {

constexpr uint32_t kMagic = 1'681'511'377;
static_assert(std::endian::native == std::endian::little, "the format is little-endian");

uint32_t High(uint64_t row) {
  return static_cast<uint32_t>(row >> 32);
}
uint32_t Low(uint64_t row) {
  return static_cast<uint32_t>(row);
}

// Takes a number from the front of `bytes`.
template <typename T>
bool Take(std::string_view* bytes, T* value) {
  if (bytes->size() < sizeof(T)) return false;
  std::memcpy(value, bytes->data(), sizeof(T));
  bytes->remove_prefix(sizeof(T));
  return true;
}

template <typename T>
void Put(std::string* out, T value) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(T));
}

}  // namespace

// One bitmap for each value of the upper 32 bits; none is empty.
struct RowSet::Impl {
  std::map<uint32_t, Roaring> bitmaps;
};

RowSet::RowSet() : impl_(std::make_unique<Impl>()) {}
RowSet::RowSet(const RowSet& other) : impl_(std::make_unique<Impl>(*other.impl_)) {}
RowSet::RowSet(RowSet&&) noexcept = default;
RowSet::~RowSet() = default;

RowSet& RowSet::operator=(RowSet other) noexcept {
  std::swap(impl_, other.impl_);
  return *this;
}

bool RowSet::Add(uint64_t row) {
  return impl_->bitmaps[High(row)].addChecked(Low(row));
}

void RowSet::AddRange(uint64_t first, uint64_t end) {
  while (first < end) {
    const uint64_t stop = std::min(end, (static_cast<uint64_t>(High(first)) + 1) << 32);
    impl_->bitmaps[High(first)].addRange(Low(first), Low(first) + (stop - first));
    first = stop;
  }
}

void RowSet::AddAll(const RowSet& other) {
  for (const auto& [high, bitmap] : other.impl_->bitmaps) impl_->bitmaps[high] |= bitmap;
}

bool RowSet::Contains(uint64_t row) const {
  const auto found = impl_->bitmaps.find(High(row));
  return found != impl_->bitmaps.end() && found->second.contains(Low(row));
}

bool RowSet::Intersects(const RowSet& other) const {
  for (const auto& [high, bitmap] : impl_->bitmaps) {
    const auto found = other.impl_->bitmaps.find(high);
    if (found != other.impl_->bitmaps.end() && bitmap.intersect(found->second)) return true;
  }
  return false;
}

RowSet RowSet::Minus(const RowSet& other) const {
  RowSet result;
  for (const auto& [high, bitmap] : impl_->bitmaps) {
    const auto found = other.impl_->bitmaps.find(high);
    Roaring left = found == other.impl_->bitmaps.end() ? bitmap : bitmap - found->second;
    if (!left.isEmpty()) result.impl_->bitmaps.emplace(high, std::move(left));
  }
  return result;
}

bool RowSet::operator==(const RowSet& other) const {
  return impl_->bitmaps == other.impl_->bitmaps;
}

bool RowSet::empty() const {
  return impl_->bitmaps.empty();
}

int64_t RowSet::size() const {
  uint64_t size = 0;
  for (const auto& [high, bitmap] : impl_->bitmaps) size += bitmap.cardinality();
  return static_cast<int64_t>(size);
}

uint64_t RowSet::greatest() const {
  CHECK(!empty());
  const auto& [high, bitmap] = *impl_->bitmaps.rbegin();
  return (static_cast<uint64_t>(high) << 32) | bitmap.maximum();
}

void RowSet::ForEach(const std::function<void(uint64_t row)>& visit) const {
  for (const auto& [high, bitmap] : impl_->bitmaps) {
    for (const uint32_t low : bitmap) visit((static_cast<uint64_t>(high) << 32) | low);
  }
}

void RowSet::AppendKept(uint64_t first, uint32_t count, std::vector<uint32_t>* kept) const {
  uint32_t offset = 0;
  while (offset < count) {  // a run never crosses a bitmap's end
    const uint64_t row = first + offset;
    const uint32_t run =
        static_cast<uint32_t>(std::min<uint64_t>(count - offset, (uint64_t{1} << 32) - Low(row)));
    const auto found = impl_->bitmaps.find(High(row));
    if (found == impl_->bitmaps.end()) {
      for (uint32_t i = 0; i < run; ++i) kept->push_back(offset + i);
    } else {
      auto next = found->second.begin();
      next.equalorlarger(Low(row));
      const auto end = found->second.end();
      for (uint32_t i = 0; i < run; ++i) {
        if (next != end && *next == Low(row) + i) {
          ++next;
        } else {
          kept->push_back(offset + i);
        }
      }
    }
    offset += run;
  }
}

bool RowSet::AnyIn(uint64_t first, uint32_t count) const {
  for (const auto& [high, bitmap] : impl_->bitmaps) {
    const uint64_t base = static_cast<uint64_t>(high) << 32;
    const uint64_t begin = std::max(first, base);
    const uint64_t end = std::min(first + count, base + (uint64_t{1} << 32));
    if (begin >= end) continue;
    auto next = bitmap.begin();
    next.equalorlarger(Low(begin));
    if (next != bitmap.end() && base + *next < end) return true;
  }
  return false;
}

std::string RowSet::Serialize() const {
  std::string out;
  Put(&out, kMagic);
  Put(&out, static_cast<uint64_t>(impl_->bitmaps.size()));
  for (const auto& [high, bitmap] : impl_->bitmaps) {
    Put(&out, high);
    Roaring compact = bitmap;
    compact.runOptimize();
    const size_t at = out.size();
    out.resize(at + compact.getSizeInBytes());
    compact.write(out.data() + at);
  }
  return out;
}

Result<RowSet> RowSet::Parse(std::string_view bytes, std::string_view what) {
  const auto corrupt = [&](std::string_view why) {
    return Fail(ErrorKind::kCorrupt, "{} is no bitmap of deleted rows: {}", what, why);
  };
  uint32_t magic = 0;
  uint64_t count = 0;
  if (!Take(&bytes, &magic) || magic != kMagic) return corrupt("its magic number is another");
  if (!Take(&bytes, &count)) return corrupt("it is cut");
  RowSet rows;
  for (uint64_t i = 0; i < count; ++i) {
    uint32_t high = 0;
    if (!Take(&bytes, &high)) return corrupt("it is cut");
    if (!rows.empty() && high <= rows.impl_->bitmaps.rbegin()->first) {
      return corrupt("its parts are not in order");
    }
    const auto size = RoaringSize(bytes);
    if (!size) return corrupt(size.error().message());
    try {
      Roaring bitmap = Roaring::readSafe(bytes.data(), *size);
      bytes.remove_prefix(*size);
      if (!bitmap.isEmpty()) rows.impl_->bitmaps.emplace(high, std::move(bitmap));
    } catch (const std::exception& exception) {  // readSafe's way to say that the bytes are bad
      return corrupt(exception.what());
    }
  }
  if (!bytes.empty()) return corrupt("bytes are left over");
  return rows;
}

}  // namespace millpond::data
