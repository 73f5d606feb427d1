#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

#include "data/delta/rows/roaring_format_internal.h"

namespace millpond::data {
namespace {

constexpr uint32_t kCookie = 12347;  // some containers are runs
constexpr uint32_t kCookieWithoutRuns = 12346;
constexpr uint32_t kMinContainersWithOffsets = 4;
constexpr uint32_t kMaxContainers = 1 << 16;
constexpr uint32_t kMaxArray = 4096;
constexpr size_t kBitsetBytes = 8192;

std::unexpected<Error> Corrupt(std::string_view why) {
  return Fail(ErrorKind::kCorrupt, "{}", why);
}

// Little-endian numbers from the front; false: they are not there.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : left_(bytes), size_(bytes.size()) {}
  size_t taken() const { return size_ - left_.size(); }

  bool Take(size_t count, std::string_view* part) {
    if (left_.size() < count) return false;
    *part = left_.substr(0, count);
    left_.remove_prefix(count);
    return true;
  }
  template <typename T>
  bool Take(T* value) {
    std::string_view part;
    if (!Take(sizeof(T), &part)) return false;
    std::memcpy(value, part.data(), sizeof(T));
    return true;
  }

 private:
  std::string_view left_;
  size_t size_;
};

struct Container {
  uint32_t key = 0;
  uint32_t cardinality = 0;
  bool is_runs = false;
};

Status CheckRuns(Bytes& bytes, const Container& container) {
  uint16_t runs = 0;
  if (!bytes.Take(&runs)) return Corrupt("it is cut");
  uint32_t next = 0, values = 0;  // the least value that may come
  for (uint32_t i = 0; i < runs; ++i) {
    uint16_t start = 0, more = 0;
    if (!bytes.Take(&start) || !bytes.Take(&more)) return Corrupt("it is cut");
    if (start < next || uint32_t{start} + more > UINT16_MAX) {
      return Corrupt("its runs overlap or are not in order");
    }
    next = uint32_t{start} + more + 1;
    values += uint32_t{more} + 1;
  }
  if (values != container.cardinality) return Corrupt("its runs are not as many as it says");
  return OkStatus();
}

Status CheckArray(Bytes& bytes, const Container& container) {
  uint32_t next = 0;
  for (uint32_t i = 0; i < container.cardinality; ++i) {
    uint16_t value = 0;
    if (!bytes.Take(&value)) return Corrupt("it is cut");
    if (value < next) return Corrupt("its values are not in order");
    next = uint32_t{value} + 1;
  }
  return OkStatus();
}

Status CheckBitset(Bytes& bytes, const Container& container) {
  std::string_view bits;
  if (!bytes.Take(kBitsetBytes, &bits)) return Corrupt("it is cut");
  uint32_t set = 0;
  for (size_t i = 0; i < kBitsetBytes; i += sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, bits.data() + i, sizeof(word));
    set += static_cast<uint32_t>(std::popcount(word));
  }
  if (set != container.cardinality) return Corrupt("its bits are not as many as it says");
  return OkStatus();
}

// The list of containers in front of them.
Result<std::vector<Container>> ReadHeader(Bytes& bytes) {
  uint32_t cookie = 0, count = 0;
  if (!bytes.Take(&cookie)) return Corrupt("it is cut");
  const bool has_runs = (cookie & UINT16_MAX) == kCookie;
  std::string_view run_flags;
  if (has_runs) {
    count = (cookie >> 16) + 1;
    if (!bytes.Take((count + 7) / 8, &run_flags)) return Corrupt("it is cut");
  } else if (cookie != kCookieWithoutRuns || !bytes.Take(&count) || count > kMaxContainers) {
    return Corrupt("it does not begin as a Roaring bitmap does");
  }
  std::vector<Container> containers;
  uint32_t next = 0;
  for (uint32_t i = 0; i < count; ++i) {
    uint16_t key = 0, less_one = 0;
    if (!bytes.Take(&key) || !bytes.Take(&less_one)) return Corrupt("it is cut");
    if (key < next) return Corrupt("its containers are not in order");
    next = uint32_t{key} + 1;
    const bool is_runs = has_runs && (run_flags[i / 8] >> (i % 8) & 1) != 0;
    containers.push_back({key, uint32_t{less_one} + 1, is_runs});
  }
  std::string_view offsets;
  const bool has_offsets = !has_runs || count >= kMinContainersWithOffsets;
  if (has_offsets && !bytes.Take(size_t{4} * count, &offsets)) return Corrupt("it is cut");
  return containers;
}

}  // namespace

Result<size_t> RoaringSize(std::string_view text) {
  Bytes bytes(text);
  MP_ASSIGN_OR_RETURN(const auto containers, ReadHeader(bytes));
  for (const Container& container : containers) {
    if (container.is_runs) {
      MP_RETURN_IF_ERROR(CheckRuns(bytes, container));
    } else if (container.cardinality <= kMaxArray) {
      MP_RETURN_IF_ERROR(CheckArray(bytes, container));
    } else {
      MP_RETURN_IF_ERROR(CheckBitset(bytes, container));
    }
  }
  return bytes.taken();
}

}  // namespace millpond::data
