#include "platform/tracking/tracking_rules.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "base/json.h"

namespace millpond::platform {

namespace {

constexpr size_t kMaxMetricsInBatch = 1000;
constexpr size_t kMaxParamsOrTagsInBatch = 100;
constexpr size_t kMaxInBatch = 1000;
constexpr size_t kMaxDatasetName = 500;
constexpr size_t kMaxDatasetDigest = 36;
constexpr size_t kMaxDatasetSource = 65'535;
constexpr size_t kMaxDatasetSchema = 1'048'575;
constexpr size_t kMaxDatasetProfile = 16'777'215;
constexpr size_t kMaxInputTagKey = 255;
constexpr size_t kMaxInputTagValue = 500;
constexpr size_t kMaxAliasLength = 255;

size_t Characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

bool IsWordCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;  // letters of other scripts
}

// "a//b/../c" → "a/c": what the name would be as a path (POSIX normpath).
std::string NormalPath(std::string_view name) {
  const bool absolute = name.starts_with('/');
  std::vector<std::string_view> parts;
  while (!name.empty()) {
    const size_t slash = name.find('/');
    const std::string_view part = name.substr(0, slash);
    name.remove_prefix(slash == name.npos ? name.size() : slash + 1);
    if (part.empty() || part == ".") continue;
    if (part != ".." || (parts.empty() && !absolute) || (!parts.empty() && parts.back() == "..")) {
      parts.push_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  std::string path = fmt::format("{}{}", absolute ? "/" : "", fmt::join(parts, "/"));
  return path.empty() ? "." : path;
}

std::unexpected<Error> InvalidValue(std::string_view path, std::string_view value,
                                    std::string_view why) {
  return Fail(ErrorKind::kInvalidArgument, "Invalid value {} for parameter '{}' supplied: {}",
              DumpJson(Json(value)), path, why);
}

std::string Joined(std::string_view path, std::string_view field) {
  return path.empty() ? std::string(field) : fmt::format("{}.{}", path, field);
}

Status CheckUniquePath(std::string_view path, std::string_view name) {
  const std::string normal = NormalPath(name);
  if (normal == name && normal != "." && !normal.starts_with("..") && !normal.starts_with('/')) {
    return OkStatus();
  }
  return InvalidValue(path, name,
                      fmt::format("Names may be treated as files in certain cases, and must not "
                                  "resolve to other names when treated as such. This name would "
                                  "resolve to '{}'",
                                  normal));
}

Status CheckName(std::string_view path, std::string_view name) {
  const bool fine = std::all_of(name.begin(), name.end(), [](char c) {
    return IsWordCharacter(c) || std::string_view("/.- :").find(c) != std::string_view::npos;
  });
  if (!fine) {
    return InvalidValue(path, name,
                        "Names may only contain alphanumerics, underscores (_), dashes (-), "
                        "periods (.), spaces ( ), colon(:) and slashes (/).");
  }
  return CheckUniquePath(path, name);
}

Status CheckCount(std::string_view what, size_t limit, size_t count) {
  if (count <= limit) return OkStatus();
  return Fail(ErrorKind::kInvalidArgument,
              "A batch logging request can contain at most {} {}. Got {} {}. Please split up {} "
              "across multiple requests and try again.",
              limit, what, count, what, what);
}

}  // namespace

Status CheckLength(std::string_view what, std::string_view value, size_t limit) {
  if (value.size() <= limit || Characters(value) <= limit) return OkStatus();
  return Fail(ErrorKind::kInvalidArgument, "'{}' exceeds the maximum length of {} characters", what,
              limit);
}

Status CheckMetric(const Metric& metric, std::string_view path) {
  MP_RETURN_IF_ERROR(CheckName(Joined(path, "name"), metric.key));
  if (metric.timestamp_ms < 0) {
    return Fail(ErrorKind::kInvalidArgument,
                "Invalid value {} for parameter '{}' supplied: metric '{}' (value={}). Timestamp "
                "must be a nonnegative long (64-bit integer) ",
                metric.timestamp_ms, Joined(path, "timestamp"), metric.key, metric.value);
  }
  return CheckLength("Metric name", metric.key, kMaxKeyLength);
}

Status CheckParam(const Param& param, std::string_view path) {
  MP_RETURN_IF_ERROR(CheckName(Joined(path, "key"), param.key));
  MP_RETURN_IF_ERROR(CheckLength("Param key", param.key, kMaxKeyLength));
  return CheckLength("Param value", param.value, kMaxParamLength);
}

Status CheckTag(const Tag& tag, std::string_view path, size_t max_value) {
  MP_RETURN_IF_ERROR(CheckName(Joined(path, "key"), tag.key));
  MP_RETURN_IF_ERROR(CheckLength(Joined(path, "key"), tag.key, kMaxKeyLength));
  return CheckLength(Joined(path, "value"), tag.value, max_value);
}

Status CheckDataset(const DatasetInput& input) {
  MP_RETURN_IF_ERROR(CheckLength("name", input.name, kMaxDatasetName));
  MP_RETURN_IF_ERROR(CheckLength("digest", input.digest, kMaxDatasetDigest));
  MP_RETURN_IF_ERROR(CheckLength("source", input.source, kMaxDatasetSource));
  MP_RETURN_IF_ERROR(CheckLength("schema", input.schema, kMaxDatasetSchema));
  MP_RETURN_IF_ERROR(CheckLength("profile", input.profile, kMaxDatasetProfile));
  MP_RETURN_IF_ERROR(CheckLength("value", input.context, kMaxInputTagValue));
  for (const auto& tag : input.tags) {
    MP_RETURN_IF_ERROR(CheckLength("key", tag.key, kMaxInputTagKey));
    MP_RETURN_IF_ERROR(CheckLength("value", tag.value, kMaxInputTagValue));
  }
  return OkStatus();
}

Status CheckBatch(const std::vector<Metric>& metrics, const std::vector<Param>& params,
                  const std::vector<Tag>& tags) {
  MP_RETURN_IF_ERROR(CheckCount("metrics", kMaxMetricsInBatch, metrics.size()));
  MP_RETURN_IF_ERROR(CheckCount("params", kMaxParamsOrTagsInBatch, params.size()));
  MP_RETURN_IF_ERROR(CheckCount("tags", kMaxParamsOrTagsInBatch, tags.size()));
  MP_RETURN_IF_ERROR(CheckCount("metrics, params, and tags", kMaxInBatch,
                                metrics.size() + params.size() + tags.size()));
  for (size_t i = 0; i < metrics.size(); ++i) {
    MP_RETURN_IF_ERROR(CheckMetric(metrics[i], fmt::format("metrics[{}]", i)));
  }
  std::set<std::string_view> keys;
  std::vector<std::string_view> twice;
  for (size_t i = 0; i < params.size(); ++i) {
    MP_RETURN_IF_ERROR(CheckParam(params[i], fmt::format("params[{}]", i)));
    if (!keys.insert(params[i].key).second) twice.push_back(params[i].key);
  }
  for (size_t i = 0; i < tags.size(); ++i) {
    MP_RETURN_IF_ERROR(CheckTag(tags[i], fmt::format("tags[{}]", i)));
  }
  if (twice.empty()) return OkStatus();
  return Fail(ErrorKind::kInvalidArgument,
              "Duplicate parameter keys have been submitted: ['{}']. Please ensure the request "
              "contains only one param value per param key.",
              fmt::join(twice, "', '"));
}

Status CheckExperimentName(const std::string& name) {
  if (name.empty()) return Fail(ErrorKind::kInvalidArgument, "Invalid experiment name: ''");
  return CheckLength("name", name, kMaxExperimentNameLength);
}

Status CheckModelName(const std::string& name) {
  if (name.find_first_not_of(" \t\r\n") == std::string::npos) {
    return Fail(ErrorKind::kInvalidArgument, "Missing value for required parameter 'name'.");
  }
  if (name.find_first_of("/:") != std::string::npos) {
    return Fail(ErrorKind::kInvalidArgument,
                "Invalid model name '{}'. Names cannot contain '/' or ':'.", name);
  }
  MP_RETURN_IF_ERROR(CheckUniquePath("name", name));
  return CheckLength("name", name, 256);
}

Status CheckAliasName(const std::string& alias) {
  if (alias.empty()) {
    return Fail(ErrorKind::kInvalidArgument, "Registered model alias name cannot be empty.");
  }
  if (!std::all_of(alias.begin(), alias.end(),
                   [](char c) { return IsWordCharacter(c) || c == '-'; })) {
    return Fail(ErrorKind::kInvalidArgument,
                "Invalid alias name: '{}'. Names may only contain alphanumerics, underscores (_), "
                "and dashes (-).",
                alias);
  }
  return CheckLength("Registered model alias name", alias, kMaxAliasLength);
}

Status CheckAliasIsFree(const std::string& alias) {
  MP_RETURN_IF_ERROR(CheckAliasName(alias));
  std::string lower = alias;
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (lower == "latest") {
    return Fail(ErrorKind::kInvalidArgument, "'latest' alias name (case insensitive) is reserved.");
  }
  if (lower.size() > 1 && lower[0] == 'v' &&
      lower.find_first_not_of("0123456789", 1) == std::string::npos) {
    return Fail(ErrorKind::kInvalidArgument, "Version alias name '{}' is reserved.", alias);
  }
  return OkStatus();
}

Status CheckLoggedModelName(const std::string& name) {
  if (!name.empty() && name.find_first_of("/:.%\"'") == std::string::npos) return OkStatus();
  return Fail(
      ErrorKind::kInvalidArgument,
      "Invalid model name ('{}') provided. Model name must be a non-empty string and cannot "
      "contain the following characters: ('/', ':', '.', '%', '\"', \"'\")",
      name);
}

}  // namespace millpond::platform
