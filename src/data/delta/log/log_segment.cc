#include "data/delta/log/log_segment.h"

#include <algorithm>
#include <charconv>

namespace millpond::data {
namespace {

// Takes exactly `digits` digits from the front of `text`.
std::optional<int64_t> TakeNumber(std::string_view& text, size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + digits, value);
  if (error != std::errc() || end != text.data() + digits || value < 0) return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

bool Take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

std::optional<LogFileName> ParseLogFileName(std::string_view name) {
  using Kind = LogFileName::Kind;
  auto version = TakeNumber(name, 20);
  if (!version) return std::nullopt;
  LogFileName found{.version = *version};
  auto as = [&](Kind kind) {
    found.kind = kind;
    return found;
  };
  if (name == ".json") return as(Kind::kCommit);
  if (name == ".crc") return as(Kind::kChecksum);
  if (name == ".checkpoint.parquet") return as(Kind::kCheckpoint);
  if (std::string_view rest = name; Take(rest, ".")) {
    auto last = TakeNumber(rest, 20);
    if (last && rest == ".compacted.json" && *last > *version) {
      found.last = *last;
      return as(Kind::kCompacted);
    }
  }
  if (!Take(name, ".checkpoint.")) return std::nullopt;
  if (std::string_view rest = name; auto part = TakeNumber(rest, 10)) {
    if (Take(rest, ".")) {
      auto parts = TakeNumber(rest, 10);
      if (!parts || rest != ".parquet" || *part < 1 || *part > *parts) return std::nullopt;
      found.part = *part;
      found.parts = *parts;
      return as(Kind::kCheckpointPart);
    }
  }
  // <uuid>.json or <uuid>.parquet; the name is anybody's, but one word.
  const size_t dot = name.find('.');
  if (dot == 0 || dot == name.npos) return std::nullopt;
  name.remove_prefix(dot);
  if (name == ".parquet" || name == ".json") return as(Kind::kV2Checkpoint);
  return std::nullopt;
}

std::string CommitFileName(int64_t version) {
  return fmt::format("{:020}.json", version);
}

std::string CheckpointFileName(int64_t version) {
  return fmt::format("{:020}.checkpoint.parquet", version);
}

std::string V2CheckpointFileName(int64_t version, std::string_view uuid) {
  return fmt::format("{:020}.checkpoint.{}.json", version, uuid);
}

std::string ChecksumFileName(int64_t version) {
  return fmt::format("{:020}.crc", version);
}

std::string CompactedFileName(int64_t first, int64_t last) {
  return fmt::format("{:020}.{:020}.compacted.json", first, last);
}

std::string SidecarPath(std::string_view log, std::string_view name) {
  return fmt::format("{}/_sidecars/{}", log, name);
}

int64_t LogListing::latest() const {
  int64_t latest = -1;
  if (!commits.empty()) latest = std::max(latest, commits.rbegin()->first);
  if (!checkpoints.empty()) latest = std::max(latest, checkpoints.rbegin()->first);
  return latest;
}

int64_t LogListing::earliest() const {
  if (commits.contains(0)) return 0;
  return checkpoints.empty() ? -1 : checkpoints.begin()->first;
}

bool LogSegment::UsesCompacted() const {
  return std::ranges::any_of(commits, [](const LogSpan& span) { return span.compacted(); });
}

LogListing MakeLogListing(const std::vector<FileInfo>& files) {
  using Kind = LogFileName::Kind;
  LogListing listing;
  // (version, parts) -> part -> path
  std::map<std::pair<int64_t, int64_t>, std::map<int64_t, std::string>> parts;
  std::map<int64_t, std::string> classic;
  std::map<int64_t, std::vector<std::string>> by_uuid;
  for (const auto& file : files) {
    auto name = ParseLogFileName(FileName(file.path));
    if (!name || file.is_directory) continue;
    switch (name->kind) {
      case Kind::kCommit:
        listing.commits[name->version] = file;
        break;
      case Kind::kCheckpoint:
        classic[name->version] = file.path;
        break;
      case Kind::kCheckpointPart:
        parts[{name->version, name->parts}][name->part] = file.path;
        break;
      case Kind::kV2Checkpoint:
        by_uuid[name->version].push_back(file.path);
        break;
      case Kind::kCompacted:
        listing.compacted[name->version][name->last] = file;
        break;
      case Kind::kChecksum:
        listing.checksums[name->version] = file;
        break;
    }
  }
  for (const auto& [version, paths] : by_uuid) {
    for (const auto& path : paths) listing.checkpoints[version].push_back({path});
  }
  for (const auto& [version, path] : classic) listing.checkpoints[version].push_back({path});
  for (const auto& [key, found] : parts) {
    if (static_cast<int64_t>(found.size()) != key.second) continue;  // some are missing
    CheckpointFiles all;
    for (const auto& [part, path] : found) all.push_back(path);
    listing.checkpoints[key.first].push_back(std::move(all));
  }
  return listing;
}

namespace {

std::unexpected<Error> NoSuchVersion(const LogListing& listing, const std::string& table_path,
                                     int64_t target) {
  return Fail(ErrorKind::kNotFound, "table {} has no version {}: versions {} to {} are there",
              table_path, target, listing.earliest(), listing.latest());
}

// The fewest log files that hold exactly the versions first … last, in order; empty if there is
// no such set, and then `missing` is a version that no commit holds.
std::vector<LogSpan> FewestFiles(const LogListing& listing, int64_t first, int64_t last,
                                 bool use_compacted, int64_t* missing) {
  struct Best {
    int64_t files = 0, end = 0;  // files from here to the last version; where the first one ends
  };
  std::vector<LogSpan> chosen;
  if (last == INT64_MAX) {  // nobody can have written it, nor all those before
    for (*missing = first; listing.commits.contains(*missing) && *missing < last;) ++*missing;
    return chosen;
  }
  std::map<int64_t, Best> best = {{last + 1, {}}};  // by where it begins
  auto take = [&](int64_t version, int64_t end) {
    const auto rest = best.find(end + 1);
    if (rest == best.end()) return;
    const Best here{rest->second.files + 1, end};
    auto [known, is_new] = best.try_emplace(version, here);
    if (!is_new && here.files < known->second.files) known->second = here;
  };
  auto commit = listing.commits.upper_bound(last);
  auto span = listing.compacted.upper_bound(last);
  while (true) {  // from the last version down to the first, over what is there
    const int64_t a = commit == listing.commits.begin() ? -1 : std::prev(commit)->first;
    const int64_t b =
        !use_compacted || span == listing.compacted.begin() ? -1 : std::prev(span)->first;
    const int64_t version = std::max(a, b);
    if (version < first) break;
    if (a == version) {
      take(version, version);
      --commit;
    }
    if (b != version) continue;
    --span;
    for (const auto& [end, file] : span->second) {
      if (end <= last) take(version, end);
    }
  }
  if (!best.contains(first)) {
    for (*missing = first; listing.commits.contains(*missing);) ++*missing;
    return chosen;
  }
  for (int64_t version = first; version <= last;) {
    const int64_t end = best.at(version).end;
    const FileInfo& file =
        end == version ? listing.commits.at(version) : listing.compacted.at(version).at(end);
    chosen.push_back({file, version, end});
    version = end + 1;
  }
  return chosen;
}

Status CollectCommits(const LogListing& listing, const std::string& table_path, bool use_compacted,
                      LogSegment* segment) {
  if (segment->checkpoint_version >= segment->version) return OkStatus();
  const int64_t first = segment->checkpoint_version + 1;
  int64_t missing = first;
  segment->commits = FewestFiles(listing, first, segment->version, use_compacted, &missing);
  if (!segment->commits.empty()) return OkStatus();
  if (segment->checkpoint_version < 0 && listing.earliest() > segment->version) {
    return NoSuchVersion(listing, table_path, segment->version);
  }
  return Fail(ErrorKind::kCorrupt,
              "the log of table {} lacks version {} ({}), and no checkpoint covers it: restore "
              "the file, or read a version before it",
              table_path, missing, CommitFileName(missing));
}

}  // namespace

Result<LogSegment> SelectLogSegment(const LogListing& listing, const std::string& table_path,
                                    std::optional<int64_t> target, SegmentChoice choice) {
  if (listing.empty()) {
    return Fail(ErrorKind::kNotFound, "no Delta table at {}: its _delta_log holds no commit",
                table_path);
  }
  LogSegment segment;
  segment.version = target.value_or(listing.latest());
  if (segment.version < 0 || segment.version > listing.latest()) {
    return NoSuchVersion(listing, table_path, segment.version);
  }
  int skip = choice.skip_checkpoints;
  auto at = listing.checkpoints.upper_bound(segment.version);
  while (at != listing.checkpoints.begin() && segment.checkpoint_version < 0) {
    --at;
    for (const CheckpointFiles& files : at->second) {
      if (skip-- > 0) continue;
      segment.checkpoint_version = at->first;
      segment.checkpoint_files = files;
      break;
    }
  }
  MP_RETURN_IF_ERROR(CollectCommits(listing, table_path, choice.use_compacted, &segment));
  return segment;
}

}  // namespace millpond::data
