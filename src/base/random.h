// Randomness enters through RandomSource: the system's for ids, a seeded one for tests and
// training.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

namespace millpond {

class RandomSource {
 public:
  virtual ~RandomSource() = default;
  virtual uint64_t Next() = 0;  // uniform over all 64 bits; thread-safe
};

class SystemRandom : public RandomSource {
 public:
  uint64_t Next() override;
};

// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014): the same
// sequence on every machine for one seed.
class SeededRandom : public RandomSource {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}
  uint64_t Next() override;

 private:
  std::mutex mutex_;
  uint64_t state_;
};

// Uniform over [0, bound) without modulo bias. bound > 0.
uint64_t NextBelow(RandomSource& random, uint64_t bound);

// RFC 9562 text forms, lower case. Version 7 sorts by the given time (milliseconds since 1970).
std::string NewUuid4(RandomSource& random);
std::string NewUuid7(RandomSource& random, int64_t now_ms);

}  // namespace millpond
