// Adds up log actions to the state of a table (PROTOCOL.md, "Action Reconciliation"). Pure: bytes
// and actions in, TableState out. Actions come in commit order, a checkpoint's first.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "data/delta/log/snapshot.h"

namespace millpond::data {

class LogReplay {
 public:
  // Goes on from `base` (an empty state, or a snapshot's).
  LogReplay(std::string table_path, TableState base);

  // A checkpoint's actions but for its adds, and its adds. It comes before any commit.
  Status ApplyCheckpoint(std::vector<Action> actions, std::shared_ptr<const FileChunk> files);
  // The bytes of one commit. `what` names them in errors.
  Status ApplyCommit(std::string_view bytes, std::string_view what);
  // The same from actions at hand: what this process has just committed.
  Status ApplyActions(const std::vector<Action>& actions, std::string_view what);

  // The in-commit timestamp of the commit applied last, if it had one.
  std::optional<int64_t> last_in_commit_timestamp_ms() const { return last_timestamp_ms_; }

  TableState Finish();

 private:
  struct Commit;
  Status Apply(Action action, Commit& commit);
  void ApplyAdd(AddFile add);
  void ApplyRemove(RemoveFile remove);

  std::string table_path_;
  TableState state_;
  // Adds and removes since the base: what each key's newest action is.
  std::vector<std::optional<AddFile>> adds_;
  std::unordered_map<std::string, size_t> newest_;  // key -> index in adds_, or kRemoved
  std::vector<RemoveFile> removes_;
  std::optional<int64_t> last_timestamp_ms_;
};

}  // namespace millpond::data
