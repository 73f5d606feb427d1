#include "data/delta/rows/missing_files.h"

#include "data/delta/log/table.h"
#include "data/delta/rows/deletion_vector.h"

namespace millpond::data {
namespace {

// What is looked at to tell which versions remain.
constexpr int64_t kVersionsLookedAt = 20;
constexpr size_t kFilesLookedAt = 10'000;

// Where a file and its deletion vector ("": none, or none outside the log) are.
struct Places {
  std::string file, vector;
};

Result<Places> PlacesOf(const Snapshot& snapshot, size_t file) {
  Places places{snapshot.files().path(file), ""};
  if (const DeletionVector* vector = snapshot.files().deletion_vector(file)) {
    MP_ASSIGN_OR_RETURN(places.vector, DeletionVectorPath(snapshot.path(), *vector));
  }
  return places;
}

bool IsWhole(const Environment& env, const Snapshot& snapshot) {
  const auto is_there = [&](const std::string& path) {
    return path.empty() || env.fs.FileExists(path).value_or(true);
  };
  for (size_t i = 0; i < snapshot.files().size(); ++i) {
    const auto places = PlacesOf(snapshot, i);
    if (!places.has_value() || !is_there(places->file) || !is_there(places->vector)) return false;
  }
  return true;
}

}  // namespace

Error FileIsGone(const Environment& env, const Snapshot& snapshot, const std::string& path) {
  return FileIsGone(env, snapshot.path(), snapshot.version(), path);
}

Error FileIsGone(const Environment& env, const std::string& table_path, int64_t version,
                 const std::string& path) {
  // Clean-up takes old files, so what surely remains is a run of versions up to the newest.
  std::string remedy = "bring it back from a copy";
  auto table = DeltaTable::Open(env, table_path);
  auto newest = table.has_value() ? table->Latest() : nullptr;
  int64_t first = -1, last = -1;
  if (newest.has_value() && *newest != nullptr && (*newest)->files().size() <= kFilesLookedAt) {
    last = (*newest)->version();
    for (int64_t at = last; at >= 0 && last - at < kVersionsLookedAt; --at) {
      auto candidate = table->AtVersion(at);
      if (!candidate.has_value() || !IsWhole(env, **candidate)) break;
      first = at;
    }
  }
  if (first >= 0) remedy = fmt::format("versions {} to {} can be read", first, last);
  return Error(ErrorKind::kNotFound,
               fmt::format("a file of table {} version {} is gone, by VACUUM or by hand: {}; {}",
                           table_path, version, path, remedy));
}

Status CheckFilesThere(const Environment& env, const Snapshot& snapshot,
                       const std::vector<size_t>& files, std::string_view what) {
  int64_t gone = 0;
  std::string first;
  for (const size_t file : files) {
    MP_RETURN_IF_ERROR(env.cancellation.Check());
    MP_ASSIGN_OR_RETURN(const Places places, PlacesOf(snapshot, file));
    for (const std::string& path : {places.file, places.vector}) {
      if (path.empty()) continue;
      MP_ASSIGN_OR_RETURN(const bool there, env.fs.FileExists(path));
      if (!there && gone++ == 0) first = path;
    }
  }
  if (gone == 0) return OkStatus();
  return std::unexpected(
      FileIsGone(env, snapshot, first)
          .WithContext(
              fmt::format("version {} cannot be {}, {} of the files that it needs {} missing",
                          snapshot.version(), what, gone, gone == 1 ? "is" : "are")));
}

}  // namespace millpond::data
