#include "pipeline/ingest/key_memory.h"

#include <charconv>

#include "base/log.h"
#include "base/sha256.h"

namespace millpond::pipeline {
namespace {

constexpr int64_t kReservedPerKey = 128;  // bytes: map and queue, with what malloc adds
constexpr int64_t kReserveStep = 4096;    // keys
constexpr int64_t kLogBytes = int64_t{4} << 20;
constexpr std::string_view kLogBegins = "keys-", kLogEnds = ".log";

std::optional<int64_t> LogNumber(std::string_view name) {
  if (!name.starts_with(kLogBegins) || !name.ends_with(kLogEnds)) return std::nullopt;
  name.remove_prefix(kLogBegins.size());
  name.remove_suffix(kLogEnds.size());
  int64_t number = 0;
  auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

template <typename T>
bool Take(std::string_view& line, T& out, int base) {
  auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), out, base);
  if (error != std::errc()) return false;
  line.remove_prefix(static_cast<size_t>(end - line.data()));
  if (line.starts_with(' ')) line.remove_prefix(1);
  return true;
}

}  // namespace

KeyMemory::KeyMemory(const Environment& env, std::string dir, Micros lifetime, int64_t max_keys)
    : env_(env), dir_(std::move(dir)), lifetime_(lifetime), max_keys_(max_keys) {}

KeyMemory::Hash KeyMemory::HashOf(const std::string& key) {
  Sha256 sha;
  sha.Update(key);
  auto digest = sha.Digest();
  Hash hash;
  for (int i = 0; i < 8; ++i) {
    hash.high = hash.high << 8 | digest[i];
    hash.low = hash.low << 8 | digest[8 + i];
  }
  return hash;
}

std::string KeyMemory::LineOf(const Hash& hash, const Entry& entry) {
  return fmt::format("{} {} {:016x} {:016x} {:016x}\n", entry.at, entry.rows, entry.digest,
                     hash.high, hash.low);
}

std::string KeyMemory::LogPath(int64_t number) const {
  return JoinPath(dir_, fmt::format("{}{:09}{}", kLogBegins, number, kLogEnds));
}

// A line that is cut off, or not ours, ends the log: what was saved stands before it.
void KeyMemory::ReadLog(std::string_view text) {
  while (!text.empty()) {
    size_t end = text.find('\n');
    if (end == std::string_view::npos) return;
    std::string_view line = text.substr(0, end);
    Entry entry;
    Hash hash;
    bool whole = Take(line, entry.at, 10) && Take(line, entry.rows, 10) &&
                 Take(line, entry.digest, 16) && Take(line, hash.high, 16) && line.size() == 16 &&
                 Take(line, hash.low, 16);
    if (!whole || !line.empty()) return;
    Insert(hash, entry);
    text.remove_prefix(end + 1);
  }
}

Status KeyMemory::Load() {
  MP_ASSIGN_OR_RETURN(auto entries, env_.fs.List(dir_));
  std::vector<std::string> old;
  for (const FileInfo& entry : entries) {
    auto number = LogNumber(FileName(entry.path));
    if (!number.has_value()) continue;
    last_number_ = std::max(last_number_, *number);
    MP_ASSIGN_OR_RETURN(std::string text, env_.fs.ReadFile(entry.path));
    ReadLog(text);
    old.push_back(entry.path);
  }
  ForgetOldest();
  if (old.empty()) return OkStatus();
  std::string all;
  for (const auto& [at, hash] : by_age_) {
    auto entry = known_.find(hash);
    if (entry != known_.end() && entry->second.at == at) all += LineOf(hash, entry->second);
  }
  if (!all.empty()) {
    MP_RETURN_IF_ERROR(env_.fs.ReplaceFile(LogPath(++last_number_), all));
    logs_.push_back({last_number_, by_age_.back().first});
  }
  for (const std::string& path : old) MP_RETURN_IF_ERROR(env_.fs.Remove(path));
  return OkStatus();
}

std::optional<KnownBatch> KeyMemory::Find(const std::string& key) const {
  auto found = known_.find(HashOf(key));
  if (found == known_.end() || found->second.at + lifetime_ < env_.clock.Now()) return std::nullopt;
  return KnownBatch{found->second.rows, fmt::format("{:016x}", found->second.digest)};
}

void KeyMemory::Insert(const Hash& hash, const Entry& entry) {
  auto [known, is_new] = known_.try_emplace(hash, entry);
  if (!is_new) {
    if (known->second.at == entry.at) return;
    known->second = entry;  // used again after its time
  }
  by_age_.emplace_back(entry.at, hash);
  Reserve();
}

void KeyMemory::Reserve() {
  int64_t wanted = (size() / kReserveStep + 1) * kReserveStep * kReservedPerKey;
  if (wanted == memory_.bytes()) return;
  Status grown = OkStatus();
  if (memory_.bytes() == 0) {
    auto reserved = env_.arbiter.Reserve(ResourceClass::kStream, wanted, "idempotency keys");
    if (reserved.has_value()) {
      memory_ = *std::move(reserved);
    } else {
      grown = std::unexpected(reserved.error());
    }
  } else {
    grown = memory_.Resize(wanted);
  }
  if (grown.has_value()) return;
  LogWarn("ingest", "half of {} idempotency keys of {} are forgotten, for want of memory: {}",
          size(), dir_, grown.error().ToString());
  for (int64_t keep = size() / 2; size() > keep && !by_age_.empty(); by_age_.pop_front()) {
    forgotten_ += static_cast<int64_t>(known_.erase(by_age_.front().second));
  }
}

void KeyMemory::ForgetOldest() {
  Micros now = env_.clock.Now();
  while (!by_age_.empty()) {
    const auto& [at, hash] = by_age_.front();
    bool expired = at + lifetime_ < now;
    if (!expired && size() <= max_keys_) break;
    // A key that was remembered again lives by its later entry.
    auto found = known_.find(hash);
    if (found != known_.end() && found->second.at == at) {
      known_.erase(found);
      if (!expired) ++forgotten_;
    }
    by_age_.pop_front();
  }
}

void KeyMemory::Remember(const BatchMark& mark) {
  if (mark.key.empty()) return;
  Entry entry;
  entry.rows = mark.rows;
  entry.at = mark.at;
  std::from_chars(mark.digest.data(), mark.digest.data() + mark.digest.size(), entry.digest, 16);
  Insert(HashOf(mark.key), entry);
  ForgetOldest();
}

Status KeyMemory::Save(const std::vector<BatchMark>& marks) {
  std::string text;
  Micros newest = 0;
  for (const BatchMark& mark : marks) {
    if (mark.key.empty()) continue;
    Entry entry{0, mark.rows, mark.at};
    std::from_chars(mark.digest.data(), mark.digest.data() + mark.digest.size(), entry.digest, 16);
    text += LineOf(HashOf(mark.key), entry);
    newest = std::max(newest, mark.at);
  }
  if (text.empty()) return OkStatus();
  auto save = [&]() -> Status {
    if (log_ == nullptr || log_bytes_ > kLogBytes) {
      MP_ASSIGN_OR_RETURN(log_, env_.fs.Create(LogPath(last_number_ + 1)));
      ++last_number_;
      logs_.push_back({last_number_, newest});
      log_bytes_ = 0;
      MP_RETURN_IF_ERROR(env_.fs.SyncDirectory(dir_));
      RemoveExpiredLogs();
    }
    MP_RETURN_IF_ERROR(log_->Append(text));
    MP_RETURN_IF_ERROR(log_->Sync());
    log_bytes_ += static_cast<int64_t>(text.size());
    logs_.back().newest = std::max(logs_.back().newest, newest);
    return OkStatus();
  };
  Status saved = save();
  if (!saved.has_value()) log_ = nullptr;  // what it holds is not known: go on in a new one
  return saved;
}

void KeyMemory::RemoveExpiredLogs() {
  while (logs_.size() > 1 && logs_.front().newest + lifetime_ < env_.clock.Now()) {
    Status removed = env_.fs.Remove(LogPath(logs_.front().number));
    if (!removed.has_value() && removed.error().kind() != ErrorKind::kNotFound) return;
    logs_.pop_front();
  }
}

}  // namespace millpond::pipeline
