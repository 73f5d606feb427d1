#include "platform/features/restatement.h"

#include "base/json.h"
#include "pipeline/flows/flow_properties.h"

namespace millpond::platform {
namespace {

// The removed file of one log entry; one that removes data before others.
Result<std::optional<RemovedFile>> RemovalIn(std::string_view log, const std::string& path,
                                             int64_t version) {
  std::optional<RemovedFile> found;
  size_t begin = 0;
  while (begin < log.size()) {
    size_t end = log.find('\n', begin);
    if (end == std::string::npos) end = log.size();
    const std::string_view line = log.substr(begin, end - begin);
    begin = end + 1;
    if (line.find("\"remove\"") == std::string_view::npos) continue;
    MP_ASSIGN_OR_RETURN(Json action, ParseJson(line, path));
    if (!action.is_object() || !action.contains("remove")) continue;
    const Json& remove = action["remove"];
    const bool data_change = !remove.is_object() || remove.value("dataChange", true);
    if (data_change) return RemovedFile{version, true};
    found = RemovedFile{version, false};
  }
  return found;
}

}  // namespace

Result<std::optional<RemovedFile>> FirstRemoval(const Environment& env,
                                                const data::Snapshot& snapshot,
                                                const RemovalSearch& search) {
  for (int64_t version = search.after + 1; version <= snapshot.version(); ++version) {
    const std::string path = fmt::format("{}/_delta_log/{:020}.json", snapshot.path(), version);
    auto log = env.fs.ReadFile(path);
    if (!log && search.skip_missing && log.error().kind() == ErrorKind::kNotFound) continue;
    if (!log) return std::unexpected<Error>(std::move(log).error());
    MP_ASSIGN_OR_RETURN(auto removed, RemovalIn(*log, path, version));
    if (removed && (removed->data_change || !search.data_only)) return removed;
  }
  return std::nullopt;
}

Result<std::optional<std::string>> WhyItRestates(const Environment& env,
                                                 const data::Snapshot& snapshot) {
  if (snapshot.property(pipeline::kFlowKindProperty) == "materialized view") {
    return "a materialized view, computed anew when its inputs change";
  }
  MP_ASSIGN_OR_RETURN(
      auto removed,
      FirstRemoval(env, snapshot, {.after = -1, .data_only = true, .skip_missing = true}));
  if (!removed) return std::nullopt;
  return fmt::format("version {} of it removed rows", removed->version);
}

}  // namespace millpond::platform
