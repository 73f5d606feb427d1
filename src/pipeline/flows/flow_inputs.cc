#include "pipeline/flows/flow_inputs.h"

#include <arrow/type.h>

#include <algorithm>
#include <set>

#include "base/log.h"
#include "data/catalog/catalog.h"
#include "data/delta/rows/scan.h"
#include "pipeline/sources/column_list.h"

namespace millpond::pipeline {
namespace {

constexpr size_t kSegmentsPerEpoch = 1000;
constexpr std::string_view kPushKey = "push ";

std::shared_ptr<const data::DeletionVector> VectorOf(const data::AddFile& add) {
  if (!add.deletion_vector.has_value()) return nullptr;
  return std::make_shared<data::DeletionVector>(*add.deletion_vector);
}

bool Holds(const data::FileList& files, const data::AddFile& add) {
  return files.Find(add.path, VectorOf(add).get()).has_value();
}

// Which version it was that took rows away.
std::string WhichVersion(data::DeltaTable& table, int64_t from, int64_t to) {
  for (int64_t version = from + 1; version <= to; ++version) {
    auto before = table.AtVersion(version - 1), after = table.AtVersion(version);
    if (!before.has_value() || !after.has_value()) break;
    for (size_t i = 0; i < (*before)->files().size(); ++i) {
      if (!Holds((*after)->files(), (*before)->files().add(i))) return std::to_string(version);
    }
  }
  return fmt::format("{} to {}", from + 1, to);
}

// The files of `to` that `from` (null: nothing) does not have.
Result<std::vector<size_t>> AddedFiles(const data::TableName& name, data::DeltaTable& table,
                                       const data::Snapshot* from, const data::Snapshot& to) {
  std::vector<size_t> added;
  for (size_t i = 0; i < to.files().size(); ++i) {
    if (from == nullptr || !Holds(from->files(), to.files().add(i))) added.push_back(i);
  }
  if (from == nullptr || added.size() + from->files().size() == to.files().size()) return added;
  return Fail(ErrorKind::kInvalidArgument,
              "version {1} of table {0} took away or rewrote rows that a STREAM of it has read; a "
              "STREAM can only follow a table to which rows are appended. Refresh the reading "
              "table: millpond run --full-refresh NAME",
              name.ToString(), WhichVersion(table, from->version(), to.version()));
}

class Planner {
 public:
  Planner(data::Catalog& catalog, const EpochPlan* last,
          const std::map<std::string, PlannedFile>& seen)
      : catalog_(catalog), last_(last), seen_(seen) {}

  Result<PlannedInput> Plan(const FlowInput& input) {
    PlannedInput planned;
    planned.key = input.Key();
    planned.stream = input.stream;
    const PlannedInput* before = Before(planned);
    Status status = [&] {
      if (input.is_table()) return Table(input, before, planned);
      if (input.kind == FlowInput::Kind::kPush) return Pushed(input, before, planned);
      return Files(input, before, planned);
    }();
    if (!status.has_value()) {
      return std::unexpected(std::move(status).error().WithContext(input.place));
    }
    return planned;
  }

  bool has_new = false, more = false;

 private:
  const PlannedInput* Before(const PlannedInput& planned) const {
    if (last_ == nullptr) return nullptr;
    for (const auto* inputs : {&last_->inputs, &last_->earlier}) {
      for (const PlannedInput& input : *inputs) {
        if (input.key == planned.key && input.stream == planned.stream) return &input;
      }
    }
    return nullptr;
  }

  Status Files(const FlowInput& input, const PlannedInput* before, PlannedInput& planned) {
    MP_ASSIGN_OR_RETURN(auto files, ListSourceFiles(catalog_.workspace(), input.call.pattern,
                                                    input.call.recursive));
    std::map<std::string, PlannedFile> known;
    if (!input.stream && before != nullptr) {
      for (const PlannedFile& file : before->files) known.emplace(file.name, file);
    }
    std::vector<SourceFile> chosen;
    for (const SourceFile& file : files) {
      auto read = seen_.find(file.name);
      if (input.stream && read != seen_.end()) {
        MP_RETURN_IF_ERROR(CheckUnchanged(file, read->second));
        continue;
      }
      if (input.stream && !taken_.insert(file.name).second) {
        return Fail(ErrorKind::kInvalidArgument,
                    "file {} is read by two STREAM read_files of this flow; let their paths differ",
                    file.name);
      }
      if (input.stream &&
          static_cast<int64_t>(planned.files.size()) == input.call.max_files_per_epoch) {
        more = true;
        break;
      }
      PlannedFile one{file.name, file.size_bytes, file.modified, 0};
      auto same = known.find(file.name);
      if (same != known.end() && same->second.size_bytes == one.size_bytes &&
          same->second.modified == one.modified) {
        one.crc = same->second.crc;
      } else {
        MP_ASSIGN_OR_RETURN(one.crc, FileChecksum(catalog_.workspace().env, file));
      }
      planned.files.push_back(std::move(one));
      chosen.push_back(file);
    }
    if (input.stream && !planned.files.empty()) has_new = true;
    // The types that were found in the first files hold for all later ones.
    bool inferred = input.call.format.schema == nullptr;
    if (input.stream && inferred && before != nullptr && !before->schema.empty()) {
      planned.schema = before->schema;
    } else {
      auto schema = SchemaOfFiles(catalog_.workspace().env, input.call.format,
                                  chosen.empty() ? files : chosen);
      if (!schema.has_value()) return std::unexpected(schema.error());
      FileFormat without = input.call.format;
      planned.schema = FormatColumnList(**schema).value_or("");
    }
    return OkStatus();
  }

  Status Pushed(const FlowInput& input, const PlannedInput* before, PlannedInput& planned) {
    MP_ASSIGN_OR_RETURN(auto segments, ListSegments(catalog_.workspace(), input.push.name));
    planned.read_through.emplace();
    if (before != nullptr) planned.read_through = before->read_through;
    for (const SourceFile& segment : segments) {
      if (before != nullptr && IsRead(*before->read_through, segment.name)) continue;
      if (planned.files.size() == kSegmentsPerEpoch) {
        more = true;
        break;
      }
      MP_ASSIGN_OR_RETURN(uint32_t crc, FileChecksum(catalog_.workspace().env, segment));
      planned.files.push_back({segment.name, segment.size_bytes, segment.modified, crc});
      NoteRead(segment.name, *planned.read_through);
    }
    if (!planned.files.empty()) has_new = true;
    MP_ASSIGN_OR_RETURN(planned.schema, FormatColumnList(*input.push.schema));
    return OkStatus();
  }

  Status CheckUnchanged(const SourceFile& file, const PlannedFile& read) const {
    if (file.size_bytes == read.size_bytes) {
      if (file.modified == read.modified) return OkStatus();
      MP_ASSIGN_OR_RETURN(uint32_t crc, FileChecksum(catalog_.workspace().env, file));
      if (crc == read.crc) return OkStatus();
    }
    return Fail(ErrorKind::kInvalidArgument,
                "file {} changed after it was read ({} bytes then, {} now). A STREAM reads each "
                "file once: put new rows into a new file and restore this one, or read everything "
                "again with millpond run --full-refresh NAME",
                file.name, read.size_bytes, file.size_bytes);
  }

  Status Table(const FlowInput& input, const PlannedInput* before, PlannedInput& planned) {
    auto opened = catalog_.OpenTable(input.table);
    if (!opened.has_value() && opened.error().kind() == ErrorKind::kNotFound) {
      return Fail(
          ErrorKind::kNotFound,
          "there is no table {}, and no statement of transformations/ makes it: correct the "
          "name, or make the table first",
          input.table.ToString());
    }
    MP_ASSIGN_OR_RETURN(data::DeltaTable table, std::move(opened));
    auto& latest = latest_[input.table];  // two mentions read up to the same version
    if (latest == nullptr) {
      MP_ASSIGN_OR_RETURN(latest, table.Latest());
    }
    planned.table_id = latest->metadata().id;
    planned.to_version = latest->version();
    if (!input.stream) return OkStatus();
    std::shared_ptr<const data::Snapshot> from;
    if (before != nullptr) {
      if (before->table_id != planned.table_id) {
        return Fail(ErrorKind::kInvalidArgument,
                    "table {} is another one than the table this flow has read so far (it was "
                    "dropped and made again); run --full-refresh",
                    input.table.ToString());
      }
      planned.from_version = before->to_version;
      if (before->to_version == planned.to_version) return OkStatus();
      MP_ASSIGN_OR_RETURN(from, table.AtVersion(before->to_version));
    }
    MP_ASSIGN_OR_RETURN(auto added, AddedFiles(input.table, table, from.get(), *latest));
    if (!added.empty()) has_new = true;
    return OkStatus();
  }

  data::Catalog& catalog_;
  const EpochPlan* last_;
  const std::map<std::string, PlannedFile>& seen_;
  std::set<std::string> taken_;
  std::map<data::TableName, std::shared_ptr<const data::Snapshot>> latest_;
};

// The streams of `last` that `inputs` does not read.
std::vector<PlannedInput> EarlierStreams(const EpochPlan& last,
                                         const std::vector<PlannedInput>& inputs) {
  std::vector<PlannedInput> earlier;
  auto among = [](const std::vector<PlannedInput>& list, const PlannedInput& input) {
    return std::any_of(list.begin(), list.end(), [&](const PlannedInput& other) {
      return other.stream && other.key == input.key;
    });
  };
  for (const auto* list : {&last.inputs, &last.earlier}) {
    for (const PlannedInput& input : *list) {
      if (!input.stream || among(inputs, input) || among(earlier, input)) continue;
      earlier.push_back(input);
      earlier.back().files.clear();
    }
  }
  return earlier;
}

// The planned files as they lie there now; a changed one is an error.
Result<std::vector<SourceFile>> FindFiles(const data::Workspace& workspace, const FlowInput& input,
                                          const PlannedInput& planned) {
  std::vector<SourceFile> files;
  std::string folder = input.kind == FlowInput::Kind::kPush ? SpoolDir(workspace, input.push.name)
                                                            : workspace.project_dir;
  for (const PlannedFile& file : planned.files) {
    std::string path = file.name.starts_with('/') ? file.name : JoinPath(folder, file.name);
    auto info = workspace.env.fs.Stat(path);
    SourceFile found{file.name, path, file.size_bytes, file.modified};
    bool same = info.has_value() && info->size_bytes == file.size_bytes;
    if (same && info->modified != file.modified) {
      MP_ASSIGN_OR_RETURN(uint32_t crc, FileChecksum(workspace.env, found));
      same = crc == file.crc;
    }
    if (!info.has_value() && info.error().kind() != ErrorKind::kNotFound) {
      return std::unexpected(info.error());
    }
    if (!same) {
      return Fail(ErrorKind::kInvalidArgument,
                  "file {} {} since an epoch that reads it was planned, and that epoch has not "
                  "committed; put it back ({} bytes), or run --full-refresh",
                  file.name, info.has_value() ? "changed" : "vanished", file.size_bytes);
    }
    files.push_back(std::move(found));
  }
  return files;
}

Result<std::shared_ptr<arrow::Schema>> FilesSchema(const data::Workspace& workspace,
                                                   const FlowInput& input,
                                                   const PlannedInput& planned,
                                                   const std::vector<SourceFile>& files) {
  if (!planned.schema.empty()) return ParseColumnList(planned.schema);
  return SchemaOfFiles(workspace.env, input.call.format, files);
}

}  // namespace

Result<InputsPlan> PlanInputs(data::Catalog& catalog, const FlowQuery& query, const EpochPlan* last,
                              const std::map<std::string, PlannedFile>& seen) {
  Planner planner(catalog, last, seen);
  InputsPlan plan;
  for (const FlowInput& input : query.inputs) {
    MP_ASSIGN_OR_RETURN(PlannedInput planned, planner.Plan(input));
    plan.inputs.push_back(std::move(planned));
  }
  if (last != nullptr) plan.earlier = EarlierStreams(*last, plan.inputs);
  plan.has_new = planner.has_new;
  plan.more = planner.more;
  return plan;
}

void RemoveReadSegments(data::Catalog& catalog, const EpochPlan& committed) {
  const data::Workspace& workspace = catalog.workspace();
  for (const PlannedInput& input : committed.inputs) {
    if (!input.read_through.has_value()) continue;
    auto name = data::ParseTableName(std::string_view(input.key).substr(kPushKey.size()));
    if (!name.has_value()) continue;
    auto segments = ListSegments(workspace, *name);
    if (!segments.has_value()) continue;
    for (const SourceFile& segment : *segments) {
      if (!IsRead(*input.read_through, segment.name)) continue;
      Status removed = workspace.env.fs.Remove(segment.path);
      if (removed.has_value() || removed.error().kind() == ErrorKind::kNotFound) continue;
      LogWarn("pipeline", "{} is read and committed, but stays there: {}", segment.path,
              removed.error().ToString());
    }
  }
}

Status CheckInputs(data::Catalog& catalog, const FlowQuery& query,
                   const std::vector<PlannedInput>& inputs) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    const FlowInput& input = query.inputs[i];
    if (!input.is_table()) {
      auto files = FindFiles(catalog.workspace(), input, inputs[i]);
      if (!files.has_value()) return std::unexpected(files.error());
      continue;
    }
    MP_ASSIGN_OR_RETURN(auto table, catalog.OpenTable(input.table));
    MP_ASSIGN_OR_RETURN(auto snapshot, table.Latest());
    if (snapshot->metadata().id == inputs[i].table_id) continue;
    return Fail(ErrorKind::kInvalidArgument,
                "table {} was dropped and made again since an epoch that reads it was planned",
                input.table.ToString());
  }
  return OkStatus();
}

Result<bool> TablesMoved(data::Catalog& catalog, const FlowQuery& query,
                         const std::vector<PlannedInput>& inputs) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    const FlowInput& input = query.inputs[i];
    if (!input.is_table() || input.stream || input.fixed_version) continue;
    MP_ASSIGN_OR_RETURN(auto table, catalog.OpenTable(input.table));
    MP_ASSIGN_OR_RETURN(auto snapshot, table.Latest());
    if (snapshot->version() != inputs[i].to_version) return true;
  }
  return false;
}

Result<std::shared_ptr<arrow::Schema>> InputSchema(data::Catalog& catalog, const FlowInput& input,
                                                   const PlannedInput& planned) {
  if (!input.is_table()) {
    std::vector<SourceFile> files;
    if (planned.schema.empty()) {
      MP_ASSIGN_OR_RETURN(files, FindFiles(catalog.workspace(), input, planned));
    }
    return FilesSchema(catalog.workspace(), input, planned, files);
  }
  MP_ASSIGN_OR_RETURN(auto table, catalog.OpenTable(input.table));
  MP_ASSIGN_OR_RETURN(auto snapshot, table.AtVersion(planned.to_version));
  return snapshot->arrow_schema();
}

Result<std::shared_ptr<arrow::RecordBatchReader>> OpenInput(data::Catalog& catalog,
                                                            const FlowInput& input,
                                                            const PlannedInput& planned) {
  const data::Workspace& workspace = catalog.workspace();
  if (!input.is_table()) {
    MP_ASSIGN_OR_RETURN(auto files, FindFiles(workspace, input, planned));
    MP_ASSIGN_OR_RETURN(auto schema, FilesSchema(workspace, input, planned, files));
    if (input.kind == FlowInput::Kind::kPush) {
      return ScanSegments(workspace.env, schema, std::move(files));
    }
    return ScanFiles(workspace.env, input.call.format, std::move(files), std::move(schema));
  }
  MP_ASSIGN_OR_RETURN(auto table, catalog.OpenTable(input.table));
  MP_ASSIGN_OR_RETURN(auto to, table.AtVersion(planned.to_version));
  if (to->metadata().id != planned.table_id) {
    return Fail(ErrorKind::kInvalidArgument,
                "table {} was dropped and made again since an epoch that reads it was planned; run "
                "--full-refresh",
                input.table.ToString());
  }
  std::shared_ptr<const data::Snapshot> from;
  if (planned.from_version >= 0) {
    MP_ASSIGN_OR_RETURN(from, table.AtVersion(planned.from_version));
  }
  MP_ASSIGN_OR_RETURN(auto added, AddedFiles(input.table, table, from.get(), *to));
  data::ScanOptions options;
  options.files = std::move(added);
  return data::ScanTable(workspace.env, to, std::move(options));
}

}  // namespace millpond::pipeline
