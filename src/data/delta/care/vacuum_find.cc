#include "data/delta/care/vacuum_find.h"

#include <unordered_set>

#include "data/delta/log/data_paths.h"
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

Status ForEachCommit(const Environment& env, const Snapshot& latest,
                     const std::function<Status(int64_t version, Action)>& visit) {
  const LogStore log(env, latest.path(), nullptr);
  MP_ASSIGN_OR_RETURN(const LogListing listing, log.List());
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
  return ForEachCommit(env, latest, [&](int64_t, const Action& action) -> Status {
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

Result<WholeVersions> FindWholeVersions(const Environment& env, const Snapshot& latest,
                                        const KeptFiles& kept, int64_t cutoff_ms) {
  int64_t first = -1, oldest = latest.version();
  MP_RETURN_IF_ERROR(
      ForEachCommit(env, latest, [&](int64_t version, const Action& action) -> Status {
        oldest = std::min(oldest, version);
        const auto* remove = std::get_if<RemoveFile>(&action);
        if (remove == nullptr || version <= first || !Expired(*remove, cutoff_ms)) {
          return OkStatus();
        }
        MP_ASSIGN_OR_RETURN(auto place, kept.PlaceInTable(remove->path));
        bool goes = place && !kept.Contains(*place);
        if (!goes && remove->deletion_vector) {
          MP_ASSIGN_OR_RETURN(place, kept.PlaceInTable(*remove->deletion_vector));
          goes = place && !kept.Contains(*place);
        }
        if (goes) first = version;
        return OkStatus();
      }));
  return WholeVersions{oldest, std::max(first, oldest)};
}

}  // namespace millpond::data
