#include "data/delta/log/log_compaction.h"

#include "data/delta/log/log_segment.h"
#include "data/delta/metadata/actions_json.h"

namespace millpond::data {
namespace {

// Two actions with one key: the later counts. An add and a remove of one file share theirs.
std::string KeyOf(const std::string& table_path, const Action& action) {
  auto file = [&](const auto& body) {
    return "file " +
           FileKey(table_path, body.path, body.deletion_vector ? &*body.deletion_vector : nullptr);
  };
  if (const auto* add = std::get_if<AddFile>(&action)) return file(*add);
  if (const auto* remove = std::get_if<RemoveFile>(&action)) return file(*remove);
  if (const auto* txn = std::get_if<Txn>(&action)) return "txn " + txn->app_id;
  if (const auto* domain = std::get_if<DomainMetadata>(&action)) return "domain " + domain->domain;
  if (std::holds_alternative<Protocol>(action)) return "protocol";
  if (std::holds_alternative<Metadata>(action)) return "metadata";
  return "";  // commitInfo and cdc do not outlive their commit
}

}  // namespace

int64_t LogCompactionInterval(const Snapshot& snapshot) {
  const auto text = snapshot.property(kLogCompactionInterval);
  return text ? std::strtoll(text->c_str(), nullptr, 10) : 0;
}

Status LogCompactor::Add(std::string_view bytes, std::string_view what) {
  // Within one commit order says nothing: a file's add stands beside the remove of what it was.
  std::vector<Action> removes, others;
  MP_RETURN_IF_ERROR(ParseCommit(bytes, what, [&](Action action) {
    auto& list = std::holds_alternative<RemoveFile>(action) ? removes : others;
    list.push_back(std::move(action));
    return OkStatus();
  }));
  for (auto* list : {&removes, &others}) {
    for (Action& action : *list) {
      std::string key = KeyOf(table_path_, action);
      if (key.empty()) continue;
      auto [known, is_new] = newest_.try_emplace(std::move(key), actions_.size());
      if (!is_new) {
        actions_[known->second].reset();
        known->second = actions_.size();
      }
      actions_.emplace_back(std::move(action));
    }
  }
  return OkStatus();
}

Result<std::string> LogCompactor::Finish() const {
  std::string lines;
  for (const auto& action : actions_) {
    if (!action) continue;
    MP_ASSIGN_OR_RETURN(const std::string line, ActionLine(*action));
    lines += line;
  }
  return lines;
}

Status WriteCompacted(const Environment& env, const std::string& table_path, int64_t first,
                      int64_t last) {
  const std::string log = JoinPath(table_path, "_delta_log");
  LogCompactor compactor(table_path);
  for (int64_t version = first; version <= last; ++version) {
    MP_RETURN_IF_ERROR(env.cancellation.Check());
    const std::string path = JoinPath(log, CommitFileName(version));
    MP_ASSIGN_OR_RETURN(const std::string bytes, env.fs.ReadFile(path));
    MP_RETURN_IF_ERROR(compactor.Add(bytes, path));
  }
  MP_ASSIGN_OR_RETURN(const std::string lines, compactor.Finish());
  if (lines.empty()) return OkStatus();  // readers expect an action
  const Status put = env.fs.PutIfAbsent(JoinPath(log, CompactedFileName(first, last)), lines);
  if (!put.has_value() && put.error().kind() == ErrorKind::kAlreadyExists) return OkStatus();
  return put;
}

}  // namespace millpond::data
