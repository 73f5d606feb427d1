#include "data/delta/rows/change_range_internal.h"

#include <algorithm>

#include "data/delta/metadata/actions_json.h"
#include "data/delta/metadata/column_mapping.h"
#include "data/delta/metadata/protocol.h"
#include "data/delta/rows/column_cast.h"

namespace millpond::data {
namespace {

bool HasFeed(const Metadata& metadata) {
  return metadata.IsEnabled(property::kEnableChangeDataFeed);
}

// The commit's metaData, if it has one. Commits without are not parsed.
Result<std::optional<Metadata>> MetadataIn(const LogStore& log, int64_t version) {
  MP_ASSIGN_OR_RETURN(const std::string bytes, log.ReadCommit(version));
  std::optional<Metadata> found;
  if (bytes.find("\"metaData\"") == std::string::npos) return found;
  MP_RETURN_IF_ERROR(ParseCommit(bytes, log.CommitPath(version), [&](Action action) {
    if (auto* metadata = std::get_if<Metadata>(&action)) found = std::move(*metadata);
    return OkStatus();
  }));
  return found;
}

std::string FeedRangesText(const std::vector<std::pair<int64_t, int64_t>>& ranges) {
  if (ranges.empty()) {
    return "no version has one: turn it on by ALTER TABLE … SET TBLPROPERTIES "
           "('delta.enableChangeDataFeed' = 'true'), and changes from then on can be read; or add "
           "derive => true";
  }
  std::string text;
  for (const auto& [first, last] : ranges) {
    text += fmt::format("{}{} to {}", text.empty() ? "" : ", ", first, last);
  }
  return "versions that can be read: " + text;
}

// The runs of versions, of those that the log has, that keep a feed.
Result<std::string> ReadableRanges(DeltaTable& table, const LogStore& log,
                                   const LogListing& listing) {
  std::vector<std::pair<int64_t, int64_t>> ranges;
  std::optional<bool> on;
  for (const auto& [version, file] : listing.commits) {
    if (version < listing.earliest()) continue;
    if (!on) {
      MP_ASSIGN_OR_RETURN(const auto snapshot, table.AtVersion(version));
      on = HasFeed(snapshot->metadata());
    } else {
      MP_ASSIGN_OR_RETURN(const auto metadata, MetadataIn(log, version));
      if (metadata) on = HasFeed(*metadata);
    }
    if (!*on) continue;
    if (!ranges.empty() && ranges.back().second == version - 1) {
      ranges.back().second = version;
    } else {
      ranges.emplace_back(version, version);
    }
  }
  return FeedRangesText(ranges);
}

// Why rows of the type cannot be read as `now`; "" if they can.
std::string Mismatch(const DataType& then, const DataType& now, const std::string& name);

std::string Mismatch(const std::vector<StructField>& then, const std::vector<StructField>& now,
                     const std::string& prefix) {
  for (const StructField& field : then) {
    const std::string name = prefix + field.name;
    const auto same = std::ranges::find_if(
        now, [&](const StructField& other) { return EqualNames(other.name, field.name); });
    if (same == now.end()) return fmt::format("column '{}' was dropped or renamed", name);
    if (PhysicalName(field) != PhysicalName(*same)) {
      return fmt::format("column '{}' is another column under the same name", name);
    }
    if (field.nullable && !same->nullable) return fmt::format("column '{}' became NOT NULL", name);
    if (auto why = Mismatch(field.type, same->type, name); !why.empty()) return why;
  }
  return "";
}

std::string Mismatch(const DataType& then, const DataType& now, const std::string& name) {
  if (then.kind() == TypeKind::kStruct && now.kind() == TypeKind::kStruct) {
    return Mismatch(then.fields(), now.fields(), name + ".");
  }
  if (then == now || CanWiden(then, now)) return "";
  return fmt::format("column '{}' was {} and became {}", name, then.ToString(), now.ToString());
}

Status CheckColumns(const Metadata& then, int64_t version, const ChangeRange& range,
                    const Snapshot& end) {
  MP_ASSIGN_OR_RETURN(const Schema schema, Schema::FromJson(then.schema_json));
  const std::string why = Mismatch(schema.fields(), end.schema().fields(), "");
  if (why.empty()) return OkStatus();
  return Fail(ErrorKind::kUnsupported,
              "the changes of table {} from version {} to {} cannot be read as one: after version "
              "{} {}; read them in parts, each up to the version before such a change",
              end.path(), range.first, range.last, version, why);
}

Status CheckThere(const LogListing& listing, const ChangeRange& range, const std::string& path) {
  for (int64_t version = range.first; version <= range.last; ++version) {
    if (listing.commits.contains(version)) continue;
    const auto after = listing.commits.upper_bound(version);
    return Fail(ErrorKind::kNotFound,
                "the log of table {} no longer has version {}: its clean-up took it; changes can "
                "be read from version {} to {}",
                path, version, after == listing.commits.end() ? range.last : after->first,
                listing.latest());
  }
  return OkStatus();
}

}  // namespace

std::map<int64_t, Micros> LogFileTimes(const LogListing& listing) {
  std::map<int64_t, Micros> times;
  for (const auto& [version, file] : listing.commits) {
    Micros at = file.modified / kMicrosPerMilli * kMicrosPerMilli;
    if (!times.empty()) at = std::max(at, times.rbegin()->second + kMicrosPerMilli);
    times.emplace_hint(times.end(), version, at);
  }
  return times;
}

Status CheckChangeRange(DeltaTable& table, const LogStore& log, const LogListing& listing,
                        const ChangeRange& range, const Snapshot& end) {
  MP_RETURN_IF_ERROR(CheckThere(listing, range, table.path()));
  const auto check = [&](const Metadata& metadata, int64_t version) -> Status {
    if (!range.derive && !HasFeed(metadata)) {
      MP_ASSIGN_OR_RETURN(const std::string ranges, ReadableRanges(table, log, listing));
      return Fail(ErrorKind::kInvalidArgument,
                  "table {} kept no change data feed at version {}; {}", table.path(), version,
                  ranges);
    }
    return CheckColumns(metadata, version, range, end);
  };
  MP_ASSIGN_OR_RETURN(const auto first, table.AtVersion(range.first));
  MP_RETURN_IF_ERROR(check(first->metadata(), range.first));
  for (int64_t version = range.first + 1; version <= range.last; ++version) {
    MP_RETURN_IF_ERROR(table.environment().cancellation.Check());
    MP_ASSIGN_OR_RETURN(const auto metadata, MetadataIn(log, version));
    if (metadata) MP_RETURN_IF_ERROR(check(*metadata, version));
  }
  return OkStatus();
}

}  // namespace millpond::data
