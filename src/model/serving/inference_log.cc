#include "model/serving/inference_log.h"

#include <algorithm>

#include "base/log.h"
#include "base/sha256.h"
#include "kernel/canonical.h"

namespace millpond::model {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kRetryAfter{1};

}  // namespace

Result<std::unique_ptr<InferenceLog>> InferenceLog::Open(data::Catalog& catalog,
                                                         const std::string& endpoint,
                                                         InferenceLogOptions options,
                                                         MetricsRegistry& metrics) {
  MP_ASSIGN_OR_RETURN(auto memory, catalog.workspace().env.arbiter.Reserve(
                                       ResourceClass::kServing, options.max_bytes * 3 / 2,
                                       "inference log of endpoint " + endpoint));
  std::unique_ptr<InferenceLog> log(
      new InferenceLog(catalog, endpoint, std::move(options), metrics, std::move(memory)));
  log->writer_ = std::thread([&log = *log] { log.Write(); });
  return log;
}

InferenceLog::InferenceLog(data::Catalog& catalog, const std::string& endpoint,
                           InferenceLogOptions options, MetricsRegistry& metrics,
                           MemoryReservation memory)
    : options_(std::move(options)),
      table_(catalog, options_.table),
      memory_(std::move(memory)),
      written_(metrics.FindCounter("millpond_endpoint_log_rows_total",
                                   "Rows committed to the inference table.",
                                   {{"endpoint", endpoint}})),
      lost_(metrics.FindCounter("millpond_endpoint_log_lost_rows_total",
                                "Rows that the bounded buffer of the inference table lost.",
                                {{"endpoint", endpoint}})),
      waiting_(metrics.FindGauge("millpond_endpoint_log_waiting_rows",
                                 "Rows that wait to be committed to the inference table.",
                                 {{"endpoint", endpoint}})),
      commit_seconds_(metrics.FindHistogram("millpond_endpoint_log_commit_seconds",
                                            "Time of a commit to the inference table.",
                                            {{"endpoint", endpoint}})) {}

InferenceLog::~InferenceLog() {
  Stop();
}

void InferenceLog::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (writer_.joinable()) writer_.join();
}

void InferenceLog::Flush() {
  std::unique_lock lock(mutex_);
  const uint64_t mine = ++flushes_wanted_;
  wake_.notify_all();
  done_.wait(lock, [&] { return flushes_done_ >= mine || stopping_; });
}

InferenceLog::State InferenceLog::state() const {
  std::lock_guard lock(mutex_);
  return {.table = options_.table.ToString(),
          .waiting_rows = waiting_rows_,
          .written_rows = static_cast<int64_t>(written_.value()),
          .lost_rows = static_cast<int64_t>(lost_.value()),
          .problem = problem_};
}

// Whether the entity of each row belongs to the sample: by the first 53 bits of SHA-256 over the
// canonical bytes of its columns.
std::vector<bool> InferenceLog::Sampled(const Answered& answered) const {
  std::vector<const kernel::Column*> entity;
  const auto& columns = answered.answer.model->schema().columns();
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].is_entity) entity.push_back(&answered.request.rows.columns[i]);
  }
  std::vector<bool> keep;
  for (int64_t row = 0; row < answered.request.rows.rows; ++row) {
    Sha256 hash;
    hash.Update(kernel::CanonicalRow(entity, row));
    uint64_t bits = 0;
    const auto digest = hash.Digest();
    for (size_t i = 0; i < 8; ++i) bits = bits << 8 | digest[i];
    keep.push_back(static_cast<double>(bits >> 11) * 0x1p-53 < options_.sample);
  }
  return keep;
}

InferenceLog::Chunk& InferenceLog::ChunkFor(const std::shared_ptr<const ServedModel>& model) {
  const bool fits = !chunks_.empty() && !chunks_.back()->sealed &&
                    chunks_.back()->rows.model() == model &&
                    chunks_.back()->rows.rows() < options_.commit_rows;
  if (!fits) {
    chunks_.push_back(std::make_unique<Chunk>(InferenceRows(model), std::make_shared<Commit>()));
  }
  return *chunks_.back();
}

Status InferenceLog::OnAnswer(Answered answered) {
  if (answered.request.rows.rows == 0) return OkStatus();
  std::vector<bool> keep;
  if (options_.mode == ServeDefinition::Log::kSample) keep = Sampled(answered);
  std::unique_lock lock(mutex_);
  Chunk& chunk = ChunkFor(answered.endpoint_model);
  const int64_t expected = answered.request.rows.rows * chunk.rows.row_bytes();
  if (stopping_ || waiting_bytes_ + expected > options_.max_bytes) {
    lost_.Add(static_cast<double>(answered.request.rows.rows));
    if (options_.mode != ServeDefinition::Log::kSync) return OkStatus();
    return Fail(ErrorKind::kUnavailable, "the answer cannot be kept in {} (serve.log: sync): {}",
                options_.table.ToString(),
                problem_.empty() ? "too many wait to be written" : problem_);
  }
  if (waiting_rows_ == 0) first_at_ = steady_clock::now();
  const int64_t rows = chunk.rows.rows(), bytes = chunk.rows.bytes();
  chunk.rows.Append(answered, keep);
  waiting_rows_ += chunk.rows.rows() - rows;
  waiting_bytes_ += chunk.rows.bytes() - bytes;
  waiting_.Set(static_cast<double>(waiting_rows_));
  if (options_.mode != ServeDefinition::Log::kSync) {
    if (waiting_rows_ >= options_.commit_rows) wake_.notify_one();
    return OkStatus();
  }
  const auto commit = chunk.commit;
  wake_.notify_one();
  done_.wait(lock, [&] { return commit->done; });
  if (commit->status) return OkStatus();
  return std::unexpected<Error>(
      Error(ErrorKind::kUnavailable,
            fmt::format("the answer could not be kept in {} (serve.log: sync): {}",
                        options_.table.ToString(), commit->status.error().ToString())));
}

bool InferenceLog::IsDue(steady_clock::time_point now) const {
  if (chunks_.empty()) return false;
  if (stopping_ || flushes_done_ < flushes_wanted_) return true;
  if (now < retry_at_) return false;
  return options_.mode == ServeDefinition::Log::kSync || waiting_rows_ >= options_.commit_rows ||
         now - first_at_ >= std::chrono::milliseconds(options_.commit_interval_ms);
}

bool InferenceLog::WriteFirst(std::unique_lock<std::mutex>& lock) {
  // Out of the queue, and for good: what is written again must be the same rows.
  std::unique_ptr<Chunk> chunk = std::move(chunks_.front());
  chunks_.pop_front();
  chunk->sealed = true;
  const int64_t rows = chunk->rows.rows(), bytes = chunk->rows.bytes();
  lock.unlock();
  const auto begin = steady_clock::now();
  Status written = table_.Append(chunk->rows.batch());
  commit_seconds_.Observe(std::chrono::duration<double>(steady_clock::now() - begin).count());
  lock.lock();
  if (!written && problem_ != written.error().ToString()) {
    LogWarn("serving", "{} rows cannot be written to {}: {}", rows, options_.table.ToString(),
            written.error().ToString());
  }
  problem_ = written ? "" : written.error().ToString();
  const bool sync = options_.mode == ServeDefinition::Log::kSync;
  if (!written && !sync && !stopping_) {
    chunks_.push_front(std::move(chunk));
    retry_at_ = steady_clock::now() + kRetryAfter;
    return false;
  }
  if (!written) table_.GiveUp();
  (written ? written_ : lost_).Add(static_cast<double>(rows));
  waiting_rows_ -= rows;
  waiting_bytes_ -= bytes;
  first_at_ = steady_clock::now();
  waiting_.Set(static_cast<double>(waiting_rows_));
  chunk->commit->done = true;
  chunk->commit->status = std::move(written);
  done_.notify_all();
  return true;
}

void InferenceLog::Write() {
  const std::chrono::milliseconds interval(options_.commit_interval_ms);
  std::unique_lock lock(mutex_);
  while (true) {
    const auto now = steady_clock::now();
    const auto next =
        waiting_rows_ > 0 ? std::max(first_at_ + interval, retry_at_) : now + interval;
    wake_.wait_until(lock, next, [&] {
      return stopping_ || flushes_done_ < flushes_wanted_ || IsDue(steady_clock::now());
    });
    const uint64_t flush = flushes_wanted_;
    // All that waits now, not only what is due: the commits are made anyway.
    bool written = true;
    for (size_t chunks = IsDue(steady_clock::now()) ? chunks_.size() : 0; chunks > 0 && written;
         --chunks) {
      written = WriteFirst(lock);
    }
    flushes_done_ = flush;
    done_.notify_all();
    if (stopping_ && chunks_.empty()) return;
  }
}

}  // namespace millpond::model
