// The one place that hands out memory and threads. Work belongs to a class (serving before stream
// before interactive before batch before care); memory is reserved before it is used, under the
// name of who uses it. A reservation over the budget is refused with kResourceExhausted, and the
// asker spills or passes the error on: memory is bounded by configuration, never by the data.
//
//   MP_ASSIGN_OR_RETURN(auto memory, arbiter.Reserve(ResourceClass::kBatch, bytes, "sort of
//   orders")); if (auto grown = memory.Resize(2 * bytes); !grown) Spill();
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "base/result.h"

namespace millpond {

enum class ResourceClass { kServing, kStream, kInteractive, kBatch, kCare };
inline constexpr int kResourceClassCount = 5;

std::string_view ToString(ResourceClass resource_class);

struct ResourceLimits {
  int64_t memory_bytes = 0;  // 0: half of the machine's memory
  int threads = 0;           // 0: the machine's cores
};

class Arbiter;

// Memory held until destruction. Movable; the arbiter must outlive it.
class MemoryReservation {
 public:
  MemoryReservation() = default;
  MemoryReservation(MemoryReservation&& other) noexcept;
  MemoryReservation& operator=(MemoryReservation&& other) noexcept;
  ~MemoryReservation();

  int64_t bytes() const { return bytes_; }
  // Grows or shrinks; on kResourceExhausted the reservation is unchanged.
  Status Resize(int64_t bytes);

 private:
  friend class Arbiter;
  MemoryReservation(Arbiter* arbiter, ResourceClass resource_class, std::string holder)
      : arbiter_(arbiter), class_(resource_class), holder_(std::move(holder)) {}
  void Release();

  Arbiter* arbiter_ = nullptr;
  ResourceClass class_ = ResourceClass::kBatch;
  std::string holder_;
  int64_t bytes_ = 0;
};

class Arbiter {
 public:
  explicit Arbiter(ResourceLimits limits = {});

  int64_t memory_bytes() const { return limits_.memory_bytes; }
  int threads() const { return limits_.threads; }

  Result<MemoryReservation> Reserve(ResourceClass resource_class, int64_t bytes,
                                    std::string holder);

  int64_t reserved_bytes() const;
  int64_t reserved_bytes(ResourceClass resource_class) const;

 private:
  friend class MemoryReservation;
  // Changes what `holder` has by `delta`; refuses growth over the limit.
  Status Change(ResourceClass resource_class, const std::string& holder, int64_t delta);
  // The part of the limit that classes above keep for themselves.
  int64_t LimitFor(ResourceClass resource_class) const;

  ResourceLimits limits_;
  mutable std::mutex mutex_;
  int64_t by_class_[kResourceClassCount] = {};
  std::map<std::string, int64_t> by_holder_;
};

}  // namespace millpond
