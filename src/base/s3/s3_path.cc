#include "base/s3/s3_path.h"

#include <algorithm>

namespace millpond {
namespace {

std::string Escape(std::string_view text, bool keep_slash) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos ||
                       (keep_slash && c == '/');
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Status CheckParts(std::string_view key, std::string_view path) {
  for (size_t begin = 0; begin < key.size();) {
    const size_t end = std::min(key.find('/', begin), key.size());
    const std::string_view part = key.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") {
      return Fail(ErrorKind::kInvalidArgument,
                  "a part of an object's name may not be empty, '.' or '..': {}", path);
    }
    begin = end + 1;
  }
  return OkStatus();
}

}  // namespace

Result<S3Path> ParseS3Path(std::string_view path) {
  static constexpr std::string_view kScheme = "s3://";
  if (!path.starts_with(kScheme)) {
    return Fail(ErrorKind::kInvalidArgument, "not the name of an object (want s3://bucket/key): {}",
                path);
  }
  std::string_view rest = path.substr(kScheme.size());
  while (rest.ends_with('/')) rest.remove_suffix(1);
  const size_t slash = std::min(rest.find('/'), rest.size());
  S3Path parsed{std::string(rest.substr(0, slash)),
                std::string(rest.substr(std::min(slash + 1, rest.size())))};
  const bool is_name = std::ranges::all_of(parsed.bucket, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  });
  if (parsed.bucket.empty() || !is_name) {
    return Fail(ErrorKind::kInvalidArgument, "not the name of a bucket: '{}' in {}", parsed.bucket,
                path);
  }
  MP_RETURN_IF_ERROR(CheckParts(parsed.key, path));
  return parsed;
}

std::string EscapeKey(std::string_view key) {
  return Escape(key, true);
}

std::string MakeQuery(std::vector<std::pair<std::string, std::string>> parameters) {
  std::ranges::sort(parameters);
  std::string query;
  for (const auto& [name, value] : parameters) {
    if (!query.empty()) query += '&';
    query += Escape(name, false) + '=' + Escape(value, false);
  }
  return query;
}

std::string Unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? HexValue(text[i + 1]) : -1;
    const int low = high >= 0 ? HexValue(text[i + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

}  // namespace millpond
