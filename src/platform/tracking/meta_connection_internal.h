// meta.db as the tracking store and the registry share it: writers meet in one group commit,
// readers have connections of their own. Also the tables of component "tracking" and the checks
// that several of its files need.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <type_traits>

#include "base/db/group_commit.h"
#include "base/db/sqlite.h"
#include "base/db/sqlite_readers.h"
#include "platform/tracking/tracking_types.h"

namespace millpond::platform {

class MetaConnection {
 public:
  MetaConnection(SqliteDatabase opened, std::string path, std::string artifact_root)
      : artifact_root(std::move(artifact_root)),
        path(std::move(path)),
        writer_(std::move(opened)),
        readers_(this->path) {}

  // `work` takes the database and gives a Status or a Result. A write is durable on return; its
  // work must not write or read through this object.
  template <typename Work>
  auto Write(Work&& work) {
    return Run(std::forward<Work>(work), [this](const auto& run) { return writer_.Write(run); });
  }
  template <typename Work>
  auto Read(Work&& work) {
    return Run(std::forward<Work>(work), [this](const auto& run) { return readers_.Read(run); });
  }

  // Says that the registry was changed by this process, after the change is durable.
  void RegistryChanged();
  // Returns when RegistryChanged was called after `seen` calls, or after `timeout_ms`; gives the
  // number of calls so far.
  int64_t WaitForRegistry(int64_t seen, int64_t timeout_ms);

  const std::string artifact_root;
  const std::string path;

 private:
  template <typename Work, typename Through>
  static auto Run(Work&& work, Through&& through) -> std::invoke_result_t<Work, SqliteDatabase&> {
    using Outcome = std::invoke_result_t<Work, SqliteDatabase&>;
    if constexpr (std::is_same_v<Outcome, Status>) {
      return through(work);
    } else {
      Outcome outcome = Fail(ErrorKind::kInternal, "the database did not run the work");
      Status status = through([&](SqliteDatabase& db) -> Status {
        outcome = work(db);
        if (!outcome.has_value()) return std::unexpected<Error>(outcome.error());
        return OkStatus();
      });
      if (!status.has_value()) return std::unexpected<Error>(std::move(status).error());
      return outcome;
    }
  }

  GroupCommit writer_;
  SqliteReaders readers_;
  std::mutex registry_mutex_;
  std::condition_variable registry_changed_;
  int64_t registry_changes_ = 0;
};

// Tables of component "tracking", oldest script first; a script that was released never changes.
const std::vector<std::string>& TrackingMigrations();
std::string TrackingMigration2();

LifecycleStage StageOf(const std::string& text);
// The number of an experiment id; kInvalidArgument if it is none.
Result<int64_t> ExperimentNumber(const std::string& experiment_id);

// Appends {text, text} rows of a query with one parameter.
template <typename T>
Status ReadPairs(SqliteDatabase& db, std::string_view sql, const SqliteValue& key,
                 std::vector<T>& out) {
  return db.Execute(sql, {key}, [&](const SqliteRow& row) -> Status {
    out.push_back({row.Text(0), row.Text(1)});
    return OkStatus();
  });
}

// How the tables refer to a run.
struct RunKey {
  int64_t sequence = 0;
  int64_t experiment_id = 0;
};
enum class RunAccess { kRead, kWrite };
// kNotFound if there is no such run; to be written, it must not be deleted.
Result<RunKey> FindRun(SqliteDatabase& db, const std::string& run_id, RunAccess access);

// A double as two columns (value, is_nan), and back.
SqliteValue StoredValue(double value);
int64_t StoredNan(double value);
double ValueOf(const SqliteRow& row, size_t value_column, size_t nan_column);

}  // namespace millpond::platform
