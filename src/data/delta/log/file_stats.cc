// Statistics of a chunk's files as packed text, and one column of them unpacked. PROTOCOL.md,
// "Per-file Statistics".
#include <arrow/util/compression.h>
#include <simdjson.h>

#include <bit>
#include <charconv>
#include <cstring>

#include "base/check.h"
#include "data/delta/log/stats_source_internal.h"

namespace millpond::data {
namespace {

static_assert(kStatsPadding >= simdjson::SIMDJSON_PADDING);

arrow::util::Codec& Zstd() {
  static const std::unique_ptr<arrow::util::Codec> codec = [] {
    auto made = arrow::util::Codec::Create(arrow::Compression::ZSTD, 1);
    CHECK(made.ok());
    return std::move(made).ValueUnsafe();
  }();
  return *codec;
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

bool IsTimestamp(const DataType& type) {
  return type.kind() == TypeKind::kTimestamp || type.kind() == TypeKind::kTimestampNtz;
}

}  // namespace

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

struct StatsTextReader::Impl {
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;

  bool broken = false;

  bool Open(std::string_view json) {
    simdjson::padded_string_view padded(json.data(), json.size(), json.size() + kStatsPadding);
    broken = parser.iterate(padded).get(document) != simdjson::SUCCESS;
    return !broken;
  }

  // After any other error than a missing field the document cannot be gone through again.
  bool Is(simdjson::error_code found) {
    broken = broken || (found != simdjson::SUCCESS && found != simdjson::NO_SUCH_FIELD &&
                        found != simdjson::INCORRECT_TYPE);
    return found == simdjson::SUCCESS;
  }

  // document[section][path…], or nullopt.
  std::optional<std::string> Leaf(const char* section, const std::vector<std::string>& path) {
    if (broken) return std::nullopt;
    document.rewind();
    value at;
    if (!Is(document.find_field_unordered(section).get(at))) return std::nullopt;
    for (const auto& name : path) {
      simdjson::ondemand::object object;
      if (!Is(at.get_object().get(object))) return std::nullopt;
      value next;
      if (!Is(object.find_field_unordered(name).get(next))) return std::nullopt;
      at = next;
    }
    return TextOf(at);
  }

  int64_t Count(const char* section, const std::vector<std::string>& path) {
    int64_t count = -1;
    if (auto text = Leaf(section, path)) {
      (void)std::from_chars(text->data(), text->data() + text->size(), count);
    }
    return count;
  }
};

StatsTextReader::StatsTextReader() : impl_(std::make_unique<Impl>()) {}
StatsTextReader::~StatsTextReader() = default;

void StatsTextReader::ReadBounds(std::string_view json, const std::vector<std::string>& path,
                                 size_t row, BoundsColumn* column) {
  if (json.empty() || !impl_->Open(json)) return;
  if (auto text = impl_->Leaf("minValues", path)) {
    column->SetMin(row, ParseBound(*text, column->type()));
  }
  if (auto text = impl_->Leaf("maxValues", path)) {
    column->SetMax(row, ParseBound(*text, column->type()));
  }
  column->SetNullCount(row, impl_->Count("nullCount", path));
}

int64_t StatsTextReader::ReadNumRecords(std::string_view json) {
  return json.empty() || !impl_->Open(json) ? -1 : impl_->Count("numRecords", {});
}

std::optional<std::string> StatsTextReader::ReadText(std::string json, const char* section,
                                                     const std::vector<std::string>& path) {
  json.reserve(json.size() + kStatsPadding);
  if (!impl_->Open(json)) return std::nullopt;
  return impl_->Leaf(section, path);
}

int64_t ReadNumRecords(std::string json) {
  json.reserve(json.size() + kStatsPadding);
  return StatsTextReader().ReadNumRecords(json);
}

void PackedStats::Append(std::string_view json) {
  open_ += json;
  ends_.push_back(static_cast<uint32_t>(open_.size()));
  if (ends_.size() % kBlockRows == 0) Pack();
}

void PackedStats::Finish() {
  if (!open_.empty() || ends_.size() % kBlockRows != 0) Pack();
  ends_.shrink_to_fit();
}

void PackedStats::Pack() {
  Block block;
  block.raw_size = open_.size();
  if (pack_ && open_.size() > 4096) {
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

std::string PackedStats::Unpack(const Block& block) const {
  std::string raw(block.raw_size + kStatsPadding, '\0');
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

Result<std::string> PackedStats::Get(size_t row) const {
  const size_t begin = row % kBlockRows == 0 ? 0 : ends_[row - 1];
  std::lock_guard lock(mutex_);
  if (unpacked_block_ != row / kBlockRows) {
    unpacked_block_ = row / kBlockRows;
    unpacked_ = Unpack(blocks_[unpacked_block_]);
  }
  return unpacked_.substr(begin, ends_[row] - begin);
}

void PackedStats::ForEach(const std::function<void(size_t, std::string_view)>& visit) const {
  std::string raw;
  for (size_t row = 0; row < ends_.size(); ++row) {
    if (row % kBlockRows == 0) raw = Unpack(blocks_[row / kBlockRows]);
    size_t begin = row % kBlockRows == 0 ? 0 : ends_[row - 1];
    visit(row, std::string_view(raw).substr(begin, ends_[row] - begin));
  }
}

std::shared_ptr<const BoundsColumn> PackedStats::Bounds(const std::vector<std::string>& path,
                                                        const DataType& type) const {
  auto column = std::make_shared<BoundsColumn>(ends_.size(), type);
  StatsTextReader reader;
  ForEach(
      [&](size_t row, std::string_view json) { reader.ReadBounds(json, path, row, column.get()); });
  return column;
}

std::vector<int64_t> PackedStats::NumRecords() const {
  std::vector<int64_t> records(ends_.size(), -1);
  StatsTextReader reader;
  ForEach([&](size_t row, std::string_view json) { records[row] = reader.ReadNumRecords(json); });
  return records;
}

int64_t PackedStats::memory_bytes() const {
  auto total = static_cast<int64_t>(ends_.capacity() * 4);
  for (const auto& block : blocks_) total += static_cast<int64_t>(block.bytes.capacity());
  return total;
}

BoundsColumn::BoundsColumn(size_t rows, DataType type)
    : type_(std::move(type)), null_counts_(rows, -1) {
  for (Side* side : {&min_, &max_}) {
    side->known.assign(rows, 0);
    if (type_.kind() == TypeKind::kString) {
      side->texts.resize(rows);
    } else if (type_.kind() == TypeKind::kDecimal) {
      side->decimals.resize(rows);
    } else {
      side->words.resize(rows);
    }
  }
}

void BoundsColumn::SetMax(size_t row, ColumnValue value) {
  if (auto* micros = std::get_if<int64_t>(&value); micros && IsTimestamp(type_)) *micros += 999;
  Store(max_, row, value);
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
  side.known[row] = 1;
}

ColumnValue BoundsColumn::Load(const Side& side, size_t row) const {
  if (side.known[row] == 0) return {};
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
    total +=
        static_cast<int64_t>(side->words.capacity() * 8 + side->decimals.capacity() * 16 +
                             side->texts.capacity() * sizeof(std::string) + side->known.capacity());
  }
  return total;
}

}  // namespace millpond::data
