#include "data/delta/log/replay.h"

#include "data/delta/metadata/actions_json.h"

namespace millpond::data {
namespace {

constexpr size_t kRemoved = SIZE_MAX;

template <typename File>
const DeletionVector* VectorOf(const File& file) {
  return file.deletion_vector ? &*file.deletion_vector : nullptr;
}

}  // namespace

// What one commit may hold only once.
struct LogReplay::Commit {
  std::optional<Protocol> protocol;
  std::optional<Metadata> metadata;
};

LogReplay::LogReplay(std::string table_path, TableState base)
    : table_path_(std::move(table_path)), state_(std::move(base)) {
  if (state_.files.size() == 0) {
    state_.files = FileList(table_path_, std::make_shared<Schema>());
  }
}

Status LogReplay::ApplyCheckpoint(std::vector<Action> actions,
                                  std::shared_ptr<const FileChunk> files) {
  Commit commit;
  for (Action& action : actions) MP_RETURN_IF_ERROR(Apply(std::move(action), commit));
  state_.files = FileList(table_path_, std::make_shared<Schema>(), std::move(files));
  return OkStatus();
}

Status LogReplay::ApplyCommit(std::string_view bytes, std::string_view what) {
  last_timestamp_ms_.reset();
  Commit commit;
  return ParseCommit(bytes, what, [&](Action action) { return Apply(std::move(action), commit); });
}

Status LogReplay::ApplyActions(const std::vector<Action>& actions, std::string_view what) {
  last_timestamp_ms_.reset();
  Commit commit;
  for (const auto& action : actions) {
    MP_RETURN_IF_ERROR_CONTEXT(Apply(action, commit), "{}", what);
  }
  return OkStatus();
}

Status LogReplay::Apply(Action action, Commit& commit) {
  if (auto* add = std::get_if<AddFile>(&action)) {
    ApplyAdd(std::move(*add));
  } else if (auto* remove = std::get_if<RemoveFile>(&action)) {
    ApplyRemove(std::move(*remove));
  } else if (auto* txn = std::get_if<Txn>(&action)) {
    std::string app_id = txn->app_id;
    state_.txns[std::move(app_id)] = std::move(*txn);
  } else if (auto* domain = std::get_if<DomainMetadata>(&action)) {
    if (domain->removed) {
      state_.domains.erase(domain->domain);
    } else {
      std::string name = domain->domain;
      state_.domains[std::move(name)] = std::move(*domain);
    }
  } else if (auto* info = std::get_if<CommitInfo>(&action)) {
    if (info->in_commit_timestamp_ms) last_timestamp_ms_ = info->in_commit_timestamp_ms;
  } else if (auto* protocol = std::get_if<Protocol>(&action)) {
    if (commit.protocol && *commit.protocol != *protocol) {
      return Fail(ErrorKind::kCorrupt, "one commit holds two different 'protocol' actions");
    }
    commit.protocol = *protocol;
    state_.protocol = std::move(*protocol);
  } else if (auto* metadata = std::get_if<Metadata>(&action)) {
    if (commit.metadata && *commit.metadata != *metadata) {
      return Fail(ErrorKind::kCorrupt, "one commit holds two different 'metaData' actions");
    }
    commit.metadata = *metadata;
    state_.metadata = std::move(*metadata);
    state_.schema = nullptr;
  }
  return OkStatus();
}

void LogReplay::ApplyAdd(AddFile add) {
  std::string key = FileKey(table_path_, add.path, VectorOf(add));
  auto [entry, is_new] = newest_.try_emplace(std::move(key), adds_.size());
  if (!is_new) {
    if (entry->second != kRemoved) adds_[entry->second].reset();
    entry->second = adds_.size();
  }
  adds_.push_back(std::move(add));
}

void LogReplay::ApplyRemove(RemoveFile remove) {
  std::string key = FileKey(table_path_, remove.path, VectorOf(remove));
  auto [entry, is_new] = newest_.try_emplace(std::move(key), kRemoved);
  if (!is_new && entry->second != kRemoved) {
    adds_[entry->second].reset();
    entry->second = kRemoved;
  }
  removes_.push_back(std::move(remove));
}

TableState LogReplay::Finish() {
  if (state_.schema == nullptr) {
    // A schema that cannot be read is refused when the snapshot is made.
    auto schema =
        state_.metadata ? Schema::FromJson(state_.metadata->schema_json) : Result<Schema>(Schema());
    state_.schema = std::make_shared<const Schema>(schema.value_or(Schema()));
  }
  std::vector<AddFile> added;
  for (auto& add : adds_) {
    if (add) added.push_back(std::move(*add));
  }
  std::vector<std::string> removed;
  for (auto& [key, index] : newest_) {
    if (index == kRemoved) removed.push_back(key);
  }
  state_.files = state_.files.With(std::move(added), removed, state_.schema);
  if (!removes_.empty()) {
    state_.tombstones.push_back(
        std::make_shared<const std::vector<RemoveFile>>(std::move(removes_)));
  }
  adds_.clear();
  newest_.clear();
  return std::move(state_);
}

}  // namespace millpond::data
