#include "data/delta/log/last_checkpoint.h"

#include <simdjson.h>

#include <map>

#include "base/json.h"

namespace millpond::data {
namespace {

using simdjson::dom::element;

std::string UrlEncode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

std::unexpected<Error> Bad(std::string_view why) {
  return Fail(ErrorKind::kCorrupt, "_last_checkpoint {}", why);
}

// Leaves by their canonical path. Numbers as they are written, or as close as a double comes.
Status Flatten(const element& value, const std::string& path,
               std::map<std::string, std::string>* leaves) {
  auto below = [&](const std::string& name) { return path.empty() ? name : path + "+" + name; };
  simdjson::dom::object object;
  simdjson::dom::array array;
  std::string_view text;
  if (value.get(object) == simdjson::SUCCESS) {
    for (const auto [key, entry] : object) {
      if (path.empty() && key == "checksum") continue;
      MP_RETURN_IF_ERROR(Flatten(entry, below(fmt::format("\"{}\"", UrlEncode(key))), leaves));
    }
    return OkStatus();
  }
  if (value.get(array) == simdjson::SUCCESS) {
    int64_t at = 0;
    for (const element entry : array) {
      MP_RETURN_IF_ERROR(Flatten(entry, below(fmt::format("{}", at++)), leaves));
    }
    return OkStatus();
  }
  std::string leaf = value.get(text) == simdjson::SUCCESS ? fmt::format("\"{}\"", UrlEncode(text))
                                                          : std::string(simdjson::minify(value));
  if (!leaves->emplace(path, std::move(leaf)).second) return Bad("has a key twice");
  return OkStatus();
}

Result<std::string> Canonical(const element& root) {
  std::map<std::string, std::string> leaves;
  MP_RETURN_IF_ERROR(Flatten(root, "", &leaves));
  std::string text;
  for (const auto& [path, value] : leaves) {
    if (!text.empty()) text += ',';
    text += fmt::format("{}={}", path, value);
  }
  return text;
}

}  // namespace

Result<std::string> CanonicalJson(std::string_view json) {
  simdjson::dom::parser parser;
  element root;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS) {
    return Bad("is not valid JSON");
  }
  return Canonical(root);
}

std::string FormatLastCheckpoint(const LastCheckpoint& hint) {
  OrderedJson json{{"version", hint.version},
                   {"size", hint.actions},
                   {"sizeInBytes", hint.size_bytes},
                   {"numOfAddFiles", hint.num_adds}};
  if (hint.v2_name) {
    json["v2Checkpoint"] = OrderedJson{{"path", *hint.v2_name},
                                       {"sizeInBytes", hint.v2_size_bytes},
                                       {"modificationTime", hint.v2_modification_time_ms}};
  }
  json["checksum"] = Md5Hex(CanonicalJson(DumpJson(json)).value_or(""));
  return DumpJson(json);
}

Result<int64_t> ParseLastCheckpoint(std::string_view bytes) {
  simdjson::dom::parser parser;
  element root;
  if (parser.parse(bytes.data(), bytes.size()).get(root) != simdjson::SUCCESS) {
    return Bad("is not valid JSON");
  }
  int64_t version = -1;
  if (root["version"].get(version) != simdjson::SUCCESS || version < 0) {
    return Bad("names no version");
  }
  MP_ASSIGN_OR_RETURN(const std::string canonical, Canonical(root));
  std::string_view checksum;
  if (root["checksum"].get(checksum) == simdjson::SUCCESS && checksum != Md5Hex(canonical)) {
    return Bad("is not what its checksum says");
  }
  return version;
}

}  // namespace millpond::data
