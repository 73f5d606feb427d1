#include "pipeline/flows/flow_runner.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "base/log.h"
#include "data/catalog/catalog.h"
#include "data/catalog/warehouse.h"
#include "pipeline/flows/flow_record.h"
#include "pipeline/flows/flow_turn.h"
#include "pipeline/flows/pipeline.h"

namespace millpond::pipeline {
namespace {

using std::chrono::milliseconds;

constexpr int kPatience = 3;  // gaps between turns of the views

SteadyTime Now() {
  return std::chrono::steady_clock::now();
}

class ThreadedRunner : public FlowRunner, public data::CommitFeedListener {
 public:
  ThreadedRunner(FlowRunnerParts parts, FlowRunnerOptions options)
      : parts_(parts), options_(std::move(options)) {}

  ~ThreadedRunner() override { Stop(); }

  Status Begin() {
    // What cannot be read now is read when it was corrected; what another process owns is final.
    Status loaded = Reload();
    if (!loaded.has_value() && loaded.error().kind() == ErrorKind::kConflict) return loaded;
    parts_.metrics.OnRender([weak = std::weak_ptr<Shared>(shared_)] {
      if (auto shared = weak.lock()) shared->SetLags();
    });
    parts_.catalog.commits().Subscribe(this);
    if (parts_.spools != nullptr) parts_.spools->OnPush([shared = shared_] { shared->Wake(); });
    thread_ = std::thread([this] { Loop(); });
    return OkStatus();
  }

  void Wake() override { shared_->Wake(); }

  FlowRunnerStatus status() const override {
    std::lock_guard lock(shared_->mutex);
    FlowRunnerStatus status{{}, shared_->error, shared_->waiting_for};
    for (const FlowRecord& record : shared_->records) {
      status.flows.push_back(record.status(shared_->Waits(record)));
    }
    return status;
  }

  bool Settle(int timeout_ms) override {
    std::unique_lock lock(shared_->mutex);
    int64_t asked = ++shared_->settles_asked;
    shared_->woken = true;
    shared_->changed.notify_all();
    return shared_->changed.wait_for(lock, milliseconds(timeout_ms), [&] {
      return shared_->settled >= asked || shared_->stopping;
    }) && shared_->settled >= asked;
  }

  void Stop() override {
    {
      std::lock_guard lock(shared_->mutex);
      shared_->stopping = true;
      shared_->changed.notify_all();
    }
    stop_.Cancel();
    if (!thread_.joinable()) return;
    thread_.join();
    if (parts_.spools != nullptr) parts_.spools->OnPush(nullptr);
    parts_.catalog.commits().Unsubscribe(this);
  }

  // Commits of this process. Those of the runner's own flows are followed in the same round.
  void OnCommit(const data::CommitRecord& record) override {
    std::lock_guard lock(shared_->mutex);
    std::string table = data::FoldCase(record.table).ToString();
    if (!shared_->read.contains(table)) return;
    if (shared_->in_round && shared_->made.contains(table)) return;
    shared_->views_may_change = true;
    shared_->woken = true;
    shared_->changed.notify_all();
  }

 private:
  // What other threads see, guarded by its mutex. A push and the metrics may come to it after the
  // runner is gone.
  struct Shared {
    void Wake() {
      std::lock_guard lock(mutex);
      woken = true;
      changed.notify_all();
    }
    bool Waits(const FlowRecord& record) const {
      return record.is_stream() ? woken : views_may_change;
    }
    void SetLags() {
      std::lock_guard lock(mutex);
      for (FlowRecord& record : records) record.SetLag(Waits(record));
    }

    std::mutex mutex;
    std::condition_variable changed;
    bool woken = true;  // there may be work for streaming tables
    bool stopping = false;
    bool in_round = false;
    bool views_may_change = true;
    int64_t settles_asked = 0, settled = 0;
    std::string error, waiting_for;
    std::vector<FlowRecord> records;   // of pipeline_'s flows
    std::set<std::string> read, made;  // tables
  };

  Status Reload();
  void Loop();
  void Round();
  bool RunStreams();
  void RunViews(bool all);
  bool RunOne(size_t flow);
  enum class Due { kNo, kWhenQuiet, kNow };
  Due ViewsDue() const;
  SteadyTime NextLook() const;

  FlowRunnerParts parts_;
  FlowRunnerOptions options_;
  CancellationToken stop_;
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
  std::thread thread_;

  // Of the runner's thread alone.
  std::optional<Pipeline> pipeline_;
  std::string loaded_files_;  // what the folder held when it was loaded: names, sizes, times
  SteadyTime round_began_ = {}, views_ended_ = {};
};

// Names, sizes and times of the folder's files.
Result<std::string> Inventory(FileSystem& fs, const std::string& dir) {
  auto entries = fs.List(dir);
  if (!entries.has_value()) {
    if (entries.error().kind() == ErrorKind::kNotFound) return std::string("none");
    return std::unexpected(std::move(entries).error());
  }
  std::string text = "files";
  for (const FileInfo& entry : *entries) {
    if (!entry.path.ends_with(".sql")) continue;
    text += fmt::format("\n{} {} {}", entry.path, entry.size_bytes, entry.modified);
  }
  return text;
}

Status ThreadedRunner::Reload() {
  auto load = [&]() -> Status {
    MP_ASSIGN_OR_RETURN(std::string files,
                        Inventory(parts_.catalog.workspace().env.fs, options_.transformations));
    if (files == loaded_files_) return OkStatus();
    MP_ASSIGN_OR_RETURN(auto pipeline,
                        Pipeline::Load(parts_.catalog, parts_.engine, options_.transformations));
    if (parts_.spools != nullptr) {
      MP_RETURN_IF_ERROR(parts_.spools->Serve(pipeline.push_sources()));
    }
    std::vector<FlowRecord> records;
    std::set<std::string> read, made;
    for (const FlowInfo& flow : pipeline.flows()) {
      records.emplace_back(flow.name, flow.kind, flow.is_stream, parts_.metrics);
      read.insert(flow.reads.begin(), flow.reads.end());
      made.insert(flow.name);
    }
    pipeline_.emplace(std::move(pipeline));
    loaded_files_ = std::move(files);
    std::lock_guard lock(shared_->mutex);
    shared_->records = std::move(records);
    shared_->read = std::move(read);
    shared_->made = std::move(made);
    shared_->views_may_change = true;
    return OkStatus();
  };
  Status loaded = load();
  std::string error = loaded.has_value() ? "" : loaded.error().ToString();
  std::lock_guard lock(shared_->mutex);
  if (!error.empty() && error != shared_->error) LogWarn("pipeline", "{}", error);
  shared_->error = std::move(error);
  return loaded;
}

void ThreadedRunner::Loop() {
  const CancellationToken& all = parts_.catalog.workspace().env.cancellation;
  while (true) {
    {
      std::unique_lock lock(shared_->mutex);
      auto stops = [&] { return shared_->stopping || all.cancelled(); };
      auto earliest = round_began_ + milliseconds(options_.commit_interval_ms);
      // The workspace's token cannot wake anybody: it is looked at with the polls.
      shared_->changed.wait_until(lock, NextLook(), [&] { return stops() || shared_->woken; });
      shared_->changed.wait_until(lock, earliest, stops);
      if (stops()) return;
      shared_->woken = false;
    }
    round_began_ = Now();
    Round();
  }
}

SteadyTime ThreadedRunner::NextLook() const {
  auto next = round_began_ + milliseconds(options_.poll_interval_ms);
  for (const FlowRecord& record : shared_->records) {
    if (record.is_stream() && record.failing()) next = std::min(next, record.retry_at());
  }
  if (shared_->views_may_change) {
    next = std::min(next, views_ended_ + milliseconds(options_.view_gap_ms));
  }
  return next;
}

void ThreadedRunner::Round() {
  int64_t settling = 0;
  {
    std::lock_guard lock(shared_->mutex);
    settling = shared_->settles_asked;
  }
  auto turn = FlowTurn::Take(parts_.catalog.workspace(), stop_, [&](const std::string& who) {
    std::lock_guard lock(shared_->mutex);
    shared_->waiting_for = who;
  });
  {
    std::lock_guard lock(shared_->mutex);
    shared_->waiting_for.clear();
    if (!turn.has_value()) shared_->error = turn.error().ToString();
    shared_->in_round = turn.has_value();
  }
  if (!turn.has_value()) return;
  (void)Reload();  // what is wrong is in the status; the flows go on as they were
  if (parts_.spools != nullptr) {
    Status sealed = parts_.spools->Seal();
    if (!sealed.has_value()) LogWarn("pipeline", "{}", sealed.error().ToString());
  }
  bool changed = RunStreams();
  bool settles = settling > shared_->settled && !changed;
  Due due = settles ? Due::kNow : ViewsDue();
  if (due == Due::kNow || (due == Due::kWhenQuiet && !changed)) RunViews(due == Due::kNow);
  std::lock_guard lock(shared_->mutex);
  shared_->in_round = false;
  if (changed) {
    shared_->views_may_change = true;
    shared_->woken = true;  // until a round finds nothing
  } else if (settles) {
    shared_->settled = settling;
    shared_->changed.notify_all();
  }
}

// True if a table changed.
bool ThreadedRunner::RunStreams() {
  bool changed = false;
  for (size_t i = 0; i < shared_->records.size() && !stop_.cancelled(); ++i) {
    if (shared_->records[i].is_stream()) changed |= RunOne(i);
  }
  return changed;
}

ThreadedRunner::Due ThreadedRunner::ViewsDue() const {
  auto since = Now() - views_ended_;
  std::lock_guard lock(shared_->mutex);
  if (!shared_->views_may_change) {
    return since >= milliseconds(options_.view_poll_ms) ? Due::kWhenQuiet : Due::kNo;
  }
  // Rows that never stop coming do not keep the views waiting for ever.
  if (since >= kPatience * milliseconds(options_.view_gap_ms)) return Due::kNow;
  return since >= milliseconds(options_.view_gap_ms) ? Due::kWhenQuiet : Due::kNo;
}

// Those that are left when a streaming table has work again come next time, unless `all`.
void ThreadedRunner::RunViews(bool all) {
  {
    std::lock_guard lock(shared_->mutex);
    shared_->views_may_change = false;
  }
  bool left = false;
  for (size_t i = 0; i < shared_->records.size() && !left && !stop_.cancelled(); ++i) {
    const FlowRecord& record = shared_->records[i];
    if (record.is_stream()) continue;
    RunOne(i);
    std::lock_guard lock(shared_->mutex);
    if (record.failing()) shared_->views_may_change = true;
    left = shared_->woken && !all;
    if (left) shared_->views_may_change = true;
  }
  if (!left) views_ended_ = Now();
}

bool ThreadedRunner::RunOne(size_t flow) {
  FlowRecord& record = shared_->records[flow];
  auto began = Now();
  if (record.failing() && began < record.retry_at()) return false;
  auto report = pipeline_->RunOne(flow, stop_);
  if (!report.has_value() && report.error().kind() == ErrorKind::kCancelled) return false;
  {
    std::lock_guard lock(shared_->mutex);
    if (report.has_value()) {
      record.NoteTurn(*report, began, parts_.catalog.workspace().env.clock.Now());
    } else {
      record.NoteFailure(report.error().ToString(), options_.retry_first_ms,
                         options_.retry_last_ms);
    }
  }
  if (report.has_value()) {
    if (report->changed && options_.on_turn) options_.on_turn(*report, "");
    return report->changed;
  }
  LogWarn("pipeline", "{}", report.error().ToString());
  if (options_.on_turn) {
    FlowReport failed;
    failed.name = record.flow();
    options_.on_turn(failed, report.error().ToString());
  }
  return false;
}

}  // namespace

Result<std::unique_ptr<FlowRunner>> FlowRunner::Start(FlowRunnerParts parts,
                                                      FlowRunnerOptions options) {
  auto runner = std::make_unique<ThreadedRunner>(parts, std::move(options));
  MP_RETURN_IF_ERROR(runner->Begin());
  return runner;
}

}  // namespace millpond::pipeline
