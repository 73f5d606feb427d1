// Version checksums.
#include <cstdint>

#include "data/delta/log/checksum.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millpond;  // NOLINT: a program
  (void)data::ParseChecksum({reinterpret_cast<const char*>(data), size}, "input");
  return 0;
}
