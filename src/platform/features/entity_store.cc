#include "platform/features/entity_store.h"

#include <algorithm>
#include <utility>

namespace millpond::platform {
namespace {

constexpr char kTiles = 0;
constexpr char kRows = 1;
constexpr size_t kStartBytes = 12;
// Blocks of one event time are numbered up and down from here.
constexpr uint32_t kMiddle = uint32_t{1} << 31;
// An entity of so many blocks is read and computed whole: cheaper than its tiles.
constexpr size_t kWholeBlocks = 2;

template <typename T>
void AppendBigEndian(T value, std::string& bytes) {
  for (int shift = 8 * static_cast<int>(sizeof(T)) - 8; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>(value >> shift));
  }
}

template <typename T>
T ReadBigEndian(std::string_view bytes) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(value << 8 | static_cast<uint8_t>(bytes[i]));
  }
  return value;
}

constexpr uint64_t kSignBit = uint64_t{1} << 63;

kernel::EntityBlock NoRows(const kernel::FeatureProgram& program) {
  kernel::EntityBlock block;
  for (const auto& expression : program.row_expressions) {
    block.expressions.emplace_back(expression.type());
  }
  return block;
}

}  // namespace

EntityStore::EntityStore(KeyValueStore& store,
                         std::shared_ptr<const kernel::FeatureProgram> program, std::string prefix)
    : store_(store),
      program_(std::move(program)),
      prefix_(std::move(prefix)),
      none_(std::make_shared<const kernel::SourceRows>(
          kernel::PrepareBlock(*program_, NoRows(*program_)))) {}

std::string EntityStore::Key(std::string_view entity, char kind) const {
  std::string key = prefix_;
  key.append(entity);
  key.push_back(kind);
  return key;
}

std::string EntityStore::KeyAt(std::string key, Start start) {
  AppendBigEndian(static_cast<uint64_t>(start.time) ^ kSignBit, key);
  AppendBigEndian(start.number, key);
  return key;
}

Result<EntityStore::Start> EntityStore::StartOf(std::string_view key) {
  if (key.size() < kStartBytes) {
    return Fail(ErrorKind::kCorrupt, "the online store has a key of {} bytes", key.size());
  }
  key.remove_prefix(key.size() - kStartBytes);
  return Start{static_cast<Micros>(ReadBigEndian<uint64_t>(key) ^ kSignBit),
               ReadBigEndian<uint32_t>(key.substr(8))};
}

// From the last row to the first: what a block takes never depends on the block after it.
Status EntityStore::Add(std::string_view entity, const kernel::EntityBlock& rows,
                        KeyValueBatch& batch, std::vector<std::string>& touched) const {
  touched.emplace_back(entity);
  const std::string tiles = Key(entity, kTiles);
  int64_t left = rows.rows();
  while (left > 0) {
    const Micros last = rows.event_time[static_cast<size_t>(left - 1)];
    MP_ASSIGN_OR_RETURN(auto found, store_.LastUpTo(tiles, KeyAt(tiles, {last, UINT32_MAX})));
    if (!found) {
      return Put(entity, {}, kernel::SliceBlock(rows, 0, left), true, batch, touched);
    }
    MP_ASSIGN_OR_RETURN(const Start start, StartOf(found->key));
    const auto begin = rows.event_time.begin();
    const int64_t from =
        start.time == INT64_MIN ? 0 : std::lower_bound(begin, begin + left, start.time) - begin;
    MP_ASSIGN_OR_RETURN(auto bytes, store_.Get(KeyAt(Key(entity, kRows), start)));
    if (!bytes) return Fail(ErrorKind::kCorrupt, "the online store has a tile without its rows");
    MP_ASSIGN_OR_RETURN(kernel::EntityBlock block, kernel::DecodeBlock(*program_, *bytes));
    const bool append = rows.event_time[static_cast<size_t>(from)] >= block.event_time.back();
    const auto merged = kernel::MergeBlocks(block, kernel::SliceBlock(rows, from, left));
    MP_RETURN_IF_ERROR(Put(entity, start, merged, append, batch, touched));
    left = from;
  }
  return OkStatus();
}

// The newest block has no states: the next row would change them.
Status EntityStore::Put(std::string_view entity, Start start, const kernel::EntityBlock& block,
                        bool keep_full, KeyValueBatch& batch,
                        std::vector<std::string>& touched) const {
  const std::string tiles = Key(entity, kTiles);
  const std::string row_keys = Key(entity, kRows);
  std::optional<Start> next;
  MP_ASSIGN_OR_RETURN(auto after, store_.FirstAfter(tiles, KeyAt(tiles, start)));
  if (after) {
    MP_ASSIGN_OR_RETURN(next, StartOf(after->key));
  }
  std::vector<int64_t> cuts = kernel::SplitPoints(block, keep_full);
  cuts.insert(cuts.begin(), 0);
  const auto count = static_cast<int64_t>(cuts.size());
  std::vector<Start> starts(cuts.size(), start);
  // Rows of the block's own first time stay behind it, those of the next block's first time stay
  // before that.
  for (int64_t part = 1; part < count; ++part) {
    const Micros time = block.event_time[static_cast<size_t>(cuts[static_cast<size_t>(part)])];
    const Start& before = starts[static_cast<size_t>(part - 1)];
    starts[static_cast<size_t>(part)] = {time, before.time == time ? before.number + 1 : kMiddle};
  }
  for (int64_t part = count - 1; part > 0 && next; --part) {
    Start& own = starts[static_cast<size_t>(part)];
    if (own.time != next->time || own.time == start.time) break;
    own.number = next->number - 1;
    next = own;
  }
  for (int64_t part = 0; part < count; ++part) {
    const int64_t end = part + 1 < count ? cuts[static_cast<size_t>(part + 1)] : block.rows();
    const auto rows = kernel::SliceBlock(block, cuts[static_cast<size_t>(part)], end);
    const bool newest = !after && part + 1 == count;
    const Start& at = starts[static_cast<size_t>(part)];
    const auto tile = kernel::MakeTile(*program_, rows, !newest);
    const std::string row_key = KeyAt(row_keys, at);
    batch.Put(KeyAt(tiles, at), kernel::EncodeTile(tile));
    batch.Put(row_key, kernel::EncodeBlock(rows));
    touched.push_back(row_key);
  }
  return OkStatus();
}

Result<std::shared_ptr<const OnlineEntity>> EntityStore::Load(
    std::string_view entity, const KeyValueStore::Snapshot& snapshot) const {
  auto loaded = std::make_shared<OnlineEntity>();
  std::vector<std::string> blocks;
  std::string prefix = prefix_;
  prefix.append(entity);
  const auto visit = [&](std::string_view key, std::string_view value) -> Result<bool> {
    if (key.size() != prefix.size() + 1 + kStartBytes) {
      return Fail(ErrorKind::kCorrupt, "the online store has a key of {} bytes", key.size());
    }
    if (key[prefix.size()] == kTiles) {
      MP_ASSIGN_OR_RETURN(kernel::EntityTile tile, kernel::DecodeTile(*program_, value));
      loaded->bytes += 256 + static_cast<int64_t>(value.size()) * 4;
      loaded->tiles.push_back(std::move(tile));
      std::string row_key(key);
      row_key[prefix.size()] = kRows;
      loaded->row_keys.push_back(std::move(row_key));
      return true;
    }
    if (loaded->tiles.size() > kWholeBlocks) return false;
    blocks.emplace_back(value);
    return true;
  };
  MP_RETURN_IF_ERROR(store_.Visit(prefix, visit, &snapshot));
  if (loaded->tiles.size() > kWholeBlocks) return loaded;
  if (blocks.size() != loaded->tiles.size()) {
    return Fail(ErrorKind::kCorrupt, "the online store has {} blocks of an entity, not {}",
                blocks.size(), loaded->tiles.size());
  }
  auto whole = std::make_shared<OnlineEntity>();
  whole->rows = none_;
  whole->bytes = 256;
  if (blocks.empty()) return whole;
  const std::vector<std::string_view> views(blocks.begin(), blocks.end());
  MP_ASSIGN_OR_RETURN(kernel::EntityBlock rows, kernel::DecodeBlocks(*program_, views));
  whole->rows =
      std::make_shared<const kernel::SourceRows>(kernel::PrepareBlock(*program_, std::move(rows)));
  whole->bytes += kernel::MemoryBytes(*whole->rows);
  return whole;
}

Result<std::shared_ptr<const OnlineEntity>> EntityStore::LoadRows(
    const std::string& row_key, const KeyValueStore::Snapshot& snapshot) const {
  MP_ASSIGN_OR_RETURN(auto bytes, store_.Get(row_key, &snapshot));
  if (!bytes) return Fail(ErrorKind::kCorrupt, "the online store has a tile without its rows");
  MP_ASSIGN_OR_RETURN(kernel::EntityBlock block, kernel::DecodeBlock(*program_, *bytes));
  auto loaded = std::make_shared<OnlineEntity>();
  loaded->rows =
      std::make_shared<const kernel::SourceRows>(kernel::PrepareBlock(*program_, std::move(block)));
  loaded->bytes = 256 + kernel::MemoryBytes(*loaded->rows);
  return loaded;
}

}  // namespace millpond::platform
