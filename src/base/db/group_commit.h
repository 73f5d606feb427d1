// Many writers of one SQLite file, one transaction, one fsync. A call waits until a transaction
// with its work in it is durable; calls that come while another one commits share the next
// transaction, each inside a savepoint of its own, so one that fails fails alone.
//
// No thread of its own: whoever finds nobody at work leads a group, runs the work of all that wait
// and commits for them. A leader waits for company only as long as there was company the last time,
// and never longer than half a commit takes: a lone writer commits at once. Under load without end
// it leaves the database alone for 2 ms ten times a second, so that other connections (and other
// processes) get their turn.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/db/sqlite.h"
#include "base/result.h"

namespace millpond {

class GroupCommit {
 public:
  // Work on the database inside the group's transaction. Runs once, on any of the writers' threads;
  // must neither begin a transaction nor call Write. An error undoes what this work wrote.
  using Work = std::function<Status(SqliteDatabase&)>;

  explicit GroupCommit(SqliteDatabase db) : db_(std::move(db)) {}
  GroupCommit(const GroupCommit&) = delete;
  GroupCommit& operator=(const GroupCommit&) = delete;

  // The work's error; or that of the commit (kUnavailable, kResourceExhausted): nothing is written
  // then. Thread-safe.
  Status Write(const Work& work);

  int64_t commits() const;  // transactions so far

 private:
  enum class State { kWaiting, kLeads, kDone };
  struct Item {
    const Work* work = nullptr;
    Status status = {};
    std::atomic<State> state = State::kWaiting;  // waited on without the lock
  };
  using Group = std::vector<std::shared_ptr<Item>>;  // a woken writer may be gone before its waker

  void Lead(std::unique_lock<std::mutex>& lock);
  Status RunGroup(std::unique_lock<std::mutex>& lock, Group& group);
  Status RunItem(Item& item);

  mutable std::mutex mutex_;
  std::condition_variable arrived_;  // somebody came while a leader waits for company
  Group queue_;                      // in the order in which they came
  bool leading_ = false;
  std::chrono::steady_clock::time_point busy_since_;  // writers followed each other from then on
  size_t expected_ = 1;                               // writers seen around the last commit
  std::chrono::steady_clock::duration commit_time_ = std::chrono::milliseconds(1);  // smoothed
  int64_t commits_ = 0;
  SqliteDatabase db_;  // the leader's
};

}  // namespace millpond
