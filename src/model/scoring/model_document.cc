#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "model/scoring/model_document_internal.h"

namespace millpond::model {
namespace {

constexpr int kMaxDepth = 64;

// Out of range becomes an infinity (the plain conversion would be undefined).
float ToFloat(double value) {
  if (std::abs(value) > std::numeric_limits<float>::max()) {
    return std::copysign(std::numeric_limits<float>::infinity(),
                         static_cast<float>(value < 0 ? -1 : 1));
  }
  return static_cast<float>(value);
}

// Reads one value; every failure leaves `error_` and unwinds by nullopt.
class UbjsonReader {
 public:
  explicit UbjsonReader(std::string_view bytes) : bytes_(bytes) {}

  std::optional<ModelDocument> Document() {
    auto marker = Marker();
    if (!marker) return std::nullopt;
    auto value = Value(*marker, 0);
    if (value && at_ != bytes_.size()) return Bad("bytes after the end of the document");
    return value;
  }

  const char* error() const { return error_; }
  size_t at() const { return at_; }

 private:
  std::nullopt_t Bad(const char* error) {
    if (error_ == nullptr) error_ = error;
    return std::nullopt;
  }

  size_t left() const { return bytes_.size() - at_; }

  std::optional<char> Marker() {  // 'N' is padding
    while (at_ < bytes_.size() && bytes_[at_] == 'N') ++at_;
    if (at_ == bytes_.size()) return Bad("the file ends early");
    return bytes_[at_++];
  }

  template <typename T>
  std::optional<T> BigEndian() {
    if (left() < sizeof(T)) return Bad("the file ends within a number");
    T value;
    std::memcpy(&value, bytes_.data() + at_, sizeof(T));
    at_ += sizeof(T);
    if constexpr (sizeof(T) == 2) value = static_cast<T>(__builtin_bswap16(value));
    if constexpr (sizeof(T) == 4) value = static_cast<T>(__builtin_bswap32(value));
    if constexpr (sizeof(T) == 8) value = static_cast<T>(__builtin_bswap64(value));
    return value;
  }

  std::optional<int64_t> Integer(char marker) {
    switch (marker) {
      case 'i': {
        auto v = BigEndian<uint8_t>();
        return v ? std::optional<int64_t>(static_cast<int8_t>(*v)) : std::nullopt;
      }
      case 'U': {
        auto v = BigEndian<uint8_t>();
        return v ? std::optional<int64_t>(*v) : std::nullopt;
      }
      case 'I': {
        auto v = BigEndian<uint16_t>();
        return v ? std::optional<int64_t>(static_cast<int16_t>(*v)) : std::nullopt;
      }
      case 'l': {
        auto v = BigEndian<uint32_t>();
        return v ? std::optional<int64_t>(static_cast<int32_t>(*v)) : std::nullopt;
      }
      case 'L': {
        auto v = BigEndian<uint64_t>();
        return v ? std::optional<int64_t>(static_cast<int64_t>(*v)) : std::nullopt;
      }
      default:
        return Bad("an integer is expected");
    }
  }

  std::optional<size_t> Count() {
    auto marker = Marker();
    if (!marker) return std::nullopt;
    auto count = Integer(*marker);
    if (!count) return std::nullopt;
    if (*count < 0 || static_cast<uint64_t>(*count) > left()) {
      return Bad("a length is larger than the rest of the file");
    }
    return static_cast<size_t>(*count);
  }

  std::optional<std::string> Text() {
    auto size = Count();
    if (!size) return std::nullopt;
    if (*size > left()) return Bad("a text is longer than the rest of the file");
    std::string text(bytes_.substr(at_, *size));
    at_ += *size;
    return text;
  }

  std::optional<ModelDocument> Value(char marker, int depth) {
    switch (marker) {
      case 'Z':
        return ModelDocument(nullptr);
      case 'T':
        return ModelDocument(true);
      case 'F':
        return ModelDocument(false);
      case 'd': {
        auto bits = BigEndian<uint32_t>();
        if (!bits) return std::nullopt;
        return ModelDocument(std::bit_cast<float>(*bits));
      }
      case 'D': {
        auto bits = BigEndian<uint64_t>();
        if (!bits) return std::nullopt;
        return ModelDocument(ToFloat(std::bit_cast<double>(*bits)));
      }
      case 'C':
      case 'S': {
        if (marker == 'C' && left() == 0) return Bad("the file ends early");
        auto text = marker == 'C' ? std::string(1, bytes_[at_++]) : Text();
        if (!text) return std::nullopt;
        return ModelDocument(std::move(*text));
      }
      case '[':
        return depth < kMaxDepth ? Array(depth + 1) : Bad("values are nested too deeply");
      case '{':
        return depth < kMaxDepth ? Object(depth + 1) : Bad("values are nested too deeply");
      default: {
        auto integer = Integer(marker);
        if (!integer) return std::nullopt;
        return ModelDocument(*integer);
      }
    }
  }

  struct Header {
    char type = 0;                // 0: every element has its own marker
    std::optional<size_t> count;  // absent: runs to the closing bracket
  };

  std::optional<Header> ContainerHeader() {
    Header header;
    if (left() > 0 && bytes_[at_] == '$') {
      if (left() < 2) return Bad("the file ends early");
      header.type = bytes_[at_ + 1];
      // Types without a payload would let a few bytes claim any number of elements.
      if (std::strchr("iUIlLdDCS[{", header.type) == nullptr || header.type == 0) {
        return Bad("a typed array has an unknown type");
      }
      at_ += 2;
      if (left() == 0 || bytes_[at_] != '#') return Bad("a typed array has no length");
    }
    if (left() > 0 && bytes_[at_] == '#') {
      ++at_;
      header.count = Count();
      if (!header.count) return std::nullopt;
    }
    return header;
  }

  bool AtEnd(const Header& header, size_t done, char closing) {
    if (header.count) return done == *header.count;
    while (left() > 0 && bytes_[at_] == 'N') ++at_;
    if (left() == 0 || bytes_[at_] != closing) return false;
    ++at_;
    return true;
  }

  std::optional<ModelDocument> Array(int depth) {
    auto header = ContainerHeader();
    if (!header) return std::nullopt;
    ModelDocument array = ModelDocument::array();
    for (size_t i = 0; !AtEnd(*header, i, ']'); ++i) {
      auto marker = header->type ? std::optional<char>(header->type) : Marker();
      if (!marker) return std::nullopt;
      auto value = Value(*marker, depth);
      if (!value) return std::nullopt;
      array.push_back(std::move(*value));
    }
    return array;
  }

  std::optional<ModelDocument> Object(int depth) {
    auto header = ContainerHeader();
    if (!header) return std::nullopt;
    ModelDocument object = ModelDocument::object();
    for (size_t i = 0; !AtEnd(*header, i, '}'); ++i) {
      auto key = Text();
      if (!key) return std::nullopt;
      auto marker = header->type ? std::optional<char>(header->type) : Marker();
      if (!marker) return std::nullopt;
      auto value = Value(*marker, depth);
      if (!value) return std::nullopt;
      object[std::move(*key)] = std::move(*value);
    }
    return object;
  }

  std::string_view bytes_;
  size_t at_ = 0;
  const char* error_ = nullptr;
};

}  // namespace

Result<ModelDocument> ParseModelDocument(std::string_view bytes, std::string_view what) {
  // Both encodings begin with a brace: JSON goes on with a quote (or space), UBJSON with a length.
  size_t second = bytes.find_first_not_of(" \t\r\n", 1);
  if (!bytes.empty() && second != bytes.npos && (bytes[second] == '"' || bytes[second] == '}')) {
    try {
      return ModelDocument::parse(bytes);
    } catch (const ModelDocument::exception& e) {
      std::string_view message = e.what();
      if (size_t end = message.find("] "); end != message.npos) message.remove_prefix(end + 2);
      return Fail(ErrorKind::kCorrupt, "{} is not a model file: {}", what, message);
    }
  }
  UbjsonReader reader(bytes);
  auto document = reader.Document();
  if (!document) {
    return Fail(ErrorKind::kCorrupt, "{} is not a model file: {} (byte {} of {})", what,
                reader.error(), reader.at(), bytes.size());
  }
  return std::move(*document);
}

}  // namespace millpond::model
