// Every answer of an endpoint as rows of its inference table (inference_rows.h has the columns):
// what drift, quality and the audits of features read.
//
//   async   the answer does not wait: rows are buffered, and one thread commits them once a second
//           or when there are many. The buffer is bounded; what does not fit is lost, counted, and
//           shown. A kill loses what was not committed.
//   sample  as async, for the rows of a share of the entities (by hash, so the same ones always).
//   sync    the answer waits until its rows are durable; requests that wait together share one
//           commit. Rows that cannot be written fail their requests.
//
// A commit that fails is tried again until it succeeds or the buffer is full.
// Stop() commits what waits. Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/resources/arbiter.h"
#include "model/serving/endpoint.h"
#include "model/serving/inference_rows.h"
#include "model/serving/inference_table.h"

namespace millpond::model {

struct InferenceLogOptions {
  data::TableName table;
  ServeDefinition::Log mode = ServeDefinition::Log::kAsync;
  double sample = 1;
  int64_t max_bytes = 16 << 20;   // that wait; with half as much for writing, reserved as kServing
  int64_t commit_rows = 20'000;   // a commit is made at the latest with so many rows …
  int commit_interval_ms = 1000;  // … or so long after the first of them
};

class InferenceLog : public AnswerListener {
 public:
  // `catalog` and `metrics` must outlive it. Touches no table yet.
  static Result<std::unique_ptr<InferenceLog>> Open(data::Catalog& catalog,
                                                    const std::string& endpoint,
                                                    InferenceLogOptions options,
                                                    MetricsRegistry& metrics);
  ~InferenceLog() override;

  Status CheckModel(const ServedModel& model) override { return CheckInferenceNames(model); }
  Status OnAnswer(Answered answered) override;

  // Commits what waits now, and returns when that has been tried.
  void Flush();
  void Stop();

  struct State {
    std::string table;
    int64_t waiting_rows = 0;
    int64_t written_rows = 0;
    int64_t lost_rows = 0;
    std::string problem;  // why the last commit failed; "": it did not
  };
  State state() const;

 private:
  // How the commit of some rows ended, for those who wait for it.
  struct Commit {
    bool done = false;
    Status status = OkStatus();
  };
  struct Chunk {
    InferenceRows rows;
    std::shared_ptr<Commit> commit;
    bool sealed = false;  // takes no more rows
  };

  InferenceLog(data::Catalog& catalog, const std::string& endpoint, InferenceLogOptions options,
               MetricsRegistry& metrics, MemoryReservation memory);
  // The one that takes rows of the model. Holds the mutex.
  Chunk& ChunkFor(const std::shared_ptr<const ServedModel>& model);
  void Write();
  // Writes the oldest chunk; false if it failed and has to wait. Holds `lock` but while writing.
  bool WriteFirst(std::unique_lock<std::mutex>& lock);
  bool IsDue(std::chrono::steady_clock::time_point now) const;
  std::vector<bool> Sampled(const Answered& answered) const;

  const InferenceLogOptions options_;
  InferenceTable table_;  // of the writing thread
  MemoryReservation memory_;
  Counter& written_;
  Counter& lost_;
  Gauge& waiting_;
  Histogram& commit_seconds_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;               // the writer
  std::condition_variable done_;               // who waits for a commit
  std::deque<std::unique_ptr<Chunk>> chunks_;  // the last one is being filled
  int64_t waiting_rows_ = 0;
  int64_t waiting_bytes_ = 0;
  std::chrono::steady_clock::time_point first_at_;  // of the rows that wait
  std::chrono::steady_clock::time_point retry_at_;
  std::string problem_;
  uint64_t flushes_wanted_ = 0, flushes_done_ = 0;
  bool stopping_ = false;
  std::thread writer_;
};

}  // namespace millpond::model
