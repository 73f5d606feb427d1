#include "platform/features/online_feeder.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "data/catalog/catalog.h"
#include "platform/features/row_range_writer.h"
#include "platform/features/source_commits.h"

namespace millpond::platform {
namespace {

// More entities of one late commit are not kept: then it counts against all.
constexpr size_t kMaxLateEntities = 10'000;

// Answers from now on are marked if T - settle reaches `until`.
void MarkFrom(OnlineView& view, Micros until, const std::string& problem = "") {
  OnlineHead head = *view.head();
  head.applied_through = std::min(head.applied_through, until - 1);
  if (!problem.empty()) head.problem = problem;
  view.Publish(std::move(head));
}

// The view stays as it is; its answers are marked from the moment `stamp` on.
Status Halt(OnlineView& view, Micros stamp, Error error) {
  const bool known = view.head()->problem == error.ToString();
  MarkFrom(view, stamp, error.ToString());
  if (!known)
    LogWarn("features", "feature view {} is not fed any more: {}", view.definition().name,
            error.ToString());
  return std::unexpected(std::move(error));
}

Micros FirstStamp(const std::vector<SourceCommit>& commits) {
  return std::ranges::min(commits, {}, &SourceCommit::stamp).stamp;
}

}  // namespace

Status OnlineFeeder::Build(OnlineView& view, const ViewBinding& binding, Micros applied_through) {
  const Environment& env = features_.catalog().workspace().env;
  RowRangeWriter writer(env, store_, view, options_);
  MP_RETURN_IF_ERROR(writer.Clear());
  for (size_t file = 0; file < binding.snapshot->files().size(); ++file) {
    MP_RETURN_IF_ERROR(writer.AddFile(binding.snapshot, file, binding.commit_floor[file]));
  }
  return writer.Finish(binding.snapshot->version(), applied_through);
}

Status OnlineFeeder::Rebuild(OnlineView& view) {
  const FeatureView& definition = view.definition();
  LogWarn("features", "the online state of feature view {} is built again from {}", definition.name,
          definition.source);
  const Micros now = features_.catalog().workspace().env.clock.Now();
  MP_ASSIGN_OR_RETURN(auto bindings, features_.Bind({definition.name}, {}));
  if (bindings.front().view.version != definition.version) {
    return Fail(ErrorKind::kConflict,
                "feature view {} was defined again while its version {} was served: restart the "
                "server to serve the new one",
                definition.name, definition.version);
  }
  return Build(view, bindings.front(), now);
}

Status OnlineFeeder::Advance(OnlineView& view, bool serving) {
  data::Catalog& catalog = features_.catalog();
  if (view.TakeRebuildWish() || !view.record().complete) return Rebuild(view);
  const Micros looked_at = catalog.workspace().env.clock.Now();
  MP_ASSIGN_OR_RETURN(data::TableName name, data::ParseTableName(view.definition().source));
  MP_ASSIGN_OR_RETURN(data::DeltaTable table, catalog.OpenTable(name));
  MP_ASSIGN_OR_RETURN(auto snapshot, table.Latest());
  if (snapshot->metadata().id != view.live().table_id) {
    return Halt(view, looked_at,
                Error(ErrorKind::kConflict,
                      fmt::format("table {} was dropped and made again: restart the server to "
                                  "serve feature view {} over the new one",
                                  view.definition().source, view.definition().name)));
  }
  OnlineHead head = *view.head();
  if (snapshot->version() < head.version) return Rebuild(view);
  if (snapshot->version() > head.version) {
    return Apply(view, snapshot, looked_at, serving);
  }
  head.applied_through = std::max(head.applied_through, looked_at);
  head.problem.clear();
  view.Publish(std::move(head));
  return OkStatus();
}

Status OnlineFeeder::Apply(OnlineView& view, std::shared_ptr<const data::Snapshot> snapshot,
                           Micros looked_at, bool serving) {
  const Environment& env = features_.catalog().workspace().env;
  const int64_t from = view.head()->version;
  MP_ASSIGN_OR_RETURN(auto commits,
                      ReadSourceCommits(env, snapshot->path(), from, snapshot->version()));
  MarkFrom(view, FirstStamp(commits));
  const Micros seen = env.clock.Now();
  bool new_metadata = false;
  for (const SourceCommit& commit : commits) {
    new_metadata = new_metadata || commit.changes_metadata;
    if (!commit.removes) continue;
    return Halt(view, commit.stamp, NotAppendOnly(view.definition(), view.live().version, commit));
  }
  if (new_metadata) {
    if (auto program = ProgramOf(view.definition(), snapshot->schema()); !program) {
      return Halt(view, FirstStamp(commits), std::move(program).error());
    }
  }
  RowRangeWriter writer(env, store_, view, options_);
  for (const SourceCommit& commit : commits) {
    const Micros settle = view.definition().settle;
    const bool late = serving && seen >= commit.stamp + settle;
    LateCommit record{.view = view.definition().name,
                      .table_id = view.live().table_id,
                      .version = commit.version,
                      .stamp = commit.stamp,
                      .seen = seen,
                      .settle = settle,
                      .all_entities = false,
                      .entities = {}};
    for (const std::string& path : commit.added) {
      const auto file = snapshot->files().Find(path);
      if (!file) {
        return Fail(ErrorKind::kCorrupt, "version {} of {} added {}, which version {} lacks",
                    commit.version, view.definition().source, path, snapshot->version());
      }
      MP_RETURN_IF_ERROR(
          writer.AddFile(snapshot, *file, commit.stamp, late ? &record.entities : nullptr));
    }
    if (!late) continue;
    if (record.entities.size() > kMaxLateEntities) {
      record.all_entities = true;
      record.entities.clear();
    }
    // Durable before any answer may have the rows.
    MP_RETURN_IF_ERROR(features_.RecordLate(record));
    view.metrics().late_commits.Add();
  }
  return writer.Finish(snapshot->version(), looked_at);
}

}  // namespace millpond::platform
