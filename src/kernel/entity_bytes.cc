// The bytes of blocks and tiles: columns one after the other, numbers as they lie in memory
// (little-endian machines only). They never leave the machine and are never kept: see
// docs/formats/online-blocks.md.
#include <algorithm>
#include <bit>
#include <cstring>

#include "kernel/entity_block.h"

namespace millpond::kernel {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr char kBlockVersion = 1;
constexpr char kTileVersion = 1;
constexpr uint32_t kMaxRows = 1 << 24;

std::unexpected<Error> Corrupt(std::string_view what) {
  return Fail(ErrorKind::kCorrupt,
              "bytes are not {} of this feature view: the state must be rebuilt", what);
}

template <typename T>
void AppendRaw(std::span<const T> values, std::string* bytes) {
  bytes->append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
}

template <typename T>
void AppendRaw(const T& value, std::string* bytes) {
  AppendRaw(std::span<const T>(&value, 1), bytes);
}

// Takes values off the front of bytes; false once anything was missing.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  template <typename T>
  bool Take(std::span<T> values) {
    if (bytes_.size() < values.size_bytes()) return false;
    if (!values.empty()) std::memcpy(values.data(), bytes_.data(), values.size_bytes());
    bytes_.remove_prefix(values.size_bytes());
    return true;
  }
  template <typename T>
  bool Take(T& value) {
    return Take(std::span<T>(&value, 1));
  }
  bool TakeText(std::string_view& text) {
    uint32_t size = 0;
    if (!Take(size) || bytes_.size() < size) return false;
    text = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return true;
  }
  bool at_end() const { return bytes_.empty(); }
  size_t left() const { return bytes_.size(); }

 private:
  std::string_view bytes_;
};

void AppendText(std::string_view text, std::string* bytes) {
  AppendRaw(static_cast<uint32_t>(text.size()), bytes);
  bytes->append(text);
}

void AppendColumn(const Column& column, std::string* bytes) {
  AppendRaw(column.valid(), bytes);
  switch (column.type().id) {
    case TypeId::kNull:
      return;
    case TypeId::kBoolean:
      return AppendRaw(column.booleans(), bytes);
    case TypeId::kDouble:
      return AppendRaw(column.doubles(), bytes);
    case TypeId::kDecimal:
      return AppendRaw(column.decimals(), bytes);
    case TypeId::kVarchar:
      for (int64_t row = 0; row < column.size(); ++row) AppendText(column.text(row), bytes);
      return;
    default:
      return AppendRaw(column.int64s(), bytes);
  }
}

// Rows [from, to) of the column.
bool ReadColumn(Reader& reader, size_t from, size_t to, Column& column) {
  const auto part = [&](auto values) { return values.subspan(from, to - from); };
  const auto are_bits = [](std::span<const uint8_t> values) {
    return std::ranges::all_of(values, [](uint8_t value) { return value <= 1; });
  };
  if (!reader.Take(part(column.mutable_valid())) || !are_bits(part(column.valid()))) return false;
  switch (column.type().id) {
    case TypeId::kNull:
      return true;
    case TypeId::kBoolean:
      return reader.Take(part(column.mutable_booleans())) && are_bits(part(column.booleans()));
    case TypeId::kDouble:
      return reader.Take(part(column.mutable_doubles()));
    case TypeId::kDecimal:
      return reader.Take(part(column.mutable_decimals()));
    case TypeId::kVarchar:
      for (size_t row = from; row < to; ++row) {
        std::string_view text;
        if (!reader.TakeText(text)) return false;
        const auto at = static_cast<int64_t>(row);
        if (!column.IsNull(at)) column.SetText(at, std::string(text));
      }
      return true;
    default:
      return reader.Take(part(column.mutable_int64s()));
  }
}

bool TakeRowCount(Reader& reader, uint32_t& rows) {
  char version = 0;
  return reader.Take(version) && version == kBlockVersion && reader.Take(rows) && rows > 0 &&
         rows <= kMaxRows && reader.left() / (2 * sizeof(Micros)) >= rows;
}

}  // namespace

std::string EncodeBlock(const EntityBlock& block) {
  std::string bytes(1, kBlockVersion);
  AppendRaw(static_cast<uint32_t>(block.rows()), &bytes);
  AppendRaw(std::span<const Micros>(block.event_time), &bytes);
  AppendRaw(std::span<const Micros>(block.known_from), &bytes);
  for (const Column& column : block.expressions) AppendColumn(column, &bytes);
  return bytes;
}

Result<EntityBlock> DecodeBlocks(const FeatureProgram& program,
                                 std::span<const std::string_view> blocks) {
  std::vector<Reader> readers;
  std::vector<size_t> ends;
  size_t rows = 0;
  for (std::string_view bytes : blocks) {
    readers.emplace_back(bytes);
    uint32_t count = 0;
    if (!TakeRowCount(readers.back(), count)) return Corrupt("a block");
    ends.push_back(rows += count);
  }
  EntityBlock block;
  block.event_time.resize(rows);
  block.known_from.resize(rows);
  for (const BoundExpression& expression : program.row_expressions) {
    block.expressions.emplace_back(expression.type(), static_cast<int64_t>(rows));
  }
  for (size_t i = 0; i < readers.size(); ++i) {
    const size_t from = i == 0 ? 0 : ends[i - 1];
    Reader& reader = readers[i];
    bool good = reader.Take(std::span(block.event_time).subspan(from, ends[i] - from)) &&
                reader.Take(std::span(block.known_from).subspan(from, ends[i] - from));
    for (Column& column : block.expressions) {
      good = good && ReadColumn(reader, from, ends[i], column);
    }
    if (!good || !reader.at_end()) return Corrupt("a block");
  }
  if (!std::ranges::is_sorted(block.event_time)) return Corrupt("a block");
  return block;
}

Result<EntityBlock> DecodeBlock(const FeatureProgram& program, std::string_view bytes) {
  return DecodeBlocks(program, {&bytes, 1});
}

std::string EncodeTile(const EntityTile& tile) {
  std::string bytes(1, kTileVersion);
  for (int64_t bound : {tile.rows, tile.first_event, tile.last_event, tile.first_known_from,
                        tile.last_known_from}) {
    AppendRaw(bound, &bytes);
  }
  AppendRaw(static_cast<uint32_t>(tile.states.size()), &bytes);
  for (const AggregateState& state : tile.states) AppendText(state.Serialize(), &bytes);
  return bytes;
}

Result<EntityTile> DecodeTile(const FeatureProgram& program, std::string_view bytes) {
  Reader reader(bytes);
  char version = 0;
  EntityTile tile;
  uint32_t states = 0;
  if (!reader.Take(version) || version != kTileVersion || !reader.Take(tile.rows) ||
      !reader.Take(tile.first_event) || !reader.Take(tile.last_event) ||
      !reader.Take(tile.first_known_from) || !reader.Take(tile.last_known_from) ||
      !reader.Take(states) || (states != 0 && states != program.aggregates.size()) ||
      tile.rows < 1) {
    return Corrupt("a tile");
  }
  for (uint32_t i = 0; i < states; ++i) {
    std::string_view state;
    if (!reader.TakeText(state)) return Corrupt("a tile");
    MP_ASSIGN_OR_RETURN(AggregateState read, AggregateState::Deserialize(state));
    const ProgramAggregate& aggregate = program.aggregates[i];
    const Type argument =
        aggregate.argument < 0
            ? kNullType
            : program.row_expressions[static_cast<size_t>(aggregate.argument)].type();
    if (!read.IsOf(aggregate.function, argument)) return Corrupt("a tile");
    tile.states.push_back(std::move(read));
  }
  if (!reader.at_end()) return Corrupt("a tile");
  return tile;
}

}  // namespace millpond::kernel
