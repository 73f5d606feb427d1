#include "data/delta/log_segment.h"

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
  if (name == ".json") return LogFileName{Kind::kCommit, *version};
  if (name == ".checkpoint.parquet") return LogFileName{Kind::kCheckpoint, *version};
  if (!Take(name, ".checkpoint.")) return std::nullopt;
  if (std::string_view rest = name; auto part = TakeNumber(rest, 10)) {
    if (!Take(rest, ".")) return std::nullopt;
    auto parts = TakeNumber(rest, 10);
    if (!parts || rest != ".parquet" || *part < 1 || *part > *parts) return std::nullopt;
    return LogFileName{Kind::kCheckpointPart, *version, *part, *parts};
  }
  if (name.ends_with(".parquet") || name.ends_with(".json")) {
    return LogFileName{Kind::kV2Checkpoint, *version};
  }
  return std::nullopt;
}

std::string CommitFileName(int64_t version) {
  return fmt::format("{:020}.json", version);
}

std::string CheckpointFileName(int64_t version) {
  return fmt::format("{:020}.checkpoint.parquet", version);
}

int64_t LogListing::latest() const {
  int64_t latest = -1;
  if (!commits.empty()) latest = std::max(latest, commits.rbegin()->first);
  if (!checkpoints.empty()) latest = std::max(latest, checkpoints.rbegin()->first);
  if (!v2_checkpoints.empty()) latest = std::max(latest, v2_checkpoints.rbegin()->first);
  return latest;
}

int64_t LogListing::earliest() const {
  if (commits.contains(0)) return 0;
  return checkpoints.empty() ? -1 : checkpoints.begin()->first;
}

LogListing MakeLogListing(const std::vector<FileInfo>& files) {
  LogListing listing;
  // (version, parts) -> part -> path
  std::map<std::pair<int64_t, int64_t>, std::map<int64_t, std::string>> parts;
  std::map<int64_t, std::string> classic;
  for (const auto& file : files) {
    auto name = ParseLogFileName(FileName(file.path));
    if (!name || file.is_directory) continue;
    switch (name->kind) {
      case LogFileName::Kind::kCommit:
        listing.commits[name->version] = file;
        break;
      case LogFileName::Kind::kCheckpoint:
        classic[name->version] = file.path;
        break;
      case LogFileName::Kind::kCheckpointPart:
        parts[{name->version, name->parts}][name->part] = file.path;
        break;
      case LogFileName::Kind::kV2Checkpoint:
        listing.v2_checkpoints[name->version] = file.path;
        break;
    }
  }
  for (const auto& [key, found] : parts) {
    if (static_cast<int64_t>(found.size()) != key.second) continue;  // some are missing
    auto& files_of = listing.checkpoints[key.first];
    files_of.clear();
    for (const auto& [part, path] : found) files_of.push_back(path);
  }
  for (const auto& [version, path] : classic) listing.checkpoints[version] = {path};
  return listing;
}

namespace {

std::unexpected<Error> NoSuchVersion(const LogListing& listing, const std::string& table_path,
                                     int64_t target) {
  return Fail(ErrorKind::kNotFound, "table {} has no version {}: versions {} to {} are there",
              table_path, target, listing.earliest(), listing.latest());
}

Status CollectCommits(const LogListing& listing, const std::string& table_path,
                      LogSegment* segment) {
  for (int64_t v = segment->checkpoint_version + 1; v <= segment->version; ++v) {
    auto commit = listing.commits.find(v);
    if (commit != listing.commits.end()) {
      segment->commits.push_back(commit->second);
      continue;
    }
    if (!listing.v2_checkpoints.empty() && listing.v2_checkpoints.rbegin()->first >= v) {
      return Fail(ErrorKind::kUnsupported,
                  "table {} needs the reader feature 'v2Checkpoint', which this version of "
                  "Millpond does not read",
                  table_path);
    }
    if (segment->checkpoint_version < 0 && listing.earliest() > segment->version) {
      return NoSuchVersion(listing, table_path, segment->version);
    }
    return Fail(ErrorKind::kCorrupt,
                "the log of table {} lacks version {} ({}), and no checkpoint covers it: restore "
                "the file, or read a version before it",
                table_path, v, CommitFileName(v));
  }
  return OkStatus();
}

}  // namespace

Result<LogSegment> SelectLogSegment(const LogListing& listing, const std::string& table_path,
                                    std::optional<int64_t> target, int64_t checkpoint_before) {
  if (listing.empty()) {
    return Fail(ErrorKind::kNotFound, "no Delta table at {}: its _delta_log holds no commit",
                table_path);
  }
  LogSegment segment;
  segment.version = target.value_or(listing.latest());
  if (segment.version < 0 || segment.version > listing.latest()) {
    return NoSuchVersion(listing, table_path, segment.version);
  }
  auto checkpoint =
      listing.checkpoints.upper_bound(std::min(segment.version, checkpoint_before - 1));
  if (checkpoint != listing.checkpoints.begin()) {
    --checkpoint;
    segment.checkpoint_version = checkpoint->first;
    segment.checkpoint_files = checkpoint->second;
  }
  MP_RETURN_IF_ERROR(CollectCommits(listing, table_path, &segment));
  return segment;
}

}  // namespace millpond::data
