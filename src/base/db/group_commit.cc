#include "base/db/group_commit.h"

#include <algorithm>

namespace millpond {

namespace {

constexpr size_t kMaxGroup = 512;
constexpr std::chrono::steady_clock::duration kMaxWait = std::chrono::milliseconds(5);
// Longer than the millisecond after which a connection that waits for the lock looks again.
constexpr std::chrono::steady_clock::duration kPause = std::chrono::milliseconds(2);
constexpr std::chrono::steady_clock::duration kPauseEvery = std::chrono::milliseconds(100);

template <typename State>
void Wake(std::atomic<State>& state, State value) {
  state = value;
  state.notify_one();
}

}  // namespace

Status GroupCommit::Write(const Work& work) {
  auto item = std::make_shared<Item>();
  item->work = &work;
  std::unique_lock lock(mutex_);
  queue_.push_back(item);
  if (leading_) {
    arrived_.notify_one();
    lock.unlock();
    item->state.wait(State::kWaiting);
    if (item->state == State::kDone) return std::move(item->status);
    lock.lock();
  }
  Lead(lock);
  return std::move(item->status);
}

int64_t GroupCommit::commits() const {
  std::lock_guard lock(mutex_);
  return commits_;
}

// Takes what is in the queue (the caller's own item is in it) through one transaction.
void GroupCommit::Lead(std::unique_lock<std::mutex>& lock) {
  const auto now = std::chrono::steady_clock::now();
  if (!leading_) busy_since_ = now;
  leading_ = true;
  if (now - busy_since_ > kPauseEvery) {
    const auto until = now + kPause;
    arrived_.wait_until(lock, until, [&] { return std::chrono::steady_clock::now() >= until; });
    busy_since_ = until;
  }
  Group group;
  const Status status = RunGroup(lock, group);
  expected_ = group.size() + queue_.size();
  ++commits_;
  const std::shared_ptr<Item> next = queue_.empty() ? nullptr : queue_.front();
  leading_ = next != nullptr;
  lock.unlock();
  if (next) Wake(next->state, State::kLeads);
  for (const auto& item : group) {
    if (!status.has_value()) item->status = status;
    Wake(item->state, State::kDone);
  }
}

// An error is that of the whole transaction. The lock is held only between the steps.
Status GroupCommit::RunGroup(std::unique_lock<std::mutex>& lock, Group& group) {
  using Clock = std::chrono::steady_clock;
  const size_t expected = std::min(expected_, kMaxGroup);
  const auto deadline = Clock::now() + std::min(commit_time_ / 2, kMaxWait);
  Status begun = OkStatus();
  bool opened = false;
  while (true) {
    const size_t done = group.size();
    const size_t room = std::min(kMaxGroup - done, queue_.size());
    group.insert(group.end(), queue_.begin(), queue_.begin() + static_cast<ptrdiff_t>(room));
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<ptrdiff_t>(room));
    lock.unlock();
    if (!opened) {
      begun = db_.Execute("BEGIN IMMEDIATE");
      opened = true;
    }
    for (size_t i = done; i < group.size() && begun.has_value(); ++i) begun = RunItem(*group[i]);
    lock.lock();
    if (!begun.has_value() || group.size() >= kMaxGroup) break;
    if (!queue_.empty()) continue;
    if (group.size() >= expected) break;
    if (!arrived_.wait_until(lock, deadline, [&] { return !queue_.empty(); })) break;
  }
  lock.unlock();
  const auto started = Clock::now();
  Status status = begun.has_value() ? db_.Execute("COMMIT") : begun;
  const auto took = Clock::now() - started;
  if (!status.has_value() && db_.in_transaction()) (void)db_.Execute("ROLLBACK");
  lock.lock();
  if (status.has_value()) commit_time_ = (commit_time_ * 7 + took) / 8;
  return status;
}

// An error here means that the transaction itself is lost; the work's own error stays in the item.
Status GroupCommit::RunItem(Item& item) {
  MP_RETURN_IF_ERROR(db_.Execute("SAVEPOINT item"));
  item.status = (*item.work)(db_);
  if (!db_.in_transaction()) {  // SQLite rolled all of it back
    return item.status.has_value()
               ? Fail(ErrorKind::kUnavailable, "the transaction was rolled back; try again")
               : item.status;
  }
  if (!item.status.has_value()) MP_RETURN_IF_ERROR(db_.Execute("ROLLBACK TO item"));
  return db_.Execute("RELEASE item");
}

}  // namespace millpond
