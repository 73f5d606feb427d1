// One file is open at a time. Who finds nobody writing becomes the writer and takes all batches
// that wait along; the others sleep until their batch's fate is known. `writing_` is the right to
// touch the files, held without the mutex; Seal takes it as a writer does.
#include "pipeline/ingest/ingest_spool.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>

#include "base/fs/file_lock.h"
#include "base/log.h"
#include "pipeline/ingest/key_memory.h"
#include "pipeline/ingest/spool_batch.h"
#include "pipeline/sources/push_source.h"

namespace millpond::pipeline {
namespace {

struct Waiting {
  EncodedBatch batch;
  std::optional<Status> fate;
};

class LocalSpool : public IngestSpool {
 public:
  LocalSpool(const Environment& env, SpoolOptions options, FileLock lock)
      : env_(env),
        options_(std::move(options)),
        lock_(std::move(lock)),
        keys_(env, options_.dir, options_.key_days * kMicrosPerDay, options_.max_keys) {}

  Status Recover();

  Result<PushResult> Append(const std::vector<std::string>& lines,
                            const std::string& key) override {
    if (lines.empty()) return PushResult{};
    Waiting own;
    MP_ASSIGN_OR_RETURN(own.batch, EncodeBatch(lines, env_.clock.Now(), key));
    auto bytes = static_cast<int64_t>(own.batch.bytes.size());
    MP_ASSIGN_OR_RETURN(auto memory,
                        env_.arbiter.Reserve(ResourceClass::kStream, bytes, "a pushed batch"));
    std::unique_lock lock(mutex_);
    // A batch of the same key that is being written decides for this one too.
    changed_.wait(lock, [&] { return key.empty() || !keys_at_work_.contains(key); });
    if (auto known = key.empty() ? std::nullopt : keys_.Find(key)) {
      if (known->digest == own.batch.mark.digest) return PushResult{known->rows, true};
      return Fail(ErrorKind::kInvalidArgument,
                  "the idempotency key '{}' was used for other rows; a key stands for one batch",
                  key);
    }
    MP_RETURN_IF_ERROR(CheckRoom(bytes));
    waiting_bytes_ += bytes;
    if (!key.empty()) keys_at_work_.insert(key);
    queue_.push_back(&own);
    changed_.wait(lock, [&] { return own.fate.has_value() || !writing_; });
    if (!own.fate.has_value()) WriteQueue(lock);
    MP_RETURN_IF_ERROR(*own.fate);
    return PushResult{own.batch.mark.rows, false};
  }

  Result<bool> Seal() override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !writing_; });
    if (open_bytes_ == 0) return false;
    writing_ = true;
    lock.unlock();
    Status sealed = SealOpen();
    lock.lock();
    writing_ = false;
    changed_.notify_all();
    MP_RETURN_IF_ERROR(sealed);
    return true;
  }

  int64_t bytes() const override {
    std::lock_guard lock(mutex_);
    (void)CountSealed();  // where the folder cannot be listed, the last count stands
    return sealed_bytes_ + open_bytes_;
  }

  int64_t forgotten_keys() const override {
    std::lock_guard lock(mutex_);
    return keys_.forgotten();
  }

 private:
  std::string PathOf(int64_t number, bool open) const {
    return JoinPath(options_.dir, SegmentName{spool_id_, number, open}.ToString());
  }

  // Flows remove segments when they have committed them, also those of other processes: so the
  // folder is asked, and only when it matters.
  Status CountSealed() const {
    MP_ASSIGN_OR_RETURN(auto entries, env_.fs.List(options_.dir));
    sealed_bytes_ = 0;
    for (const FileInfo& entry : entries) {
      auto name = ParseSegmentName(FileName(entry.path));
      if (name.has_value() && !name->open) sealed_bytes_ += entry.size_bytes;
    }
    return OkStatus();
  }

  Status CheckRoom(int64_t bytes) {
    auto fits = [&] {
      return sealed_bytes_ + open_bytes_ + waiting_bytes_ + bytes <= options_.max_bytes;
    };
    if (fits()) return OkStatus();
    if (bytes > options_.max_bytes) {
      return Fail(ErrorKind::kInvalidArgument,
                  "a batch of {} bytes is more than the push spool may hold ({}); push it in parts",
                  bytes, options_.max_bytes);
    }
    MP_RETURN_IF_ERROR(CountSealed());
    if (fits()) return OkStatus();
    return Fail(
        ErrorKind::kResourceExhausted,
        "{} bytes wait in {} for their flow to commit them, at most {} may; push again when "
        "it has caught up",
        sealed_bytes_ + open_bytes_ + waiting_bytes_, FileName(options_.dir), options_.max_bytes);
  }

  // With the lock held and nobody writing: writes all that waits, tells everybody.
  void WriteQueue(std::unique_lock<std::mutex>& lock) {
    writing_ = true;
    std::deque<Waiting*> group;
    group.swap(queue_);
    lock.unlock();
    Status written = WriteGroup(group);
    lock.lock();
    for (Waiting* one : group) {
      const BatchMark& mark = one->batch.mark;
      auto bytes = static_cast<int64_t>(one->batch.bytes.size());
      waiting_bytes_ -= bytes;
      if (written.has_value()) {
        open_bytes_ += bytes;
        open_marks_.push_back(mark);
        keys_.Remember(mark);
      }
      keys_at_work_.erase(mark.key);
      one->fate = written;
    }
    bool large = open_bytes_ >= options_.segment_bytes;
    if (large) {
      lock.unlock();
      // It is tried again by the next Seal; the rows are safe where they are.
      if (Status sealed = SealOpen(); !sealed.has_value()) {
        LogWarn("ingest", "a segment of {} is not sealed yet: {}", options_.dir,
                sealed.error().ToString());
      }
      lock.lock();
    }
    writing_ = false;
    changed_.notify_all();
  }

  Status WriteGroup(const std::deque<Waiting*>& group) {
    if (file_ == nullptr) MP_RETURN_IF_ERROR(SealOpen());
    auto write = [&]() -> Status {
      if (group.size() == 1) {
        MP_RETURN_IF_ERROR(file_->Append(group.front()->batch.bytes));
      } else {
        std::string bytes;
        for (const Waiting* one : group) bytes += one->batch.bytes;
        MP_RETURN_IF_ERROR(file_->Append(bytes));
      }
      return file_->Sync();
    };
    Status written = write();
    if (!written.has_value()) file_ = nullptr;  // what the file holds now is not known
    return written;
  }

  Status SealOpen();
  Status BeginSegment(int64_t number);
  Status SealLeftOver(const SegmentName& name, const std::string& path);

  Environment env_;
  SpoolOptions options_;
  FileLock lock_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool writing_ = false;
  std::deque<Waiting*> queue_;
  std::set<std::string> keys_at_work_;  // of batches that are queued or being written
  int64_t waiting_bytes_ = 0;
  mutable int64_t sealed_bytes_ = 0;

  // Touched by who is writing; those below also under the mutex when they change.
  std::string spool_id_;
  int64_t number_ = 0;                  // of the open segment
  std::unique_ptr<WritableFile> file_;  // null: it must be cut back and sealed first
  bool renamed_ = false;                // … and it has its sealed name already
  int64_t open_bytes_ = 0;              // acknowledged, in the open segment
  std::vector<BatchMark> open_marks_;
  KeyMemory keys_;
};

// Makes the open segment a sealed one and begins the next. Each step may fail or be the last one of
// this process; done again from its beginning it comes to the same end. The next segment's file is
// there before the old one gets its sealed name, so that a number is never given twice: whoever
// reads segments remembers how far by the number.
Status LocalSpool::SealOpen() {
  MP_RETURN_IF_ERROR(keys_.Save(open_marks_));
  std::string open = PathOf(number_, true);
  if (open_bytes_ == 0 && !renamed_) return BeginSegment(number_);
  if (file_ == nullptr && !renamed_) {
    MP_ASSIGN_OR_RETURN(std::string bytes, env_.fs.ReadFile(open));
    auto acknowledged = static_cast<size_t>(open_bytes_);
    if (bytes.size() < acknowledged) {
      return Fail(ErrorKind::kCorrupt, "{} has {} bytes, {} were written and synced", open,
                  bytes.size(), acknowledged);
    }
    if (bytes.size() > acknowledged) {
      bytes.resize(acknowledged);
      MP_RETURN_IF_ERROR(env_.fs.ReplaceFile(open, bytes));
    }
  }
  file_ = nullptr;
  MP_ASSIGN_OR_RETURN(auto next, env_.fs.Create(PathOf(number_ + 1, true)));
  if (!renamed_) MP_RETURN_IF_ERROR(env_.fs.Rename(open, PathOf(number_, false)));
  renamed_ = true;
  MP_RETURN_IF_ERROR(env_.fs.SyncDirectory(options_.dir));
  std::lock_guard lock(mutex_);
  sealed_bytes_ += open_bytes_;
  open_bytes_ = 0;
  open_marks_.clear();
  ++number_;
  file_ = std::move(next);
  renamed_ = false;
  return OkStatus();
}

Status LocalSpool::BeginSegment(int64_t number) {
  MP_ASSIGN_OR_RETURN(auto file, env_.fs.Create(PathOf(number, true)));
  MP_RETURN_IF_ERROR(env_.fs.SyncDirectory(options_.dir));
  number_ = number;
  file_ = std::move(file);
  return OkStatus();
}

Status LocalSpool::Recover() {
  MP_RETURN_IF_ERROR(keys_.Load());
  MP_ASSIGN_OR_RETURN(auto entries, env_.fs.List(options_.dir));
  std::vector<std::pair<SegmentName, std::string>> left_over;
  int64_t newest = 0;
  for (const FileInfo& entry : entries) {
    auto name = ParseSegmentName(FileName(entry.path));
    if (!name.has_value()) continue;
    // One id goes on; where a folder holds several, any will do.
    if (spool_id_.empty()) spool_id_ = name->spool_id;
    if (spool_id_ == name->spool_id) newest = std::max(newest, name->number);
    if (name->open) left_over.emplace_back(*name, entry.path);
  }
  if (spool_id_.empty()) spool_id_ = fmt::format("{:016x}", env_.random.Next());
  MP_RETURN_IF_ERROR(BeginSegment(newest + 1));
  for (const auto& [name, path] : left_over) MP_RETURN_IF_ERROR(SealLeftOver(name, path));
  if (!left_over.empty()) MP_RETURN_IF_ERROR(env_.fs.SyncDirectory(options_.dir));
  return CountSealed();
}

Status LocalSpool::SealLeftOver(const SegmentName& name, const std::string& path) {
  MP_ASSIGN_OR_RETURN(std::string bytes, env_.fs.ReadFile(path));
  ScannedSegment found = ScanSegment(bytes);
  if (found.damaged) {
    std::string aside = JoinPath(options_.dir, "damaged-" + name.ToString());
    MP_RETURN_IF_ERROR(env_.fs.ReplaceFile(aside, bytes));
    LogWarn(
        "ingest",
        "{} of {} bytes of {} belong to no whole batch, and whole ones follow: a disk lost them, "
        "or a power cut before they were acknowledged. The file is kept as {}",
        bytes.size() - found.whole.size(), bytes.size(), path, aside);
  }
  if (found.whole.empty()) return env_.fs.Remove(path);
  if (found.whole.size() < bytes.size()) {
    MP_RETURN_IF_ERROR(env_.fs.ReplaceFile(path, found.whole));
  }
  for (const BatchMark& mark : found.marks) keys_.Remember(mark);
  MP_RETURN_IF_ERROR(keys_.Save(found.marks));
  SegmentName sealed = name;
  sealed.open = false;
  return env_.fs.Rename(path, JoinPath(options_.dir, sealed.ToString()));
}

}  // namespace

Result<std::unique_ptr<IngestSpool>> IngestSpool::Open(const Environment& env,
                                                       SpoolOptions options) {
  MP_RETURN_IF_ERROR(env.fs.CreateDirectories(options.dir));
  std::string what = fmt::format("owner of the push spool of {}", FileName(options.dir));
  MP_ASSIGN_OR_RETURN(auto lock, FileLock::Acquire(JoinPath(options.dir, "lock"), what,
                                                   {.max_ms = options.lock_wait_ms}));
  auto spool = std::make_unique<LocalSpool>(env, std::move(options), std::move(lock));
  MP_RETURN_IF_ERROR(spool->Recover());
  return spool;
}

Status SealAbandonedSpool(const Environment& env, const std::string& dir) {
  auto entries = env.fs.List(dir);
  if (!entries.has_value()) {
    if (entries.error().kind() == ErrorKind::kNotFound) return OkStatus();
    return std::unexpected(std::move(entries).error());
  }
  bool left_over = std::ranges::any_of(*entries, [](const FileInfo& entry) {
    auto name = ParseSegmentName(FileName(entry.path));
    return name.has_value() && name->open && entry.size_bytes > 0;
  });
  if (!left_over) return OkStatus();
  // How long keys are kept is the owner's to say: here none is forgotten.
  auto spool = IngestSpool::Open(env, {.dir = dir, .key_days = 100 * 365, .max_keys = INT64_MAX});
  if (spool.has_value() || spool.error().kind() == ErrorKind::kConflict) return OkStatus();
  return std::unexpected(std::move(spool).error());
}

}  // namespace millpond::pipeline
