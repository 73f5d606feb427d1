#include "platform/features/source_commits.h"

#include <variant>

#include "data/delta/metadata/actions_json.h"

namespace millpond::platform {
namespace {

Status Apply(const data::Action& action, SourceCommit& commit, bool& stamped) {
  if (const auto* info = std::get_if<data::CommitInfo>(&action)) {
    stamped = info->in_commit_timestamp_ms.has_value();
    commit.stamp = info->in_commit_timestamp_ms.value_or(0) * kMicrosPerMilli;
  } else if (const auto* add = std::get_if<data::AddFile>(&action)) {
    commit.added.push_back(add->path);
  } else if (const auto* remove = std::get_if<data::RemoveFile>(&action)) {
    commit.removes = true;
    commit.changes_data = commit.changes_data || remove->data_change;
  } else if (std::holds_alternative<data::Metadata>(action)) {
    commit.changes_metadata = true;
  }
  return OkStatus();
}

}  // namespace

Result<std::vector<SourceCommit>> ReadSourceCommits(const Environment& env,
                                                    const std::string& table_path, int64_t from,
                                                    int64_t to) {
  std::vector<SourceCommit> commits;
  for (int64_t version = from + 1; version <= to; ++version) {
    const std::string path = fmt::format("{}/_delta_log/{:020}.json", table_path, version);
    MP_ASSIGN_OR_RETURN(std::string bytes, env.fs.ReadFile(path));
    SourceCommit commit;
    commit.version = version;
    bool stamped = false;
    MP_RETURN_IF_ERROR(data::ParseCommit(
        bytes, path, [&](const data::Action& action) { return Apply(action, commit, stamped); }));
    if (!stamped) {
      return Fail(ErrorKind::kCorrupt,
                  "{} lacks the in-commit timestamp that the source of a feature view has: another "
                  "program wrote it against the protocol",
                  path);
    }
    commits.push_back(std::move(commit));
  }
  return commits;
}

Error NotAppendOnly(const FeatureView& view, int64_t live_version, const SourceCommit& commit) {
  return Error(
      ErrorKind::kUnsupported,
      fmt::format(
          "feature view {} is live since version {} of {}, and version {} {}: a source must "
          "be append-only from then on (CHANGES AS HISTORY is not supported yet). Feed the "
          "view from a streaming table, or define it under a new name",
          view.name, live_version, view.source, commit.version,
          commit.changes_data ? "removed rows" : "rewrote files"));
}

}  // namespace millpond::platform
