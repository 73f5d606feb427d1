#include "data/delta/log/file_list.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/log.h"
#include "data/delta/log/file_chunk.h"
#include "data/delta/metadata/column_mapping.h"

namespace millpond::data {
namespace {

// A leaf by its names: its type, and the names in the log. Null type: no such leaf.
struct Leaf {
  const DataType* type = nullptr;
  std::vector<std::string> path;
  bool was_float = false;  // a double that files may hold, and spell, as a float
};

bool WasFloat(const StructField& field) {
  if (field.type.kind() != TypeKind::kDouble) return false;
  const auto changes = field.metadata.find("delta.typeChanges");
  return changes != field.metadata.end() && changes->second.contains("\"float\"");
}

// 0.1 as a float is a little more than as a double: the bounds hold both.
void HoldFloats(FileBounds& bounds) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  if (auto* min = std::get_if<double>(&bounds.min)) {
    *min = std::min(*min, double{std::nextafterf(static_cast<float>(*min), -kInfinity)});
  }
  if (auto* max = std::get_if<double>(&bounds.max)) {
    *max = std::max(*max, double{std::nextafterf(static_cast<float>(*max), kInfinity)});
  }
}

Leaf FindLeaf(const Schema& schema, const std::vector<std::string>& column) {
  const std::vector<StructField>* fields = &schema.fields();
  Leaf leaf;
  for (const std::string& name : column) {
    if (fields == nullptr) return {};
    const auto field = std::ranges::find_if(
        *fields, [&](const StructField& candidate) { return EqualNames(candidate.name, name); });
    if (field == fields->end()) return {};
    leaf.type = &field->type;
    leaf.was_float = WasFloat(*field);
    leaf.path.push_back(PhysicalName(*field));
    fields = field->type.kind() == TypeKind::kStruct ? &field->type.fields() : nullptr;
  }
  return leaf;
}

}  // namespace

struct ColumnBounds::Part {
  std::shared_ptr<const BoundsColumn> column;
  std::shared_ptr<const std::vector<uint32_t>> live_rows;
  size_t first;
};

FileBounds ColumnBounds::at(size_t i) const {
  if (parts_ == nullptr) return {};
  auto part = std::ranges::upper_bound(*parts_, i, {}, &Part::first);
  --part;
  const size_t row = i - part->first;
  FileBounds bounds = part->column->Get(part->live_rows == nullptr ? row : (*part->live_rows)[row]);
  if (was_float_) HoldFloats(bounds);
  return bounds;
}

FileList::FileList() : FileList(std::string(), std::make_shared<Schema>()) {}

FileList::FileList(std::string table_path, std::shared_ptr<const Schema> schema)
    : table_path_(std::move(table_path)), schema_(std::move(schema)) {
  totals_ = CarryTotals();
}

FileList::FileList(std::string table_path, std::shared_ptr<const Schema> schema,
                   std::shared_ptr<const FileChunk> chunk)
    : FileList(std::move(table_path), std::move(schema)) {
  if (chunk->size() > 0) AddChunk(std::move(chunk));
  Count();
}

FileList::Row FileList::At(size_t i) const {
  size_t part = parts_.size() - 1;
  if (i >= parts_.front().first + parts_.front().live) {
    while (parts_[part].first > i) --part;
  } else {
    part = 0;
  }
  const size_t row = i - parts_[part].first;
  const auto& live_rows = parts_[part].live_rows;
  return {static_cast<uint32_t>(part),
          live_rows == nullptr ? static_cast<uint32_t>(row) : (*live_rows)[row]};
}

std::string FileList::path(size_t i) const {
  return ResolveDataPath(table_path_, log_path(i));
}

std::string_view FileList::log_path(size_t i) const {
  const Row at = At(i);
  return ChunkOf(at).log_path(at.row);
}

int64_t FileList::size_bytes(size_t i) const {
  const Row at = At(i);
  return ChunkOf(at).size_bytes(at.row);
}

int64_t FileList::modification_time_ms(size_t i) const {
  const Row at = At(i);
  return ChunkOf(at).modification_time_ms(at.row);
}

std::optional<int64_t> FileList::num_records(size_t i) const {
  const Row at = At(i);
  const int64_t count = ChunkOf(at).num_records(at.row);
  if (count < 0) return std::nullopt;
  return count;
}

const DeletionVector* FileList::deletion_vector(size_t i) const {
  const Row at = At(i);
  return ChunkOf(at).deletion_vector(at.row);
}

std::optional<int64_t> FileList::base_row_id(size_t i) const {
  const Row at = At(i);
  return ChunkOf(at).base_row_id(at.row);
}

std::optional<int64_t> FileList::default_row_commit_version(size_t i) const {
  const Row at = At(i);
  return ChunkOf(at).default_row_commit_version(at.row);
}

std::optional<std::string_view> FileList::partition_value(size_t i, std::string_view column) const {
  const Row at = At(i);
  const PartitionValues& values = ChunkOf(at).partition_values(at.row);
  if (values.empty()) return std::nullopt;
  auto named = [&](std::string_view name) {
    return std::ranges::find_if(values,
                                [&](const auto& entry) { return EqualNames(entry.first, name); });
  };
  const StructField* field = schema_->Find(std::string(column));
  auto found = named(field == nullptr ? std::string(column) : PhysicalName(*field));
  if (found == values.end() || !found->second || found->second->empty()) return std::nullopt;
  return std::string_view(*found->second);
}

FileBounds FileList::bounds(size_t i, const std::vector<std::string>& column) const {
  const Leaf leaf = FindLeaf(*schema_, column);
  if (leaf.type == nullptr) return {};
  const Row at = At(i);
  FileBounds bounds = ChunkOf(at).bounds(leaf.path, *leaf.type)->Get(at.row);
  if (leaf.was_float) HoldFloats(bounds);
  return bounds;
}

ColumnBounds FileList::Bounds(const std::vector<std::string>& column) const {
  ColumnBounds bounds;
  const Leaf leaf = FindLeaf(*schema_, column);
  if (leaf.type == nullptr || parts_.empty()) return bounds;
  auto parts = std::make_shared<std::vector<ColumnBounds::Part>>();
  for (const Part& part : parts_) {
    parts->push_back({part.chunk->bounds(leaf.path, *leaf.type), part.live_rows, part.first});
  }
  bounds.parts_ = std::move(parts);
  bounds.was_float_ = leaf.was_float;
  return bounds;
}

bool FileList::has_outside_paths() const {
  return std::ranges::any_of(parts_, [](const Part& p) { return p.chunk->has_outside_paths(); });
}

Result<AddFile> FileList::ReadAdd(size_t i) const {
  const Row at = At(i);
  return ChunkOf(at).add(at.row);
}

AddFile FileList::add(size_t i) const {
  auto add = ReadAdd(i);
  if (add.has_value()) return std::move(*add);
  const Row at = At(i);
  LogWarn("data", "the statistics of {} are not there any more: {}", path(i),
          add.error().ToString());
  return ChunkOf(at).AddWithoutStats(at.row);
}

std::optional<FileList::Row> FileList::Locate(std::string_view key) const {
  for (size_t p = parts_.size(); p-- > 0;) {
    auto row = parts_[p].chunk->Find(key);
    if (!row) continue;
    if (parts_[p].dead != nullptr && (*parts_[p].dead)[*row]) continue;
    return Row{static_cast<uint32_t>(p), *row};
  }
  return std::nullopt;
}

std::optional<size_t> FileList::Find(std::string_view path, const DeletionVector* vector) const {
  auto at = Locate(FileKey(table_path_, path, vector));
  if (!at) return std::nullopt;
  const Part& part = parts_[at->part];
  if (part.live_rows == nullptr) return part.first + at->row;
  const auto found = std::ranges::lower_bound(*part.live_rows, at->row);
  return part.first + static_cast<size_t>(found - part.live_rows->begin());
}

namespace {

std::shared_ptr<const std::vector<uint32_t>> LiveRows(const std::vector<bool>& dead, size_t live) {
  auto rows = std::make_shared<std::vector<uint32_t>>();
  rows->reserve(live);
  for (uint32_t row = 0; row < dead.size(); ++row) {
    if (!dead[row]) rows->push_back(row);
  }
  return rows;
}

}  // namespace

void FileList::KillRows(const std::vector<std::string>& keys) {
  std::vector<std::shared_ptr<std::vector<bool>>> changed(parts_.size());
  FileTotals* totals = known_totals();
  for (const auto& key : keys) {
    auto at = Locate(key);
    if (!at) continue;
    Part& part = parts_[at->part];
    auto& dead = changed[at->part];
    if (dead == nullptr) {
      dead = part.dead != nullptr ? std::make_shared<std::vector<bool>>(*part.dead)
                                  : std::make_shared<std::vector<bool>>(part.chunk->size());
      part.dead = dead;
    }
    (*dead)[at->row] = true;
    --part.live;
    const int64_t bytes = part.chunk->size_bytes(at->row);
    total_bytes_ -= bytes;
    if (totals != nullptr) totals->Count(bytes, part.chunk->deletion_vector(at->row), -1);
  }
  for (size_t p = 0; p < parts_.size(); ++p) {
    if (changed[p] != nullptr) parts_[p].live_rows = LiveRows(*changed[p], parts_[p].live);
  }
  std::erase_if(parts_, [](const Part& part) { return part.live == 0; });
}

// Keeps the number of parts logarithmic: each part at least twice as large as the one after it. A
// chunk whose statistics are in a file stays as it is.
void FileList::MergeSmallParts() {
  auto should_merge = [&] {
    const size_t n = parts_.size();
    return n >= 2 && parts_[n - 2].live < 2 * parts_[n - 1].live &&
           parts_[n - 2].chunk->in_memory() && parts_[n - 1].chunk->in_memory();
  };
  while (should_merge()) {
    std::vector<AddFile> adds;
    for (size_t p = parts_.size() - 2; p < parts_.size(); ++p) {
      for (size_t row = 0; row < parts_[p].chunk->size(); ++row) {
        if (parts_[p].dead != nullptr && (*parts_[p].dead)[row]) continue;
        auto add = parts_[p].chunk->add(row);  // in memory: does not fail
        if (add.has_value()) adds.push_back(std::move(*add));
      }
    }
    parts_.resize(parts_.size() - 2);
    const size_t live = adds.size();
    parts_.push_back(
        {std::make_shared<FileChunk>(table_path_, std::move(adds)), nullptr, nullptr, live, 0});
  }
}

void FileList::Count() {
  size_ = 0;
  for (Part& part : parts_) {
    part.first = size_;
    size_ += part.live;
  }
}

void FileList::AddChunk(std::shared_ptr<const FileChunk> chunk) {
  Part part{std::move(chunk), nullptr, nullptr, 0, 0};
  const FileChunk& rows = *part.chunk;
  part.live = rows.size();
  if (!rows.shadowed().empty()) {
    auto dead = std::make_shared<std::vector<bool>>(rows.size());
    for (uint32_t row : rows.shadowed()) (*dead)[row] = true;
    part.live -= rows.shadowed().size();
    part.live_rows = LiveRows(*dead, part.live);
    part.dead = std::move(dead);
  }
  FileTotals* totals = known_totals();
  for (size_t row = 0; row < rows.size(); ++row) {
    if (part.dead != nullptr && (*part.dead)[row]) continue;
    total_bytes_ += rows.size_bytes(row);
    if (totals != nullptr) totals->Count(rows.size_bytes(row), rows.deletion_vector(row), 1);
  }
  parts_.push_back(std::move(part));
}

FileList FileList::With(std::vector<AddFile> added, const std::vector<std::string>& removed,
                        std::shared_ptr<const Schema> schema) const {
  FileList next = *this;
  next.totals_ = CarryTotals();
  next.schema_ = std::move(schema);
  std::vector<std::string> gone = removed;
  if (!parts_.empty()) {  // an add of a file that is there replaces it
    for (const auto& add : added) {
      gone.push_back(
          FileKey(table_path_, add.path, add.deletion_vector ? &*add.deletion_vector : nullptr));
    }
  }
  next.KillRows(gone);
  if (!added.empty()) {
    next.AddChunk(std::make_shared<FileChunk>(table_path_, std::move(added)));
    next.MergeSmallParts();
  }
  next.Count();
  return next;
}

int64_t FileList::memory_bytes() const {
  int64_t total = 0;
  for (const auto& part : parts_) {
    total += part.chunk->memory_bytes();
    if (part.dead != nullptr) total += static_cast<int64_t>(part.dead->size() / 8);
    if (part.live_rows != nullptr) total += static_cast<int64_t>(part.live_rows->size() * 4);
  }
  return total;
}

}  // namespace millpond::data
