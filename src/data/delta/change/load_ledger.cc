#include "data/delta/change/load_ledger.h"

#include <charconv>

#include "base/json.h"
#include "base/log.h"
#include "data/delta/rows/crc32.h"

namespace millpond::data {
namespace {

constexpr const char* kApplication = "millpond.copyInto";
constexpr const char* kFolder = "_copy_into";
constexpr int kRandomBits = 32;
constexpr Micros kUnreachedAge = kMicrosPerDay;

std::string Line(const Json& json) {
  return DumpJson(json) + "\n";
}

Result<LoadedFile> ParseFile(std::string_view line, const std::string& path) {
  MP_ASSIGN_OR_RETURN(const Json json, ParseJson(line, path));
  try {
    return LoadedFile{json.at("name").get<std::string>(), json.at("size").get<int64_t>(),
                      json.at("modified").get<int64_t>()};
  } catch (const Json::exception& e) {
    return Fail(ErrorKind::kCorrupt, "the record of loaded files {} is damaged: {}", path,
                e.what());
  }
}

}  // namespace

// Lines of JSON: a head with the number of files and the segment before, one line a file, and an
// end with the checksum of all bytes before it.
struct LoadLedger::Segment {
  int64_t previous = 0;
  int64_t count = 0;
  std::string lines;  // of the files
};

LoadLedger::LoadLedger(const Environment& env, const Snapshot& snapshot)
    : env_(env),
      folder_(JoinPath(snapshot.path(), kFolder)),
      newest_(snapshot.txn_version(kApplication).value_or(0)) {}

std::string LoadLedger::PathOf(int64_t version) const {
  return JoinPath(folder_, fmt::format("{:020}.json", version));
}

Result<LoadLedger::Segment> LoadLedger::Read(int64_t version) const {
  const std::string path = PathOf(version);
  const auto corrupt = [&](std::string_view why) {
    return Fail(ErrorKind::kCorrupt,
                "the record of loaded files {} {}: bring it back from a copy; without it COPY INTO "
                "cannot know what it has loaded",
                path, why);
  };
  auto bytes = env_.fs.ReadFile(path);
  if (!bytes.has_value()) {
    if (bytes.error().kind() == ErrorKind::kNotFound) return corrupt("is gone");
    return std::unexpected<Error>(std::move(bytes).error());
  }
  const size_t head_end = bytes->find('\n');
  const size_t tail = bytes->size() < 2 ? bytes->npos : bytes->rfind('\n', bytes->size() - 2);
  if (head_end == bytes->npos || tail == bytes->npos || tail < head_end) return corrupt("is cut");
  auto head = ParseJson(std::string_view(*bytes).substr(0, head_end), path);
  auto end = ParseJson(std::string_view(*bytes).substr(tail + 1), path);
  if (!head.has_value() || !end.has_value()) return corrupt("is damaged");
  Segment segment;
  try {
    segment.previous = head->at("previous").get<int64_t>();
    segment.count = head->at("files").get<int64_t>();
    const auto sum = end->at("crc32").get<uint32_t>();
    if (sum != Crc32(std::string_view(*bytes).substr(0, tail + 1))) {
      return corrupt("does not match its checksum");
    }
  } catch (const Json::exception&) {
    return corrupt("is damaged");
  }
  if (segment.previous >= version) return corrupt("names a later one as the one before");
  segment.lines = bytes->substr(head_end + 1, tail - head_end);
  return segment;
}

Result<std::map<std::string, LoadedFile>> LoadLedger::Find(
    const std::set<std::string>& names) const {
  std::map<std::string, LoadedFile> found;
  for (int64_t version = newest_; version != 0 && found.size() < names.size();) {
    MP_RETURN_IF_ERROR(env_.cancellation.Check());
    MP_ASSIGN_OR_RETURN(const Segment segment, Read(version));
    for (size_t at = 0; at < segment.lines.size();) {
      const size_t end = segment.lines.find('\n', at);
      MP_ASSIGN_OR_RETURN(
          const LoadedFile file,
          ParseFile(std::string_view(segment.lines).substr(at, end - at), PathOf(version)));
      at = end + 1;
      // The newest record of a file comes first.
      if (names.contains(file.name)) found.try_emplace(file.name, file);
    }
    version = segment.previous;
  }
  return found;
}

Result<Txn> LoadLedger::Append(const std::vector<LoadedFile>& files) const {
  std::string lines;
  for (const LoadedFile& file : files) {
    lines +=
        Line(Json{{"name", file.name}, {"size", file.size_bytes}, {"modified", file.modified}});
  }
  auto count = static_cast<int64_t>(files.size());
  int64_t previous = newest_;
  while (previous != 0) {
    MP_ASSIGN_OR_RETURN(Segment segment, Read(previous));
    if (segment.count > 2 * count) break;
    lines += segment.lines;
    count += segment.count;
    previous = segment.previous;
  }
  MP_ASSIGN_OR_RETURN(
      const auto memory,
      env_.arbiter.Reserve(ResourceClass::kBatch, static_cast<int64_t>(lines.size()) * 2,
                           "the record of loaded files in " + folder_));
  MP_RETURN_IF_ERROR(env_.fs.CreateDirectories(folder_));
  while (true) {
    const int64_t number = (newest_ >> kRandomBits) + 1;
    const int64_t version =
        number << kRandomBits | static_cast<int64_t>(env_.random.Next() & 0xffffffffULL);
    std::string bytes = Line(Json{{"version", version}, {"previous", previous}, {"files", count}});
    bytes += lines;
    bytes += Line(Json{{"crc32", Crc32(bytes)}});
    const Status put = env_.fs.PutIfAbsent(PathOf(version), bytes);
    if (put.has_value()) return Txn{kApplication, version, std::nullopt};
    if (put.error().kind() != ErrorKind::kAlreadyExists) {
      return std::unexpected<Error>(put.error());
    }
  }
}

void LoadLedger::Discard(const Txn& txn) const {
  (void)env_.fs.Remove(PathOf(txn.version));  // harmless if it stays
}

void LoadLedger::RemoveUnreached() const {
  const auto files = env_.fs.List(folder_);
  if (!files.has_value()) return;
  std::set<std::string> reached;
  for (int64_t version = newest_; version != 0;) {
    const auto segment = Read(version);
    if (!segment.has_value()) return;
    reached.insert(PathOf(version));
    version = segment->previous;
  }
  // A load may be about to commit a segment that is young.
  const Micros before = SystemClock().Now() - kUnreachedAge;
  for (const FileInfo& file : *files) {
    if (!reached.contains(file.path) && file.modified < before) (void)env_.fs.Remove(file.path);
  }
}

}  // namespace millpond::data
