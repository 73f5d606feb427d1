// The bytes of a variant, taken apart with every bound checked (VariantEncoding.md, "Metadata
// encoding" and "Value encoding").
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace millpond::data {

enum class VariantBasic : uint8_t { kPrimitive = 0, kShortString = 1, kObject = 2, kArray = 3 };

// Ids of primitive types.
enum class VariantPrimitive : uint8_t {
  kNull = 0,
  kTrue = 1,
  kFalse = 2,
  kInt8 = 3,
  kInt16 = 4,
  kInt32 = 5,
  kInt64 = 6,
  kDouble = 7,
  kDecimal4 = 8,
  kDecimal8 = 9,
  kDecimal16 = 10,
  kDate = 11,
  kTimestamp = 12,
  kTimestampNtz = 13,
  kFloat = 14,
  kBinary = 15,
  kString = 16,
  kTimeNtz = 17,
  kTimestampNanos = 18,
  kTimestampNtzNanos = 19,
  kUuid = 20,
};

// Little-endian, `bytes` (1 to 4) of it at `at`; kCorrupt beyond the end.
Result<uint32_t> VariantUnsigned(std::string_view data, size_t at, size_t bytes);

class VariantMetadata {
 public:
  static Result<VariantMetadata> Read(std::string_view data);
  size_t size() const { return size_; }  // that it says it has, at most that of the data
  Result<std::string_view> Name(uint32_t id) const;

 private:
  std::string_view data_;
  size_t offset_bytes_ = 1;
  uint32_t names_ = 0;
  size_t first_name_ = 0;
  size_t size_ = 0;
};

// The children of an object or array.
class VariantChildren {
 public:
  // `data` begins with the value's header.
  static Result<VariantChildren> Read(std::string_view data);
  uint32_t count() const { return count_; }
  Result<uint32_t> NameId(uint32_t i) const;         // of an object's field
  Result<std::string_view> Child(uint32_t i) const;  // from its first byte to the parent's end

 private:
  std::string_view data_;
  uint32_t count_ = 0;
  size_t id_bytes_ = 0, offset_bytes_ = 1;
  size_t ids_ = 0, offsets_ = 0, values_ = 0;
  size_t values_bytes_ = 0;
};

}  // namespace millpond::data
