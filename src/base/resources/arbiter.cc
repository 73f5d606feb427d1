#include "base/resources/arbiter.h"

#include <unistd.h>

#include <algorithm>
#include <numeric>
#include <thread>
#include <utility>

namespace millpond {

std::string_view ToString(ResourceClass resource_class) {
  switch (resource_class) {
    case ResourceClass::kServing:
      return "serving";
    case ResourceClass::kStream:
      return "stream";
    case ResourceClass::kInteractive:
      return "interactive";
    case ResourceClass::kBatch:
      return "batch";
    case ResourceClass::kCare:
      return "care";
  }
  return "unknown";
}

MemoryReservation::MemoryReservation(MemoryReservation&& other) noexcept
    : arbiter_(std::exchange(other.arbiter_, nullptr)),
      class_(other.class_),
      holder_(std::move(other.holder_)),
      bytes_(std::exchange(other.bytes_, 0)) {}

MemoryReservation& MemoryReservation::operator=(MemoryReservation&& other) noexcept {
  if (this != &other) {
    Release();
    arbiter_ = std::exchange(other.arbiter_, nullptr);
    class_ = other.class_;
    holder_ = std::move(other.holder_);
    bytes_ = std::exchange(other.bytes_, 0);
  }
  return *this;
}

MemoryReservation::~MemoryReservation() {
  Release();
}

void MemoryReservation::Release() {
  if (arbiter_ != nullptr && bytes_ > 0) (void)arbiter_->Change(class_, holder_, -bytes_);
  bytes_ = 0;
}

Status MemoryReservation::Resize(int64_t bytes) {
  if (arbiter_ == nullptr && bytes == 0) return OkStatus();
  if (arbiter_ == nullptr) return Fail(ErrorKind::kInternal, "resize of an empty reservation");
  if (bytes < 0) return Fail(ErrorKind::kInternal, "{} asks for {} bytes", holder_, bytes);
  MP_RETURN_IF_ERROR(arbiter_->Change(class_, holder_, bytes - bytes_));
  bytes_ = bytes;
  return OkStatus();
}

Arbiter::Arbiter(ResourceLimits limits) : limits_(limits) {
  if (limits_.threads <= 0) limits_.threads = std::max(1u, std::thread::hardware_concurrency());
  if (limits_.memory_bytes <= 0) {
    limits_.memory_bytes = int64_t{::sysconf(_SC_PHYS_PAGES)} * ::sysconf(_SC_PAGE_SIZE) / 2;
  }
}

Result<MemoryReservation> Arbiter::Reserve(ResourceClass resource_class, int64_t bytes,
                                           std::string holder) {
  MemoryReservation reservation(this, resource_class, std::move(holder));
  MP_RETURN_IF_ERROR(reservation.Resize(bytes));
  return reservation;
}

int64_t Arbiter::LimitFor(ResourceClass resource_class) const {
  // Each class below serving leaves a twentieth more to the classes above it, so that a full batch
  // can never keep a request from its few megabytes.
  return limits_.memory_bytes - limits_.memory_bytes / 20 * static_cast<int>(resource_class);
}

Status Arbiter::Change(ResourceClass resource_class, const std::string& holder, int64_t delta) {
  std::lock_guard lock(mutex_);
  int64_t total = std::accumulate(std::begin(by_class_), std::end(by_class_), int64_t{0});
  if (delta > 0 && delta > LimitFor(resource_class) - total) {
    auto largest = std::ranges::max_element(by_holder_, {}, [](const auto& h) { return h.second; });
    return Fail(
        ErrorKind::kResourceExhausted,
        "{} needs {} more bytes of memory, but {} of {} are in use{}; raise memory_limit in "
        "millpond.yml or run less at once",
        holder, delta, total, LimitFor(resource_class),
        largest == by_holder_.end()
            ? ""
            : fmt::format(" (most by {}: {})", largest->first, largest->second));
  }
  by_class_[static_cast<int>(resource_class)] += delta;
  if ((by_holder_[holder] += delta) == 0) by_holder_.erase(holder);
  return OkStatus();
}

int64_t Arbiter::reserved_bytes() const {
  std::lock_guard lock(mutex_);
  return std::accumulate(std::begin(by_class_), std::end(by_class_), int64_t{0});
}

int64_t Arbiter::reserved_bytes(ResourceClass resource_class) const {
  std::lock_guard lock(mutex_);
  return by_class_[static_cast<int>(resource_class)];
}

}  // namespace millpond
