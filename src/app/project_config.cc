#include "app/project_config.h"

#include <charconv>
#include <filesystem>

#include "base/fs/scheme_filesystem.h"
#include "base/yaml.h"

namespace millpond::app {
namespace {

std::string Absolute(const std::string& base, const std::string& path) {
  if (IsStorePath(path)) return path.substr(0, path.find_last_not_of('/') + 1);
  std::error_code error;
  auto joined = std::filesystem::path(base) / path;
  auto resolved = std::filesystem::weakly_canonical(joined, error);
  std::string text = (error ? std::filesystem::absolute(joined) : resolved).string();
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

Status ReadClock(const YamlNode& node, ProjectConfig& config) {
  MP_ASSIGN_OR_RETURN(auto clock, MappingReader::Open(node));
  MP_ASSIGN_OR_RETURN(std::string kind, clock.RequireString("kind"));
  if (kind == "fixed") {
    config.clock_kind = ClockKind::kFixed;
  } else if (kind == "offset") {
    config.clock_kind = ClockKind::kOffset;
  } else if (kind != "system") {
    return node.Complain(fmt::format("clock kind '{}' is not one of system, fixed, offset", kind));
  }
  if (config.clock_kind != ClockKind::kSystem) {
    MP_ASSIGN_OR_RETURN(auto at, clock.Require("at"));
    MP_ASSIGN_OR_RETURN(std::string text, at.AsString());
    auto parsed = ParseTimestamp(text);
    if (!parsed.has_value()) return at.Complain(parsed.error().message());
    config.clock_at = *parsed;
  }
  return clock.Finish();
}

Status ReadResources(MappingReader& reader, ProjectConfig& config) {
  if (auto limit = reader.Find("memory_limit")) {
    MP_ASSIGN_OR_RETURN(std::string text, limit->AsString());
    auto bytes = ParseSize(text);
    if (!bytes.has_value()) return limit->Complain(bytes.error().message());
    config.memory_limit_bytes = *bytes;
  }
  MP_ASSIGN_OR_RETURN(int64_t threads, reader.Int("threads", 0));
  if (threads < 0 || threads > 1024) {
    return reader.Find("threads")->Complain("threads must lie between 1 and 1024 (0: all cores)");
  }
  config.threads = static_cast<int>(threads);
  return OkStatus();
}

}  // namespace

Result<int64_t> ParseSize(std::string_view text) {
  static constexpr std::pair<std::string_view, int64_t> kUnits[] = {{"", 1},
                                                                    {"B", 1},
                                                                    {"KB", 1000},
                                                                    {"MB", 1000'000},
                                                                    {"GB", 1000'000'000},
                                                                    {"TB", 1000'000'000'000},
                                                                    {"KiB", 1 << 10},
                                                                    {"MiB", 1 << 20},
                                                                    {"GiB", 1 << 30},
                                                                    {"TiB", int64_t{1} << 40}};
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  for (const auto& [name, factor] : kUnits) {
    double bytes = number * static_cast<double>(factor);
    if (error == std::errc() && unit == name && bytes >= 1 && bytes < 9e18) {
      return static_cast<int64_t>(bytes);
    }
  }
  return Fail(ErrorKind::kInvalidArgument, "not a size (want for example 4GB or 512MiB): '{}'",
              text);
}

Result<ProjectConfig> LoadProjectConfig(FileSystem& fs, const std::string& dir) {
  ProjectConfig config;
  config.project_dir = Absolute(std::filesystem::current_path().string(), dir);
  std::string file = JoinPath(config.project_dir, "millpond.yml");
  auto text = fs.ReadFile(file);
  if (!text.has_value() && text.error().kind() == ErrorKind::kNotFound) {
    return Fail(
        ErrorKind::kNotFound,
        "no project here: {} does not exist; go to a project's folder, pass --project DIR, or "
        "make a project of this folder by writing 'name: my_project' into that file",
        file);
  }
  if (!text.has_value()) return std::unexpected<Error>(std::move(text).error());
  MP_ASSIGN_OR_RETURN(auto node, YamlNode::Parse(*text, file));
  MP_ASSIGN_OR_RETURN(auto reader, MappingReader::Open(node));
  MP_ASSIGN_OR_RETURN(auto name, reader.Require("name"));
  MP_ASSIGN_OR_RETURN(config.name, name.AsString());
  if (config.name.find_first_not_of(" \t") == std::string::npos) {
    return name.Complain("the project has no name; write one, such as name: shop");
  }
  MP_ASSIGN_OR_RETURN(std::string storage, reader.String("storage", ".millpond"));
  if (IsStorePath(storage)) {
    return reader.Find("storage")->Complain(
        "the state root holds databases, which need a local folder; tables alone lie on an object "
        "store: write 'warehouse: s3://bucket/prefix'");
  }
  config.state_dir = Absolute(config.project_dir, storage);
  MP_ASSIGN_OR_RETURN(const std::string warehouse, reader.String("warehouse", ""));
  if (!warehouse.empty()) config.warehouse_dir = Absolute(config.project_dir, warehouse);
  MP_RETURN_IF_ERROR(ReadResources(reader, config));
  config.readable_roots = {config.project_dir};
  MP_ASSIGN_OR_RETURN(auto readable, reader.Strings("readable"));
  for (const auto& root : readable) {
    config.readable_roots.push_back(Absolute(config.project_dir, root));
  }
  MP_ASSIGN_OR_RETURN(std::string mode, reader.String("mode", "production"));
  if (mode != "demo" && mode != "production") {
    return reader.Find("mode")->Complain(
        fmt::format("mode '{}' is not one of demo, production", mode));
  }
  if (auto clock = reader.Find("clock")) {
    if (mode != "demo") {
      return clock->Complain(
          "only 'mode: demo' may move the clock; remove 'clock' or say 'mode: demo'");
    }
    MP_RETURN_IF_ERROR(ReadClock(*clock, config));
  }
  MP_RETURN_IF_ERROR(reader.Finish());
  return config;
}

}  // namespace millpond::app
