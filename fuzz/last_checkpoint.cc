// The hint `_last_checkpoint`.
#include <cstdint>

#include "data/delta/log/last_checkpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millpond;  // NOLINT: a program
  (void)data::ParseLastCheckpoint({reinterpret_cast<const char*>(data), size});
  return 0;
}
