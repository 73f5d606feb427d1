#include "platform/tracking/page_token.h"

#include <optional>

#include "base/json.h"

namespace millpond::platform {

namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string EncodeBase64(std::string_view bytes) {
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    const size_t here = std::min<size_t>(3, bytes.size() - i);
    for (size_t j = 0; j < 3; ++j) {
      group = group << 8 | (j < here ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    }
    for (size_t j = 0; j < 4; ++j) {
      out += j <= here ? kDigits[group >> (18 - 6 * j) & 63] : '=';
    }
  }
  return out;
}

std::optional<std::string> DecodeBase64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string out;
  uint32_t group = 0;
  int bits = 0;
  for (char c : text) {
    const size_t digit = kDigits.find(c);
    if (digit == kDigits.npos) return std::nullopt;
    group = (group << 6 | static_cast<uint32_t>(digit)) & 0xFFFFFF;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out += static_cast<char>(group >> bits & 255);
    }
  }
  return out;
}

}  // namespace

std::string TokenOfOffset(int64_t offset) {
  return EncodeBase64(fmt::format("{{\"offset\": {}}}", offset));
}

Result<int64_t> OffsetOfToken(std::string_view token) {
  if (token.empty()) return 0;
  const auto decoded = DecodeBase64(token);
  if (!decoded) {
    return Fail(ErrorKind::kInvalidArgument, "Invalid page token, could not base64-decode");
  }
  const auto json = ParseJson(*decoded, "page token");
  if (!json || !json->is_object()) {
    return Fail(ErrorKind::kInvalidArgument, "Invalid page token, decoded value={}",
                DumpJson(Json(*decoded)));
  }
  const auto offset = json->find("offset");
  if (offset == json->end() || !offset->is_number_integer() || offset->get<int64_t>() < 0) {
    return Fail(ErrorKind::kInvalidArgument, "Invalid page token, parsed value={}",
                DumpJson(*json));
  }
  return offset->get<int64_t>();
}

}  // namespace millpond::platform
