// Values of variant columns, and JSON that is to become one. What is read must be readable again.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "data/delta/rows/variant.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millpond;  // NOLINT: a program
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::string json;
  if (const auto parts = data::SplitVariant(bytes)) (void)data::AppendVariantJson(*parts, &json);
  if (const auto made = data::VariantFromJson(bytes)) {
    if (!data::CheckVariant({made->metadata, made->value})) std::abort();
  }
  return 0;
}
