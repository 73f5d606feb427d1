#include "base/random.h"

#include <fmt/format.h>
#include <sodium.h>

namespace millpond {

uint64_t SystemRandom::Next() {
  uint64_t value;
  randombytes_buf(&value, sizeof value);
  return value;
}

uint64_t SeededRandom::Next() {
  std::lock_guard lock(mutex_);
  uint64_t z = (state_ += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

uint64_t NextBelow(RandomSource& random, uint64_t bound) {
  // Values below `rejected` would make the low remainders likelier than the high ones.
  uint64_t rejected = -bound % bound;
  uint64_t value;
  do {
    value = random.Next();
  } while (value < rejected);
  return value % bound;
}

namespace {

std::string FormatUuid(uint64_t high, uint64_t low) {
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, high >> 16 & 0xffff,
                     high & 0xffff, low >> 48, low & 0xffffffffffff);
}

constexpr uint64_t kVariantMask = 0x3fffffffffffffff, kVariant = 0x8000000000000000;

}  // namespace

std::string NewUuid4(RandomSource& random) {
  return FormatUuid((random.Next() & ~uint64_t{0xf000}) | 0x4000,
                    (random.Next() & kVariantMask) | kVariant);
}

std::string NewUuid7(RandomSource& random, int64_t now_ms) {
  uint64_t high = static_cast<uint64_t>(now_ms) << 16 | 0x7000 | (random.Next() & 0xfff);
  return FormatUuid(high, (random.Next() & kVariantMask) | kVariant);
}

}  // namespace millpond
