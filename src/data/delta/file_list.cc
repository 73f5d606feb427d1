#include "data/delta/file_list.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "data/delta/column_mapping.h"
#include "data/delta/file_chunk_internal.h"

namespace millpond::data {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

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

// A leaf by its names: its type, and the names as statistics spell them. Null type: no such leaf.
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

std::string ResolveDataPath(std::string_view table_path, std::string_view log_path) {
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

FileList::FileList() : schema_(std::make_shared<Schema>()) {}

FileList::FileList(std::string table_path, std::shared_ptr<const Schema> schema)
    : table_path_(std::move(table_path)), schema_(std::move(schema)) {}

std::string FileList::path(size_t i) const {
  return ResolveDataPath(table_path_, log_path(i));
}

std::string_view FileList::log_path(size_t i) const {
  return parts_[rows_[i].chunk].chunk->log_path(rows_[i].row);
}

int64_t FileList::size_bytes(size_t i) const {
  return parts_[rows_[i].chunk].chunk->size_bytes(rows_[i].row);
}

int64_t FileList::modification_time_ms(size_t i) const {
  return parts_[rows_[i].chunk].chunk->modification_time_ms(rows_[i].row);
}

std::optional<int64_t> FileList::num_records(size_t i) const {
  int64_t count = parts_[rows_[i].chunk].chunk->num_records(rows_[i].row);
  if (count < 0) return std::nullopt;
  return count;
}

const DeletionVector* FileList::deletion_vector(size_t i) const {
  return parts_[rows_[i].chunk].chunk->deletion_vector(rows_[i].row);
}

std::optional<std::string_view> FileList::partition_value(size_t i, std::string_view column) const {
  const StructField* field = schema_->Find(column);
  const std::string key = field == nullptr ? std::string(column) : PhysicalName(*field);
  for (const auto& [name, value] : parts_[rows_[i].chunk].chunk->partition_values(rows_[i].row)) {
    if (!EqualNames(name, key)) continue;
    if (!value || value->empty()) return std::nullopt;
    return std::string_view(*value);
  }
  return std::nullopt;
}

FileBounds FileList::bounds(size_t i, const std::vector<std::string>& column) const {
  Leaf leaf = FindLeaf(*schema_, column);
  if (leaf.type == nullptr) return {};
  FileBounds bounds = parts_[rows_[i].chunk].chunk->bounds(rows_[i].row, leaf.path, *leaf.type);
  if (leaf.was_float) HoldFloats(bounds);
  return bounds;
}

bool FileList::has_outside_paths() const {
  return std::ranges::any_of(parts_, [](const Part& p) { return p.chunk->has_outside_paths(); });
}

AddFile FileList::add(size_t i) const {
  return parts_[rows_[i].chunk].chunk->add(rows_[i].row);
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
  auto before = [](const Row& a, const Row& b) {
    return std::pair(a.chunk, a.row) < std::pair(b.chunk, b.row);
  };
  auto found = std::lower_bound(rows_.begin(), rows_.end(), *at, before);
  return static_cast<size_t>(found - rows_.begin());
}

void FileList::KillRows(const std::vector<std::string>& keys) {
  std::vector<std::shared_ptr<std::vector<bool>>> changed(parts_.size());
  for (const auto& key : keys) {
    auto at = Locate(key);
    if (!at) continue;
    Part& part = parts_[at->chunk];
    auto& dead = changed[at->chunk];
    if (dead == nullptr) {
      dead = part.dead != nullptr ? std::make_shared<std::vector<bool>>(*part.dead)
                                  : std::make_shared<std::vector<bool>>(part.chunk->size());
      part.dead = dead;
    }
    (*dead)[at->row] = true;
    --part.live;
    total_bytes_ -= part.chunk->size_bytes(at->row);
  }
  std::erase_if(parts_, [](const Part& part) { return part.live == 0; });
}

// Keeps the number of parts logarithmic: each part at least twice as large as the one after it.
void FileList::MergeSmallParts() {
  auto should_merge = [&] {
    size_t n = parts_.size();
    return n >= 2 && parts_[n - 2].live < 2 * parts_[n - 1].live;
  };
  while (should_merge()) {
    std::vector<AddFile> adds;
    for (size_t p = parts_.size() - 2; p < parts_.size(); ++p) {
      for (size_t row = 0; row < parts_[p].chunk->size(); ++row) {
        if (parts_[p].dead != nullptr && (*parts_[p].dead)[row]) continue;
        adds.push_back(parts_[p].chunk->add(row));
      }
    }
    parts_.pop_back();
    size_t live = adds.size();
    parts_.back() = {std::make_shared<FileChunk>(table_path_, std::move(adds)), nullptr, live};
  }
}

void FileList::BuildRows() {
  rows_.clear();
  size_t total = 0;
  for (const auto& part : parts_) total += part.live;
  rows_.reserve(total);
  for (size_t p = 0; p < parts_.size(); ++p) {
    for (size_t row = 0; row < parts_[p].chunk->size(); ++row) {
      if (parts_[p].dead != nullptr && (*parts_[p].dead)[row]) continue;
      rows_.push_back({static_cast<uint32_t>(p), static_cast<uint32_t>(row)});
    }
  }
}

FileList FileList::With(std::vector<AddFile> added, const std::vector<std::string>& removed,
                        std::shared_ptr<const Schema> schema) const {
  FileList next = *this;
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
    auto chunk = std::make_shared<FileChunk>(table_path_, std::move(added));
    Part part{chunk, nullptr, chunk->size()};
    for (size_t row = 0; row < chunk->size(); ++row) next.total_bytes_ += chunk->size_bytes(row);
    if (!chunk->shadowed().empty()) {
      auto dead = std::make_shared<std::vector<bool>>(chunk->size());
      for (uint32_t row : chunk->shadowed()) {
        (*dead)[row] = true;
        --part.live;
        next.total_bytes_ -= chunk->size_bytes(row);
      }
      part.dead = std::move(dead);
    }
    next.parts_.push_back(std::move(part));
    next.MergeSmallParts();
  }
  next.BuildRows();
  return next;
}

int64_t FileList::memory_bytes() const {
  auto total = static_cast<int64_t>(rows_.capacity() * sizeof(Row));
  for (const auto& part : parts_) {
    total += part.chunk->memory_bytes();
    if (part.dead != nullptr) total += static_cast<int64_t>(part.dead->size() / 8);
  }
  return total;
}

}  // namespace millpond::data
