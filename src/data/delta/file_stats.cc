// Statistics of a chunk's files: packed text (StatsStore) and one column of it unpacked
// (BoundsColumn). PROTOCOL.md, "Per-file Statistics". Text that cannot be read says nothing: a
// missing bound only costs a file that could have been skipped.
#include <arrow/util/compression.h>
#include <simdjson.h>

#include <bit>
#include <charconv>
#include <cstring>

#include "base/check.h"
#include "data/delta/file_chunk_internal.h"

namespace millpond::data {
namespace {

constexpr size_t kPadding = simdjson::SIMDJSON_PADDING;

arrow::util::Codec& Zstd() {
  static const std::unique_ptr<arrow::util::Codec> codec = [] {
    auto made = arrow::util::Codec::Create(arrow::Compression::ZSTD, 1);
    CHECK(made.ok());
    return std::move(made).ValueUnsafe();
  }();
  return *codec;
}

// One bound: `text` is the JSON string's content or the number's or literal's own text.
ColumnValue ParseBound(std::string_view text, const DataType& type) {
  if (type.kind() == TypeKind::kString) return std::string(text);
  if (type.kind() == TypeKind::kBinary || !type.is_primitive() || text.empty()) return {};
  if (type.kind() == TypeKind::kFloat) {
    // Written as the shortest text of a float: read at that width, then widened exactly.
    float value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size()) return double{value};
  }
  auto value = ParsePartitionValue(text, type);
  if (!value.has_value()) return {};
  if (const auto* number = std::get_if<double>(&*value); number && *number != *number) return {};
  return *value;
}

using simdjson::ondemand::value;

std::optional<std::string> TextOf(value& json) {
  simdjson::ondemand::json_type kind;
  if (json.type().get(kind) != simdjson::SUCCESS) return std::nullopt;
  if (kind == simdjson::ondemand::json_type::string) {
    std::string_view text;
    if (json.get_string().get(text) != simdjson::SUCCESS) return std::nullopt;
    return std::string(text);
  }
  if (kind != simdjson::ondemand::json_type::number &&
      kind != simdjson::ondemand::json_type::boolean) {
    return std::nullopt;
  }
  std::string_view token = json.raw_json_token();
  return std::string(token.substr(0, token.find_last_not_of(" \t\r\n,}]") + 1));
}

// stats[section][path…], or nullopt.
std::optional<std::string> ReadLeaf(simdjson::ondemand::parser& parser, std::string_view json,
                                    const char* section, const std::vector<std::string>& path) {
  simdjson::ondemand::document document;
  simdjson::padded_string_view padded(json.data(), json.size(), json.size() + kPadding);
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS) return std::nullopt;
  value at;
  if (document.find_field_unordered(section).get(at) != simdjson::SUCCESS) return std::nullopt;
  for (const auto& name : path) {
    simdjson::ondemand::object object;
    if (at.get_object().get(object) != simdjson::SUCCESS) return std::nullopt;
    value next;
    if (object.find_field_unordered(name).get(next) != simdjson::SUCCESS) return std::nullopt;
    at = next;
  }
  return TextOf(at);
}

bool IsTimestamp(const DataType& type) {
  return type.kind() == TypeKind::kTimestamp || type.kind() == TypeKind::kTimestampNtz;
}

}  // namespace

int64_t ReadNumRecords(std::string json) {
  json.reserve(json.size() + kPadding);
  simdjson::ondemand::parser parser;
  auto text = ReadLeaf(parser, json, "numRecords", {});
  int64_t count = -1;
  if (text) (void)std::from_chars(text->data(), text->data() + text->size(), count);
  return count;
}

void StatsStore::Append(std::string_view json) {
  open_ += json;
  ends_.push_back(static_cast<uint32_t>(open_.size()));
  if (ends_.size() % kBlockRows == 0) Pack();
}

void StatsStore::Finish() {
  if (!open_.empty() || ends_.size() % kBlockRows != 0) Pack();
  ends_.shrink_to_fit();
}

void StatsStore::Pack() {
  Block block;
  block.raw_size = open_.size();
  if (open_.size() > 4096) {
    const auto* raw = reinterpret_cast<const uint8_t*>(open_.data());
    auto size = static_cast<int64_t>(open_.size());
    std::string packed(Zstd().MaxCompressedLen(size, raw), '\0');
    auto written = Zstd().Compress(size, raw, static_cast<int64_t>(packed.size()),
                                   reinterpret_cast<uint8_t*>(packed.data()));
    if (written.ok() && *written < size) {
      packed.resize(*written);
      packed.shrink_to_fit();
      block.bytes = std::move(packed);
      block.packed = true;
    }
  }
  if (!block.packed) block.bytes = open_;
  open_.clear();
  blocks_.push_back(std::move(block));
}

std::string StatsStore::Unpack(const Block& block) const {
  std::string raw(block.raw_size + kPadding, '\0');
  if (block.packed) {
    auto read = Zstd().Decompress(static_cast<int64_t>(block.bytes.size()),
                                  reinterpret_cast<const uint8_t*>(block.bytes.data()),
                                  static_cast<int64_t>(block.raw_size),
                                  reinterpret_cast<uint8_t*>(raw.data()));
    CHECK(read.ok());  // packed by us, in memory
  } else {
    std::memcpy(raw.data(), block.bytes.data(), block.raw_size);
  }
  return raw;
}

std::string StatsStore::Get(size_t row) const {
  size_t begin = row % kBlockRows == 0 ? 0 : ends_[row - 1];
  return Unpack(blocks_[row / kBlockRows]).substr(begin, ends_[row] - begin);
}

void StatsStore::ForEach(const std::function<void(size_t, std::string_view)>& visit) const {
  std::string raw;
  for (size_t row = 0; row < ends_.size(); ++row) {
    if (row % kBlockRows == 0) raw = Unpack(blocks_[row / kBlockRows]);
    size_t begin = row % kBlockRows == 0 ? 0 : ends_[row - 1];
    visit(row, std::string_view(raw).substr(begin, ends_[row] - begin));
  }
}

int64_t StatsStore::memory_bytes() const {
  auto total = static_cast<int64_t>(ends_.capacity() * 4);
  for (const auto& block : blocks_) total += static_cast<int64_t>(block.bytes.capacity());
  return total;
}

BoundsColumn::BoundsColumn(const StatsStore& stats, size_t rows, std::vector<std::string> path,
                           DataType type)
    : type_(std::move(type)), null_counts_(rows, -1) {
  for (Side* side : {&min_, &max_}) {
    side->known.assign(rows, false);
    if (type_.kind() == TypeKind::kString) {
      side->texts.resize(rows);
    } else if (type_.kind() == TypeKind::kDecimal) {
      side->decimals.resize(rows);
    } else {
      side->words.resize(rows);
    }
  }
  simdjson::ondemand::parser parser;
  stats.ForEach([&](size_t row, std::string_view json) {
    if (json.empty()) return;
    if (auto text = ReadLeaf(parser, json, "minValues", path)) {
      Store(min_, row, ParseBound(*text, type_));
    }
    if (auto text = ReadLeaf(parser, json, "maxValues", path)) {
      ColumnValue bound = ParseBound(*text, type_);
      // Writers cut timestamps to milliseconds, so the true maximum may lie up to 999 us above.
      if (auto* micros = std::get_if<int64_t>(&bound); micros && IsTimestamp(type_)) *micros += 999;
      Store(max_, row, bound);
    }
    if (auto text = ReadLeaf(parser, json, "nullCount", path)) {
      (void)std::from_chars(text->data(), text->data() + text->size(), null_counts_[row]);
    }
  });
}

void BoundsColumn::Store(Side& side, size_t row, const ColumnValue& value) {
  if (!HasValue(value)) return;
  if (const auto* flag = std::get_if<bool>(&value)) side.words[row] = *flag;
  if (const auto* word = std::get_if<int64_t>(&value)) side.words[row] = *word;
  if (const auto* number = std::get_if<double>(&value)) {
    side.words[row] = std::bit_cast<int64_t>(*number);
  }
  if (const auto* text = std::get_if<std::string>(&value)) side.texts[row] = *text;
  if (const auto* decimal = std::get_if<DecimalValue>(&value)) {
    side.decimals[row] = decimal->unscaled;
  }
  side.known[row] = true;
}

ColumnValue BoundsColumn::Load(const Side& side, size_t row) const {
  if (!side.known[row]) return {};
  switch (type_.kind()) {
    case TypeKind::kString:
      return side.texts[row];
    case TypeKind::kDecimal:
      return DecimalValue{side.decimals[row], type_.scale()};
    case TypeKind::kBoolean:
      return side.words[row] != 0;
    case TypeKind::kFloat:
    case TypeKind::kDouble:
      return std::bit_cast<double>(side.words[row]);
    default:
      return side.words[row];
  }
}

FileBounds BoundsColumn::Get(size_t row) const {
  FileBounds bounds{Load(min_, row), Load(max_, row), std::nullopt};
  if (null_counts_[row] >= 0) bounds.null_count = null_counts_[row];
  return bounds;
}

int64_t BoundsColumn::memory_bytes() const {
  auto total = static_cast<int64_t>(null_counts_.capacity() * 8);
  for (const Side* side : {&min_, &max_}) {
    total += static_cast<int64_t>(side->words.capacity() * 8 + side->decimals.capacity() * 16 +
                                  side->texts.capacity() * sizeof(std::string) +
                                  side->known.capacity() / 8);
  }
  return total;
}

}  // namespace millpond::data
