#include "data/delta/care/vacuum_find.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "data/delta/log/data_paths.h"
#include "data/delta/log/file_list.h"
#include "data/delta/log/log_store.h"
#include "data/delta/metadata/actions_json.h"
#include "data/delta/metadata/column_mapping.h"

namespace millpond::data {
namespace {

class Walk {
 public:
  Walk(const Environment& env, const Snapshot& latest, const KeptFiles& kept, int64_t cutoff_ms,
       const OnGarbage& found)
      : env_(env), latest_(latest), kept_(kept), cutoff_ms_(cutoff_ms), found_(found) {}

  Status Run() {
    MP_ASSIGN_OR_RETURN(canonical_, CanonicalPath(latest_.path()));
    MP_RETURN_IF_ERROR(Folder(""));
    return OkStatus();
  }

 private:
  bool IsHidden(std::string_view name) const {
    if (!name.starts_with('_') && !name.starts_with('.')) return false;
    if (name == "_change_data") return false;
    for (const std::string& column : latest_.metadata().partition_columns) {
      const StructField* field = latest_.schema().Find(column);
      for (const std::string& spelled : {column, field ? PhysicalName(*field) : column}) {
        if (name.starts_with(spelled) && name.substr(spelled.size()).starts_with('=')) return false;
      }
    }
    return true;
  }

  // Whether nothing stays in it.
  Result<bool> Folder(const std::string& relative) {
    MP_RETURN_IF_ERROR(env_.cancellation.Check());
    const std::string path = relative.empty() ? latest_.path() : JoinPath(latest_.path(), relative);
    auto listed = env_.fs.List(path);
    if (!listed.has_value()) {
      // Somebody else removed it meanwhile.
      if (!relative.empty() && listed.error().kind() == ErrorKind::kNotFound) return false;
      return std::unexpected<Error>(std::move(listed).error());
    }
    bool empty = true;
    for (const FileInfo& file : *listed) {
      const std::string_view name = FileName(file.path);
      if (IsHidden(name)) {
        empty = false;
        continue;
      }
      const std::string place = relative.empty() ? std::string(name) : JoinPath(relative, name);
      bool goes = file.modified / kMicrosPerMilli <= cutoff_ms_;
      if (file.is_directory) {
        MP_ASSIGN_OR_RETURN(const std::string canonical, CanonicalPath(file.path));
        const bool is_link = canonical != JoinPath(canonical_, place);
        MP_ASSIGN_OR_RETURN(const bool left_empty, is_link ? Result<bool>(false) : Folder(place));
        goes = goes && left_empty;
      } else {
        goes = goes && !kept_.Contains(place);
      }
      if (goes) MP_RETURN_IF_ERROR(found_({place, file.size_bytes, file.is_directory}));
      empty = empty && goes;
    }
    return empty;
  }

  const Environment& env_;
  const Snapshot& latest_;
  const KeptFiles& kept_;
  int64_t cutoff_ms_;
  const OnGarbage& found_;
  std::string canonical_;
};

// Oldest first, up to the latest version.
Status ForEachCommit(const Environment& env, const LogStore& log, const LogListing& listing,
                     const Snapshot& latest,
                     const std::function<Status(int64_t version, Action)>& visit) {
  for (const auto& [version, file] : listing.commits) {
    if (version > latest.version()) break;
    MP_RETURN_IF_ERROR(env.cancellation.Check());
    auto bytes = log.ReadCommit(version);
    // Clean-up of the log took it since the listing.
    if (!bytes.has_value() && bytes.error().kind() == ErrorKind::kNotFound) continue;
    MP_RETURN_IF_ERROR(bytes);
    MP_RETURN_IF_ERROR(ParseCommit(
        *bytes, file.path, [&](Action action) { return visit(version, std::move(action)); }));
  }
  return OkStatus();
}

bool Expired(const RemoveFile& remove, int64_t cutoff_ms) {
  return remove.deletion_timestamp_ms.value_or(0) <= cutoff_ms;
}

// From when to when the files lived that may go: a file with a deletion vector is needed from the
// commit that put the two together to the one that parted them.
class Lifetimes {
 public:
  Lifetimes(const Environment& env, const Snapshot& latest, const KeptFiles& kept,
            int64_t cutoff_ms)
      : env_(env), table_path_(latest.path()), kept_(kept), cutoff_ms_(cutoff_ms) {}

  Status Visit(int64_t version, const Action& action) {
    if (const auto* add = std::get_if<AddFile>(&action)) return Begin(version, *add);
    if (const auto* remove = std::get_if<RemoveFile>(&action)) return End(version, *remove);
    return OkStatus();
  }

  // The versions of first … last in which any of them lived.
  std::vector<VersionRange> Within(int64_t first, int64_t last) const {
    std::vector<VersionRange> ranges;
    int64_t alive = 0;
    for (auto step = steps_.begin(); step != steps_.end(); ++step) {
      alive += step->second;
      if (alive == 0) continue;  // until the next step
      const int64_t from = std::max(step->first, first);
      const int64_t to = std::min(std::next(step)->first - 1, last);
      if (from > to) continue;
      if (!ranges.empty() && ranges.back().last + 1 == from) {
        ranges.back().last = to;
      } else {
        ranges.push_back({from, to});
      }
    }
    return ranges;
  }

 private:
  static constexpr int64_t kEntryBytes = 48;  // of a hash table's

  template <typename File>
  Result<bool> Goes(const File& file) const {
    MP_ASSIGN_OR_RETURN(auto place, kept_.PlaceInTable(file.path));
    if (place && !kept_.Contains(*place)) return true;
    if (!file.deletion_vector) return false;
    MP_ASSIGN_OR_RETURN(place, kept_.PlaceInTable(*file.deletion_vector));
    return place && !kept_.Contains(*place);
  }

  template <typename File>
  size_t KeyOf(const File& file) const {
    return std::hash<std::string>()(
        FileKey(table_path_, file.path, file.deletion_vector ? &*file.deletion_vector : nullptr));
  }

  Status Begin(int64_t version, const AddFile& add) {
    MP_ASSIGN_OR_RETURN(const bool goes, Goes(add));
    if (!goes) return OkStatus();
    begun_.try_emplace(KeyOf(add), version);
    if (const auto bytes = static_cast<int64_t>(begun_.size()) * kEntryBytes;
        bytes > memory_.bytes()) {
      memory_ = MemoryReservation();
      MP_ASSIGN_OR_RETURN(memory_, env_.arbiter.Reserve(ResourceClass::kCare, 2 * bytes,
                                                        "vacuum of " + table_path_));
    }
    return OkStatus();
  }

  Status End(int64_t version, const RemoveFile& remove) {
    if (!Expired(remove, cutoff_ms_)) return OkStatus();
    MP_ASSIGN_OR_RETURN(const bool goes, Goes(remove));
    if (!goes) return OkStatus();
    const auto begun = begun_.find(KeyOf(remove));
    ++steps_[begun == begun_.end() ? 0 : begun->second];  // 0: before what the log still tells
    --steps_[version];
    if (begun != begun_.end()) begun_.erase(begun);
    return OkStatus();
  }

  const Environment& env_;
  std::string table_path_;
  const KeptFiles& kept_;
  int64_t cutoff_ms_;
  std::unordered_map<size_t, int64_t> begun_;  // key -> version
  MemoryReservation memory_;                   // of begun_
  std::map<int64_t, int64_t> steps_;           // version -> by how many more live from there on
};

}  // namespace

Status FindByListing(const Environment& env, const Snapshot& latest, const KeptFiles& kept,
                     int64_t cutoff_ms, const OnGarbage& found) {
  return Walk(env, latest, kept, cutoff_ms, found).Run();
}

Status FindInLog(const Environment& env, const Snapshot& latest, const KeptFiles& kept,
                 int64_t cutoff_ms, const OnGarbage& found) {
  std::unordered_set<uint64_t> seen;
  const auto offer = [&](const std::optional<std::string>& place) -> Status {
    if (!place || kept.Contains(*place)) return OkStatus();
    if (!seen.insert(std::hash<std::string>()(*place)).second) return OkStatus();
    const auto file = env.fs.Stat(JoinPath(latest.path(), *place));
    if (!file.has_value()) {
      if (file.error().kind() == ErrorKind::kNotFound) return OkStatus();
      return std::unexpected<Error>(file.error());
    }
    if (file->is_directory || file->modified / kMicrosPerMilli > cutoff_ms) return OkStatus();
    return found({*place, file->size_bytes, false});
  };
  const LogStore log(env, latest.path(), nullptr);
  MP_ASSIGN_OR_RETURN(const LogListing listing, log.List());
  return ForEachCommit(env, log, listing, latest, [&](int64_t, const Action& action) -> Status {
    if (const auto* change = std::get_if<CdcFile>(&action)) {
      MP_ASSIGN_OR_RETURN(const auto place, kept.PlaceInTable(change->path));
      return offer(place);
    }
    const auto* remove = std::get_if<RemoveFile>(&action);
    if (remove == nullptr || !Expired(*remove, cutoff_ms)) return OkStatus();
    MP_ASSIGN_OR_RETURN(const auto place, kept.PlaceInTable(remove->path));
    MP_RETURN_IF_ERROR(offer(place));
    if (!remove->deletion_vector) return OkStatus();
    MP_ASSIGN_OR_RETURN(const auto vector, kept.PlaceInTable(*remove->deletion_vector));
    return offer(vector);
  });
}

Result<std::vector<VersionRange>> FindLostVersions(const Environment& env, const Snapshot& latest,
                                                   const KeptFiles& kept, int64_t cutoff_ms) {
  const LogStore log(env, latest.path(), nullptr);
  MP_ASSIGN_OR_RETURN(const LogListing listing, log.List());
  Lifetimes lifetimes(env, latest, kept, cutoff_ms);
  MP_RETURN_IF_ERROR(ForEachCommit(
      env, log, listing, latest,
      [&](int64_t version, const Action& action) { return lifetimes.Visit(version, action); }));
  return lifetimes.Within(std::max<int64_t>(listing.earliest(), 0), latest.version());
}

}  // namespace millpond::data
