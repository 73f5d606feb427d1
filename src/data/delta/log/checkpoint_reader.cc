#include "data/delta/log/checkpoint_reader.h"

#include <arrow/record_batch.h>

#include <algorithm>

#include "data/delta/log/checkpoint_actions_internal.h"
#include "data/delta/log/checkpoint_adds_internal.h"
#include "data/delta/log/checkpoint_stats_internal.h"
#include "data/delta/log/file_chunk.h"
#include "data/parquet/reader.h"

namespace millpond::data {
namespace {

using Reader = std::shared_ptr<const ParquetReader>;

Result<Reader> OpenPart(const Environment& env, const std::string& path) {
  MP_ASSIGN_OR_RETURN(auto file, ParquetReader::Open(env, path, 32 * 1024, /*verify_pages=*/true));
  return Reader(std::move(file));
}

bool IsJson(const std::string& path) {
  return path.ends_with(".json");
}

// The leaves of the columns that hold anything in the row group, by the footer. A column stays
// whole: a map without its values is no map.
std::vector<int> LeavesWithValues(const ParquetReader& file, int row_group,
                                  const std::vector<std::string>& columns) {
  std::vector<int> kept;
  for (const std::string& column : columns) {
    const auto leaves = file.LeavesUnder({column});
    const bool empty =
        std::ranges::all_of(leaves, [&](int leaf) { return file.AllNull(row_group, leaf); });
    if (!empty) kept.insert(kept.end(), leaves.begin(), leaves.end());
  }
  std::ranges::sort(kept);
  return kept;
}

Status ForEachBatch(const Environment& env, const ParquetReader& part, int row_group,
                    const std::vector<int>& leaves,
                    const std::function<Status(const arrow::RecordBatch&)>& visit) {
  if (leaves.empty()) return OkStatus();
  MP_ASSIGN_OR_RETURN(auto file, part.Again());
  MP_ASSIGN_OR_RETURN(auto reader, file->Read(leaves, {row_group}));
  while (true) {
    MP_RETURN_IF_ERROR(env.cancellation.Check());
    MP_ASSIGN_OR_RETURN(auto batch, file->Next(*reader));
    if (batch == nullptr) return OkStatus();
    MP_RETURN_IF_ERROR_CONTEXT(visit(*batch), "checkpoint {}", part.path());
  }
}

// One row group with adds, on its way into the chunk.
struct AddPiece {
  Reader file;
  int row_group = 0;
  FileColumns columns = {};
  std::vector<std::string> stats = {};
};

class Loader {
 public:
  Loader(const Environment& env, const std::string& table_path, int64_t version)
      : env_(env), table_path_(table_path), version_(version) {}

  Result<CheckpointContent> Load(const CheckpointFiles& files, int64_t stats_in_memory) {
    MP_RETURN_IF_ERROR(ReadTops(files));
    MP_RETURN_IF_ERROR(CheckTop(files));
    MP_RETURN_IF_ERROR(OpenSidecars(files.front()));
    CheckpointContent content;
    content.actions = std::move(top_.actions);
    MP_ASSIGN_OR_RETURN(content.files, ReadAdds(stats_in_memory));
    const auto adds = static_cast<int64_t>(content.files->size());
    if (top_.num_adds.value_or(adds) != adds) {
      return Fail(ErrorKind::kCorrupt, "checkpoint {} has {} files and says that it has {}",
                  files.front(), adds, *top_.num_adds);
    }
    content.paths = std::move(paths_);
    return content;
  }

 private:
  Status ReadTops(const CheckpointFiles& files) {
    for (const auto& path : files) {
      paths_.push_back(path);
      if (IsJson(path)) {
        MP_ASSIGN_OR_RETURN(const std::string bytes, env_.fs.ReadFile(path));
        MP_RETURN_IF_ERROR(ParseCheckpointTop(bytes, path, &top_, [&](Action action) {
          if (auto* add = std::get_if<AddFile>(&action)) inline_adds_.push_back(std::move(*add));
          return OkStatus();
        }));
        continue;
      }
      MP_ASSIGN_OR_RETURN(auto file, OpenPart(env_, path));
      parts_.push_back(std::move(file));
    }
    struct Group {
      Reader file;
      int row_group;
      std::vector<int> leaves;
      CheckpointTop found = {};
    };
    std::vector<Group> groups;
    for (const Reader& part : parts_) {
      for (int group = 0; group < part->num_row_groups(); ++group) {
        auto leaves = LeavesWithValues(*part, group, SmallActionColumns());
        if (!leaves.empty()) groups.push_back({part, group, std::move(leaves)});
      }
    }
    MP_RETURN_IF_ERROR(env_.pool.ParallelFor(groups.size(), [&](size_t g) {
      Group& group = groups[g];
      return ForEachBatch(
          env_, *group.file, group.row_group, group.leaves,
          [&](const arrow::RecordBatch& batch) { return ReadSmallActions(batch, &group.found); });
    }));
    for (Group& group : groups) {
      std::ranges::move(group.found.actions, std::back_inserter(top_.actions));
      std::ranges::move(group.found.sidecars, std::back_inserter(top_.sidecars));
      if (group.found.v2_version) top_.v2_version = group.found.v2_version;
    }
    return OkStatus();
  }

  Status CheckTop(const CheckpointFiles& files) const {
    const auto kind = ParseLogFileName(FileName(files.front()))->kind;
    const bool must_be_v2 = kind == LogFileName::Kind::kV2Checkpoint || !top_.sidecars.empty();
    if (must_be_v2 && !top_.v2_version) {
      return Fail(ErrorKind::kCorrupt, "checkpoint {} lacks the action 'checkpointMetadata'",
                  files.front());
    }
    if (top_.v2_version && *top_.v2_version != version_) {
      return Fail(ErrorKind::kCorrupt, "checkpoint {} says that it is of version {}", files.front(),
                  *top_.v2_version);
    }
    return OkStatus();
  }

  Status OpenSidecars(const std::string& top) {
    const size_t first = parts_.size();
    parts_.resize(first + top_.sidecars.size());
    for (const Sidecar& sidecar : top_.sidecars) {
      paths_.push_back(SidecarPath(ParentPath(top), sidecar.name));
    }
    const size_t first_path = paths_.size() - top_.sidecars.size();
    return env_.pool.ParallelFor(top_.sidecars.size(), [&](size_t s) -> Status {
      const std::string& path = paths_[first_path + s];
      const int64_t expected = top_.sidecars[s].size_bytes;
      MP_ASSIGN_OR_RETURN(const FileInfo info, env_.fs.Stat(path));
      if (expected >= 0 && info.size_bytes != expected) {
        return Fail(ErrorKind::kCorrupt, "sidecar {} has {} bytes, checkpoint {} says {}", path,
                    info.size_bytes, top, expected);
      }
      MP_ASSIGN_OR_RETURN(parts_[first + s], OpenPart(env_, path));
      return OkStatus();
    });
  }

  Result<std::shared_ptr<const FileChunk>> ReadAdds(int64_t stats_in_memory) {
    if (!inline_adds_.empty()) {
      if (!top_.sidecars.empty()) {
        return Fail(ErrorKind::kCorrupt, "checkpoint {} has file actions inline and in sidecars",
                    paths_.front());
      }
      return std::make_shared<const FileChunk>(table_path_, std::move(inline_adds_));
    }
    std::vector<AddPiece> pieces;
    int64_t rows = 0;
    for (const Reader& part : parts_) {
      const auto path = part->LeavesUnder({"add.path"});
      for (int group = 0; group < part->num_row_groups(); ++group) {
        if (path.empty() || part->AllNull(group, path.front())) continue;
        pieces.push_back({part, group});
        rows += part->rows_in_group(group);
      }
    }
    const bool take_stats = rows <= stats_in_memory;
    MP_RETURN_IF_ERROR(env_.pool.ParallelFor(
        pieces.size(), [&](size_t p) { return ReadPiece(take_stats, &pieces[p]); }));
    return MakeChunk(take_stats, pieces);
  }

  Status ReadPiece(bool take_stats, AddPiece* piece) const {
    const ParquetReader& file = *piece->file;
    auto leaves = LeavesWithValues(file, piece->row_group, AddColumns());
    if (take_stats) {
      auto stats = file.LeavesUnder({"add.stats"});
      if (stats.empty()) stats = file.LeavesUnder({"add.stats_parsed"});
      leaves.insert(leaves.end(), stats.begin(), stats.end());
      std::ranges::sort(leaves);
      const auto repeated = std::ranges::unique(leaves);
      leaves.erase(repeated.begin(), repeated.end());
    }
    AddAppender appender(table_path_);
    MP_RETURN_IF_ERROR(
        ForEachBatch(env_, file, piece->row_group, leaves, [&](const arrow::RecordBatch& batch) {
          return appender.Append(batch, take_stats ? &piece->stats : nullptr);
        }));
    piece->columns = appender.Finish();
    return OkStatus();
  }

  std::shared_ptr<const FileChunk> MakeChunk(bool take_stats, std::vector<AddPiece>& pieces) const {
    FileColumns columns;
    std::vector<CheckpointStats::Piece> places;
    size_t paths = 0, rows = 0;
    for (const AddPiece& piece : pieces) {
      paths += piece.columns.paths.size();
      rows += piece.columns.size();
    }
    auto texts = std::make_unique<PackedStats>(rows);
    if (!pieces.empty()) pieces.front().columns.paths.reserve(paths);
    for (AddPiece& piece : pieces) {
      places.push_back({piece.file, piece.row_group, columns.size(), piece.columns.size()});
      columns.Join(std::move(piece.columns));
      piece.columns = FileColumns();
      for (const std::string& json : piece.stats) texts->Append(json);
      piece.stats.clear();
    }
    std::unique_ptr<StatsSource> stats;
    if (take_stats) {
      texts->Finish();
      stats = std::move(texts);
    } else {
      stats = std::make_unique<CheckpointStats>(env_.pool, std::move(places));
    }
    return std::make_shared<const FileChunk>(table_path_, std::move(columns), std::move(stats));
  }

  const Environment& env_;
  const std::string& table_path_;
  int64_t version_;
  CheckpointTop top_;
  std::vector<AddFile> inline_adds_;
  std::vector<Reader> parts_;
  std::vector<std::string> paths_;
};

}  // namespace

Result<CheckpointContent> ReadCheckpoint(const Environment& env, const std::string& table_path,
                                         int64_t version, const CheckpointFiles& files,
                                         int64_t files_with_stats_in_memory) {
  return Loader(env, table_path, version).Load(files, files_with_stats_in_memory);
}

Status ReadCheckpointRemoves(const Environment& env, const std::string& path,
                             const std::function<Status(RemoveFile)>& sink) {
  if (IsJson(path)) {
    MP_ASSIGN_OR_RETURN(const std::string bytes, env.fs.ReadFile(path));
    CheckpointTop top;
    return ParseCheckpointTop(bytes, path, &top, [&](Action action) {
      auto* remove = std::get_if<RemoveFile>(&action);
      return remove == nullptr ? OkStatus() : sink(std::move(*remove));
    });
  }
  MP_ASSIGN_OR_RETURN(auto part, OpenPart(env, path));
  for (int group = 0; group < part->num_row_groups(); ++group) {
    const auto leaves = LeavesWithValues(*part, group, {"remove"});
    MP_RETURN_IF_ERROR(
        ForEachBatch(env, *part, group, leaves,
                     [&](const arrow::RecordBatch& batch) { return ReadRemoves(batch, sink); }));
  }
  return OkStatus();
}

Result<std::vector<std::string>> ReadSidecarNames(const Environment& env, const std::string& path) {
  CheckpointTop top;
  if (IsJson(path)) {
    MP_ASSIGN_OR_RETURN(const std::string bytes, env.fs.ReadFile(path));
    MP_RETURN_IF_ERROR(
        ParseCheckpointTop(bytes, path, &top, [](const Action&) { return OkStatus(); }));
  } else {
    MP_ASSIGN_OR_RETURN(auto part, OpenPart(env, path));
    for (int group = 0; group < part->num_row_groups(); ++group) {
      const auto leaves = LeavesWithValues(*part, group, {"sidecar"});
      MP_RETURN_IF_ERROR(ForEachBatch(
          env, *part, group, leaves,
          [&](const arrow::RecordBatch& batch) { return ReadSmallActions(batch, &top); }));
    }
  }
  std::vector<std::string> names;
  for (Sidecar& sidecar : top.sidecars) names.push_back(std::move(sidecar.name));
  return names;
}

}  // namespace millpond::data
