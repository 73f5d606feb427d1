// Paths of data files as the log spells them (PROTOCOL.md, "Add File and Remove File"), and what
// tells one file from another.
#include "data/delta/log/file_list.h"

namespace millpond::data {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string PercentDecode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 &&
        HexDigit(text[i + 2]) >= 0) {
      decoded += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

std::string ResolveDataPath(std::string_view table_path, std::string_view log_path) {
  const bool plain = !log_path.starts_with('/') && log_path.find_first_of("%:") == log_path.npos;
  if (plain) {  // as most are
    std::string path;
    path.reserve(table_path.size() + 1 + log_path.size());
    return path.append(table_path).append(1, '/').append(log_path);
  }
  bool has_scheme = log_path.starts_with("file:");
  if (has_scheme) {
    log_path.remove_prefix(5);
    while (log_path.starts_with("//")) log_path.remove_prefix(1);
  }
  std::string decoded = PercentDecode(log_path);
  // Hadoop's names for the scheme.
  if (decoded.starts_with("s3a://") || decoded.starts_with("s3n://")) decoded.erase(2, 1);
  if (decoded.starts_with('/') || decoded.find("://") != std::string::npos) return decoded;
  return fmt::format("{}/{}", table_path, decoded);
}

bool LeavesTableFolder(std::string_view log_path) {
  const std::string path = PercentDecode(log_path);
  return path.starts_with('/') || path.starts_with("file:") || path.find("://") != path.npos ||
         fmt::format("/{}/", path).find("/../") != std::string::npos;
}

std::string FileKey(std::string_view table_path, std::string_view log_path,
                    const DeletionVector* vector) {
  std::string key = ResolveDataPath(table_path, log_path);
  if (vector != nullptr) {
    key += '\0';
    key += vector->UniqueId();
  }
  return key;
}

std::string EncodeLogPath(std::string_view path) {
  static constexpr std::string_view kPlain = "-_.~!$&'()*+,;=@/:";
  std::string encoded;
  for (char c : path) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 kPlain.find(c) != kPlain.npos;
    if (plain) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

}  // namespace millpond::data
