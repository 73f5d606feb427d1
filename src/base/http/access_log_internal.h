// One JSON line a request, appended to a file by a thread of its own:
//
//   {"time":"2026-01-31T08:00:00.000000Z","id":"…","principal":"local","remote":"127.0.0.1:50312",
//    "method":"GET","path":"/api/…","query":"a,b","status":200,"bytes":17,"micros":85}
//
// Of the query only the names are written, since values can be secrets. The threads that answer
// never wait: what does not fit the buffer, or the disk, is lost and counted. A file that has
// reached max_bytes becomes "<file>.1" (the one before it goes), so the disk does not fill.
// Not durable: a kill loses what the last tenth of a second brought.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/metrics/metrics.h"
#include "base/result.h"

namespace millpond {

struct AccessRecord {
  Micros time = 0;
  std::string id = {};
  std::string principal = {};
  std::string remote = {};
  std::string method = {};  // "" where the request was not read that far
  std::string path = {};
  std::string query_names = {};
  int status = 0;
  int64_t bytes = 0;  // of the response's body
  int64_t micros = 0;
};

std::string AccessLogLine(const AccessRecord& record);

class AccessLog {
 public:
  static Result<std::unique_ptr<AccessLog>> Open(std::string path, int64_t max_bytes,
                                                 Counter& lost);
  ~AccessLog();  // writes what is there
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  void Add(AccessRecord record);

 private:
  AccessLog(std::string path, int64_t max_bytes, Counter& lost);
  Status Reopen();
  void Work();
  void Write(const std::vector<AccessRecord>& records);

  const std::string path_;
  const int64_t max_bytes_;
  Counter& lost_;
  int file_ = -1;
  int64_t size_ = 0;
  bool has_failed_ = false;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<AccessRecord> waiting_;
  bool stopping_ = false;
  std::thread writer_;
};

}  // namespace millpond
