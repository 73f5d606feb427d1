#include "data/delta/care/vacuum_keep.h"

#include <algorithm>

#include "data/delta/log/checkpoint_reader.h"
#include "data/delta/log/data_paths.h"
#include "data/delta/metadata/properties.h"
#include "data/delta/metadata/protocol.h"
#include "data/delta/rows/deletion_vector.h"

namespace millpond::data {
namespace {

uint64_t HashOf(std::string_view path) {
  return std::hash<std::string_view>()(path);
}

// "a//b/./c" -> "a/b/c".
std::string Plain(std::string_view path) {
  std::string plain;
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (part.empty() || part == ".") continue;
    if (!plain.empty()) plain += '/';
    plain += part;
  }
  return plain;
}

}  // namespace

int64_t DeletedFileRetentionMillis(const Snapshot& snapshot) {
  static constexpr int64_t kWeek = 7LL * 24 * 3600 * 1000;
  const auto text = snapshot.property(property::kDeletedFileRetention);
  return text ? ParseInterval(*text).value_or(kWeek) : kWeek;
}

Result<std::optional<std::string>> KeptFiles::PlaceInTable(const std::string& log_path) const {
  const std::string path = ResolveDataPath(table_path_, log_path);
  if (!LeavesTableFolder(log_path)) return Plain(path.substr(table_path_.size()));
  MP_ASSIGN_OR_RETURN(const std::string canonical, CanonicalPath(path));
  if (!IsUnder(canonical, canonical_)) return std::nullopt;
  return Plain(canonical.substr(canonical_.size()));
}

Result<std::optional<std::string>> KeptFiles::PlaceInTable(const DeletionVector& vector) const {
  if (vector.storage_type == "i") return std::nullopt;
  MP_ASSIGN_OR_RETURN(const std::string path, DeletionVectorPath(table_path_, vector));
  if (vector.storage_type == "u") return Plain(path.substr(table_path_.size()));
  MP_ASSIGN_OR_RETURN(const std::string canonical, CanonicalPath(path));
  if (!IsUnder(canonical, canonical_)) return std::nullopt;
  return Plain(canonical.substr(canonical_.size()));
}

Status KeptFiles::Add(const std::string& log_path, const DeletionVector* vector,
                      std::vector<uint64_t>& hashes) const {
  MP_ASSIGN_OR_RETURN(const auto place, PlaceInTable(log_path));
  if (place) hashes.push_back(HashOf(*place));
  if (vector == nullptr) return OkStatus();
  MP_ASSIGN_OR_RETURN(const auto vector_place, PlaceInTable(*vector));
  if (vector_place) hashes.push_back(HashOf(*vector_place));
  return OkStatus();
}

Status KeptFiles::AddAll(const Snapshot& version, std::vector<uint64_t>& hashes) const {
  const FileList& files = version.files();
  for (size_t i = 0; i < files.size(); ++i) {
    MP_RETURN_IF_ERROR(Add(std::string(files.log_path(i)), files.deletion_vector(i), hashes));
  }
  return OkStatus();
}

Status KeptFiles::Take(std::vector<uint64_t> hashes) {
  std::ranges::sort(hashes);
  hashes.erase(std::ranges::unique(hashes).begin(), hashes.end());
  const auto bytes = static_cast<int64_t>(hashes.size() * sizeof(uint64_t));
  MP_ASSIGN_OR_RETURN(
      auto memory, env_.arbiter.Reserve(ResourceClass::kCare, bytes, "vacuum of " + table_path_));
  hashes_ = std::move(hashes);
  memory_ = std::move(memory);
  return OkStatus();
}

Result<KeptFiles> KeptFiles::Of(const Environment& env, const Snapshot& latest, int64_t cutoff_ms) {
  KeptFiles kept(env);
  kept.table_path_ = latest.path();
  MP_ASSIGN_OR_RETURN(kept.canonical_, CanonicalPath(latest.path()));
  std::vector<uint64_t> hashes;
  MP_RETURN_IF_ERROR(kept.AddAll(latest, hashes));
  const auto add = [&](const RemoveFile& remove) -> Status {
    if (remove.deletion_timestamp_ms.value_or(0) <= cutoff_ms) return OkStatus();
    return kept.Add(remove.path, remove.deletion_vector ? &*remove.deletion_vector : nullptr,
                    hashes);
  };
  for (const auto& batch : latest.state().tombstones) {
    for (const RemoveFile& remove : *batch) MP_RETURN_IF_ERROR(add(remove));
  }
  for (const std::string& path : latest.origin().checkpoint_files) {
    MP_RETURN_IF_ERROR(ReadCheckpointRemoves(env, path, add));
  }
  MP_RETURN_IF_ERROR(kept.Take(std::move(hashes)));
  return kept;
}

Result<int64_t> KeptFiles::Hold(const Snapshot& version) {
  std::vector<uint64_t> hashes;
  MP_RETURN_IF_ERROR(AddAll(version, hashes));
  std::ranges::sort(hashes);
  hashes.erase(std::ranges::unique(hashes).begin(), hashes.end());
  std::erase_if(hashes,
                [this](uint64_t hash) { return std::ranges::binary_search(hashes_, hash); });
  const auto held = static_cast<int64_t>(hashes.size());
  hashes.insert(hashes.end(), hashes_.begin(), hashes_.end());
  memory_ = MemoryReservation();
  MP_RETURN_IF_ERROR(Take(std::move(hashes)));
  return held;
}

bool KeptFiles::Contains(std::string_view relative) const {
  return std::ranges::binary_search(hashes_, HashOf(relative));
}

}  // namespace millpond::data
