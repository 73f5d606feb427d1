// Feature definitions and live versions in meta.db (component "features"). Knows nothing of SQL or
// the kernel: it keeps what it is given. A definition whose canonical text changed becomes the next
// version; versions are never changed or dropped. A live version is written once per view and
// source. Thread-safe; several processes may share the file.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/db/sqlite.h"
#include "base/result.h"
#include "platform/features/feature_store.h"

namespace millpond::platform {

class DefinitionStore {
 public:
  static Result<std::unique_ptr<DefinitionStore>> Open(const std::string& meta_path);

  enum class PutOutcome { kCreated, kReplaced, kUnchanged };
  // Sets view.version and, where the stored one is kept, view.created_at. A view that is there with
  // another canonical text is kAlreadyExists unless `replace`.
  Result<PutOutcome> Put(FeatureView& view, bool replace);

  Result<std::optional<FeatureView>> Find(const std::string& name);  // the newest version
  Result<std::vector<FeatureView>> List();                           // newest versions, by name

  // Keeps what is there: gives the stored one back, and whether it was there before.
  struct Recorded {
    LiveVersion live;
    bool already = false;
  };
  Result<Recorded> RecordLive(const LiveVersion& live);
  Result<std::optional<LiveVersion>> Live(const std::string& view, const std::string& table_id);

  // A commit that is on record stays as it is. LateCommits: those that can matter to some T of
  // [from, to].
  Status RecordLate(const LateCommit& late);
  Result<std::vector<LateCommit>> LateCommits(const std::string& view, Micros from, Micros to);

 private:
  explicit DefinitionStore(SqliteDatabase database) : database_(std::move(database)) {}
  Result<std::vector<FeatureView>> Read(const std::string& where,
                                        const std::vector<SqliteValue>& parameters);
  Status Insert(const FeatureView& view);

  std::mutex mutex_;
  SqliteDatabase database_;
};

}  // namespace millpond::platform
