// After a view's live version its source may only grow: a row that was removed or rewritten later
// was seen by a server until then, and this version of Millpond keeps no history of rows. So the
// log is read from the live version on, and any removed file is refused with its version.
#include "platform/features/view_binding.h"

#include <map>
#include <utility>

#include "platform/features/source_commits.h"
#include "platform/features/view_compiler.h"

namespace millpond::platform {
namespace {

Result<std::shared_ptr<const data::Snapshot>> PinnedSnapshot(data::DeltaTable& table,
                                                             const data::TableName& name,
                                                             const TrainingOptions& options) {
  for (const auto& [written, version] : options.versions) {
    MP_ASSIGN_OR_RETURN(data::TableName pinned, data::ParseTableName(written));
    if (data::EqualNames(pinned.ToString(), name.ToString())) return table.AtVersion(version);
  }
  if (options.as_of) return table.AtTime(*options.as_of);
  return table.Latest();
}

// Commit time by version, for versions in (from, to].
Result<std::map<int64_t, Micros>> CommitTimes(data::Catalog& catalog, data::DeltaTable& table,
                                              const data::TableName& name,
                                              const std::string& table_id, int64_t from,
                                              int64_t to) {
  std::map<int64_t, Micros> times;
  MP_RETURN_IF_ERROR(catalog.commits().Reconcile(name));
  MP_ASSIGN_OR_RETURN(auto records, catalog.commits().EventsSince(0));
  for (const data::CommitRecord& record : records) {
    if (record.table_id == table_id && record.version > from && record.version <= to) {
      times[record.version] = record.commit_time;
    }
  }
  if (static_cast<int64_t>(times.size()) == to - from) return times;
  MP_ASSIGN_OR_RETURN(auto history, table.History(-1));
  for (const data::HistoryEntry& entry : history) {
    if (entry.version > from && entry.version <= to) times[entry.version] = entry.timestamp;
  }
  return times;
}

Status RefuseRemoves(const Environment& env, const FeatureView& view,
                     const data::Snapshot& snapshot, int64_t live_version) {
  MP_ASSIGN_OR_RETURN_CONTEXT(
      auto commits, ReadSourceCommits(env, snapshot.path(), live_version, snapshot.version()),
      "feature view {} is live since version {} of {}, so the log must show that rows were only "
      "added since",
      view.name, live_version, view.source);
  for (const SourceCommit& commit : commits) {
    if (commit.removes) return std::unexpected(NotAppendOnly(view, live_version, commit));
  }
  return OkStatus();
}

Result<std::vector<Micros>> CommitFloors(data::Catalog& catalog, data::DeltaTable& table,
                                         const data::TableName& name, const ViewBinding& binding) {
  const data::FileList& files = binding.snapshot->files();
  std::vector<Micros> floors(files.size(), INT64_MIN);
  const int64_t version = binding.snapshot->version();
  if (!binding.live || version <= binding.live->version) return floors;
  MP_RETURN_IF_ERROR(
      RefuseRemoves(table.environment(), binding.view, *binding.snapshot, binding.live->version));
  MP_ASSIGN_OR_RETURN(auto times, CommitTimes(catalog, table, name, binding.snapshot->metadata().id,
                                              binding.live->version, version));
  for (size_t i = 0; i < files.size(); ++i) {
    const std::optional<int64_t> committed = files.add(i).default_row_commit_version;
    if (!committed) {
      return Fail(ErrorKind::kCorrupt,
                  "file {} of {} does not say in which version its rows were committed, though the "
                  "table tracks rows: another program added it against the protocol",
                  files.path(i), binding.view.source);
    }
    if (*committed <= binding.live->version) continue;
    const auto time = times.find(*committed);
    if (time == times.end()) {
      return Fail(ErrorKind::kCorrupt, "the time of version {} of {} is not known any more",
                  *committed, binding.view.source);
    }
    floors[i] = time->second;
  }
  return floors;
}

}  // namespace

Result<std::shared_ptr<const kernel::FeatureProgram>> ProgramOf(const FeatureView& view,
                                                                const data::Schema& source) {
  const data::SourceText text(view.file, view.text);
  MP_ASSIGN_OR_RETURN(std::vector<ViewStatement> statements, ParseViewFile(text));
  if (statements.size() != 1) {
    return Fail(ErrorKind::kCorrupt, "the stored text of feature view {} is not one statement",
                view.name);
  }
  MP_ASSIGN_OR_RETURN_CONTEXT(auto program, CompileView(statements.front(), source),
                              "while compiling feature view {} (version {})", view.name,
                              view.version);
  if (CanonicalText(*program) != view.canonical) {
    return Fail(
        ErrorKind::kInvalidArgument,
        "feature view {} (version {}) means something else since the columns of {} changed: "
        "create it again (CREATE OR REPLACE FEATURE VIEW) to make a new version",
        view.name, view.version, view.source);
  }
  return program;
}

Result<ViewBinding> BindView(data::Catalog& catalog, const FeatureView& view,
                             const TrainingOptions& options, const FindLive& live) {
  MP_ASSIGN_OR_RETURN(data::TableName name, data::ParseTableName(view.source));
  MP_ASSIGN_OR_RETURN_CONTEXT(data::DeltaTable table, catalog.OpenTable(name),
                              "the source of feature view {}", view.name);
  ViewBinding binding{.view = view, .program = {}, .snapshot = {}, .live = {}, .commit_floor = {}};
  MP_ASSIGN_OR_RETURN(binding.snapshot, PinnedSnapshot(table, name, options));
  MP_ASSIGN_OR_RETURN(binding.program, ProgramOf(view, binding.snapshot->schema()));
  MP_ASSIGN_OR_RETURN(binding.live, live(binding.snapshot->metadata().id));
  MP_ASSIGN_OR_RETURN(binding.commit_floor, CommitFloors(catalog, table, name, binding));
  return binding;
}

}  // namespace millpond::platform
