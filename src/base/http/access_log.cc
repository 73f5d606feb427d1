#include "base/http/access_log_internal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <iterator>

#include "base/json.h"
#include "base/log.h"

namespace millpond {
namespace {

constexpr size_t kMaxWaiting = 32'768;  // records: some 10 MiB, most of a second at full speed
constexpr auto kGather = std::chrono::milliseconds(100);

void AppendString(std::string_view name, std::string_view value, std::string& out) {
  out += out.ends_with('{') ? "\"" : ",\"";
  out += name;
  out += "\":";
  const bool is_plain = std::all_of(value.begin(), value.end(), [](char c) {
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
  });
  if (!is_plain) {
    out += DumpJson(Json(std::string(value)));
    return;
  }
  out += '"';
  out += value;
  out += '"';
}

void AppendLine(const AccessRecord& record, std::string& out) {
  out += '{';
  AppendString("time", FormatTimestamp(record.time), out);
  AppendString("id", record.id, out);
  AppendString("principal", record.principal, out);
  AppendString("remote", record.remote, out);
  AppendString("method", record.method, out);
  AppendString("path", record.path, out);
  if (!record.query_names.empty()) AppendString("query", record.query_names, out);
  fmt::format_to(std::back_inserter(out), ",\"status\":{},\"bytes\":{},\"micros\":{}}}\n",
                 record.status, record.bytes, record.micros);
}

}  // namespace

std::string AccessLogLine(const AccessRecord& record) {
  std::string line;
  AppendLine(record, line);
  return line;
}

AccessLog::AccessLog(std::string path, int64_t max_bytes, Counter& lost)
    : path_(std::move(path)), max_bytes_(max_bytes), lost_(lost) {}

Result<std::unique_ptr<AccessLog>> AccessLog::Open(std::string path, int64_t max_bytes,
                                                   Counter& lost) {
  std::unique_ptr<AccessLog> log(new AccessLog(std::move(path), max_bytes, lost));
  MP_RETURN_IF_ERROR(log->Reopen());
  log->writer_ = std::thread([raw = log.get()] { raw->Work(); });
  return log;
}

AccessLog::~AccessLog() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (writer_.joinable()) writer_.join();
  if (file_ >= 0) ::close(file_);
}

Status AccessLog::Reopen() {
  if (file_ >= 0) ::close(file_);
  file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  struct stat st = {};
  if (file_ < 0 || ::fstat(file_, &st) != 0) {
    return Fail(ErrorKind::kUnavailable, "cannot append to the access log {}: {}", path_,
                std::strerror(errno));
  }
  size_ = st.st_size;
  return OkStatus();
}

void AccessLog::Add(AccessRecord record) {
  bool wake = false;
  {
    std::lock_guard lock(mutex_);
    if (waiting_.size() >= kMaxWaiting) {
      lost_.Add();
      return;
    }
    wake = waiting_.empty() || waiting_.size() == kMaxWaiting / 2;
    waiting_.push_back(std::move(record));
  }
  if (wake) wake_.notify_one();
}

void AccessLog::Work() {
  std::vector<AccessRecord> taken;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      // Gathers, so that a busy server wakes this thread ten times a second and not for each line.
      wake_.wait_for(lock, kGather,
                     [this] { return stopping_ || waiting_.size() > kMaxWaiting / 2; });
      if (waiting_.empty()) return;
      taken.swap(waiting_);
    }
    Write(taken);
    taken.clear();
  }
}

void AccessLog::Write(const std::vector<AccessRecord>& records) {
  std::string text;
  for (const AccessRecord& record : records) AppendLine(record, text);
  Status written = OkStatus();
  if (size_ >= max_bytes_) {
    std::rename(path_.c_str(), (path_ + ".1").c_str());
    written = Reopen();
  }
  size_t done = 0;
  while (written.has_value() && done < text.size()) {
    const ssize_t n = ::write(file_, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      written = Fail(ErrorKind::kUnavailable, "cannot write the access log {}: {}", path_,
                     std::strerror(errno));
    } else {
      done += static_cast<size_t>(n);
    }
  }
  size_ += static_cast<int64_t>(done);
  if (!written.has_value()) {
    lost_.Add(static_cast<double>(
        std::count(text.begin() + static_cast<ptrdiff_t>(done), text.end(), '\n')));
    if (!has_failed_) LogWarn("http", "{}; lines are lost", written.error().ToString());
  }
  has_failed_ = !written.has_value();
}

}  // namespace millpond
