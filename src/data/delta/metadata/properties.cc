// Which table properties a table may be made with (PROTOCOL.md; Delta's own list of properties). A
// property that turns on what Millpond does not do is refused by the feature's name, a value that
// means nothing by the property's: taken over silently, both would promise what nobody keeps.
#include "data/delta/metadata/properties.h"

#include <algorithm>
#include <charconv>

#include "data/delta/metadata/protocol.h"

namespace millpond::data {
namespace {

enum class Takes {
  kBoolean,
  kCount,
  kColumns,
  kInterval,
  kSize,
  kMode,
  kPolicy,
  kCompaction,
  kIsolation,
  kNames,
  kHiddenName,
};

struct Known {
  const char* key;
  Takes takes;
};

// What Millpond acts upon, and hints to other writers that change no promise.
constexpr Known kKnown[] = {
    {property::kAppendOnly, Takes::kBoolean},
    {property::kColumnMappingMode, Takes::kMode},
    {property::kCheckpointPolicy, Takes::kPolicy},
    {property::kEnableChangeDataFeed, Takes::kBoolean},
    {property::kEnableDeletionVectors, Takes::kBoolean},
    {property::kEnableInCommitTimestamps, Takes::kBoolean},
    {property::kEnableTypeWidening, Takes::kBoolean},
    {property::kMinReaderVersion, Takes::kCount},
    {property::kMinWriterVersion, Takes::kCount},
    {property::kEnableRowTracking, Takes::kBoolean},
    {property::kCheckpointInterval, Takes::kCount},
    {property::kIndexedColumns, Takes::kColumns},
    {property::kStatsColumns, Takes::kNames},  // which columns there are: SetProperties
    {property::kDeletedFileRetention, Takes::kInterval},
    {"delta.logRetentionDuration", Takes::kInterval},
    {"delta.setTransactionRetentionDuration", Takes::kInterval},
    {"delta.enableExpiredLogCleanup", Takes::kBoolean},
    {"delta.checkpoint.writeStatsAsJson", Takes::kBoolean},
    {"delta.checkpoint.writeStatsAsStruct", Takes::kBoolean},
    {"delta.randomizeFilePrefixes", Takes::kBoolean},
    {"delta.randomPrefixLength", Takes::kCount},
    {"delta.tuneFileSizesForRewrites", Takes::kBoolean},
    {"delta.targetFileSize", Takes::kSize},
    {"delta.isolationLevel", Takes::kIsolation},
    {"delta.autoOptimize.autoCompact", Takes::kCompaction},
    {"delta.autoOptimize.optimizeWrite", Takes::kBoolean},
    {property::kRowIdColumn, Takes::kHiddenName},
    {property::kRowCommitVersionColumn, Takes::kHiddenName},
    {"millpond.logCompactionInterval", Takes::kCount},
};

// Turned on by any value but `off`.
struct NotBuilt {
  const char* key;
  const char* feature;
  const char* off;
};
constexpr NotBuilt kNotBuilt[] = {
    {"delta.enableIcebergCompatV1", "icebergCompatV1", "false"},
    {"delta.enableIcebergCompatV2", "icebergCompatV2", "false"},
    {"delta.enableIcebergCompatV3", "icebergCompatV3", "false"},
    {"delta.enableVariantShredding", "variantShredding", "false"},
};

bool IsOneOf(const std::string& value, std::initializer_list<const char*> words) {
  return std::ranges::any_of(words, [&](const char* word) { return EqualNames(value, word); });
}

bool Fits(Takes takes, const std::string& value) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  const bool whole = error == std::errc() && end == value.data() + value.size();
  switch (takes) {
    case Takes::kBoolean:
      return IsOneOf(value, {"true", "false"});
    case Takes::kCount:
      return whole && number > 0;
    case Takes::kColumns:
      return whole && number >= -1 && number <= INT32_MAX;
    case Takes::kInterval:
      return ParseInterval(value).has_value();
    case Takes::kMode:
      return IsOneOf(value, {"none", "name", "id"});
    case Takes::kPolicy:
      return IsOneOf(value, {"classic", "v2"});
    case Takes::kSize:
      return ParseSize(value).has_value();
    case Takes::kCompaction:
      return IsOneOf(value, {"true", "false", "auto", "legacy"});
    case Takes::kIsolation:
      return EqualNames(value, "WriteSerializable");
    case Takes::kNames:
    case Takes::kHiddenName:
      return value.find_first_not_of(' ') != std::string::npos;
  }
  return false;
}

const char* Wanted(Takes takes) {
  switch (takes) {
    case Takes::kBoolean:
      return "true or false";
    case Takes::kCount:
      return "a whole number above 0, such as '10'";
    case Takes::kColumns:
      return "a whole number such as '32', or -1 for all columns";
    case Takes::kInterval:
      return "a time such as 'interval 7 days'";
    case Takes::kMode:
      return "none, name or id";
    case Takes::kPolicy:
      return "classic or v2";
    case Takes::kSize:
      return "a size such as '128mb' or '65536'";
    case Takes::kCompaction:
      return "true, false, auto or legacy";
    case Takes::kIsolation:
      return "WriteSerializable";
    case Takes::kNames:
      return "names of columns such as 'id,address.city'";
    case Takes::kHiddenName:
      return "the name of a hidden column such as '_row_id'";
  }
  return "";
}

std::unexpected<Error> NoFeature(const std::string& key, std::string_view feature) {
  return Fail(ErrorKind::kUnsupported,
              "property {} needs the table feature '{}', which is not built yet: leave it out", key,
              feature);
}

Status CheckProperty(const std::string& key, const std::string& value) {
  if (key == "delta.isolationLevel" && EqualNames(value, "Serializable")) {
    return Fail(ErrorKind::kUnsupported,
                "property {}: the level Serializable is not built yet, as an INSERT from a query "
                "over its own table does not conflict with others' rows; there is "
                "'WriteSerializable', which is also what tables have without the property",
                key);
  }
  if (key.starts_with(
          property::kConstraintPrefix)) {  // the expression: ValidateRules (row_rules.h)
    if (key.size() > std::string_view(property::kConstraintPrefix).size()) return OkStatus();
    return Fail(ErrorKind::kInvalidArgument, "property {} lacks the name of the constraint", key);
  }
  if (key.starts_with("delta.coordinatedCommits.")) return NoFeature(key, "coordinatedCommits");
  if (key.starts_with("delta.universalFormat.")) return NoFeature(key, "universalFormat");
  if (key.starts_with("delta.feature.")) {  // which features: CheckWritable
    if (EqualNames(value, "supported")) return OkStatus();
    return Fail(ErrorKind::kInvalidArgument, "property {} is 'supported' or left out, found '{}'",
                key, value);
  }
  for (const NotBuilt& one : kNotBuilt) {
    if (key != one.key) continue;
    if (EqualNames(value, one.off)) return OkStatus();
    return NoFeature(key, one.feature);
  }
  for (const Known& known : kKnown) {
    if (key != known.key) continue;
    if (Fits(known.takes, value)) return OkStatus();
    return Fail(ErrorKind::kInvalidArgument, "property {} takes {}, found '{}'", key,
                Wanted(known.takes), value);
  }
  return Fail(ErrorKind::kInvalidArgument,
              "there is no table property {}: properties of your own have names that do not begin "
              "with 'delta.'",
              key);
}

}  // namespace

std::optional<int64_t> ParseInterval(std::string_view text) {
  if (text.starts_with("interval ")) text.remove_prefix(9);
  int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || count < 0) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  if (!text.starts_with(' ')) return std::nullopt;
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  if (text.ends_with('s')) text.remove_suffix(1);
  static constexpr std::pair<std::string_view, int64_t> kUnits[] = {
      {"week", 7LL * 24 * 3600 * 1000},
      {"day", 24LL * 3600 * 1000},
      {"hour", 3600 * 1000},
      {"minute", 60 * 1000},
      {"second", 1000},
      {"millisecond", 1}};
  for (const auto& [unit, millis] : kUnits) {
    int64_t product = 0;
    if (EqualNames(text, unit) && !__builtin_mul_overflow(count, millis, &product)) return product;
  }
  return std::nullopt;
}

std::vector<std::string> ParseColumnList(std::string_view list) {
  std::vector<std::string> names(1);
  for (const char c : list) {
    if (c == ',') {
      names.emplace_back();
    } else if (c != ' ' && c != '`') {
      names.back() += c;
    }
  }
  return names;
}

std::optional<int64_t> ParseSize(std::string_view text) {
  int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  std::string_view unit(end, text.data() + text.size() - end);
  if (unit.ends_with('b') || unit.ends_with('B')) unit.remove_suffix(1);
  int shift = -1;
  if (unit.empty()) shift = 0;
  if (EqualNames(unit, "k")) shift = 10;
  if (EqualNames(unit, "m")) shift = 20;
  if (EqualNames(unit, "g")) shift = 30;
  if (error != std::errc() || shift < 0 || count <= 0) return std::nullopt;
  if (count > (int64_t{1} << (50 - shift))) return std::nullopt;
  return count << shift;
}

Status CheckProperties(const StringMap& properties) {
  for (const auto& [key, value] : properties) {
    const bool ours = key == "millpond.logCompactionInterval";
    if (ours || key.starts_with("delta.")) MP_RETURN_IF_ERROR(CheckProperty(key, value));
  }
  return OkStatus();
}

}  // namespace millpond::data
