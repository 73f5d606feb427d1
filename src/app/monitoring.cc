#include "app/monitoring.h"

#include <algorithm>
#include <cstdlib>

#include "base/nearest_name.h"

namespace millpond::app {
namespace {

Result<std::string> AddressOf(Project& project, const model::WebhookReference& webhook) {
  std::string address;
  if (!webhook.file.empty()) {
    MP_ASSIGN_OR_RETURN(address, project.env().fs.ReadFile(project.PathOf(webhook.file)));
  } else if (const char* value = std::getenv(webhook.environment_variable.c_str())) {
    address = value;
  }
  const size_t begin = address.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) {
    return Fail(ErrorKind::kNotFound, "{} holds no address; the alerts wait", webhook.name());
  }
  return address.substr(begin, address.find_last_not_of(" \t\r\n") + 1 - begin);
}

}  // namespace

Result<ProjectMonitors> LoadMonitors(Project& project, const std::vector<std::string>& names) {
  ProjectMonitors found;
  FileSystem& fs = project.env().fs;
  MP_ASSIGN_OR_RETURN(found.models, model::LoadModelDefinitions(fs, project.PathOf("models")));
  MP_ASSIGN_OR_RETURN(auto all,
                      model::LoadMonitorDefinitions(fs, project.PathOf("monitors"), found.models));
  std::vector<std::string> known;
  for (const auto& monitor : all) known.push_back(monitor.name);
  for (const auto& name : names) {
    const auto at = std::ranges::find(all, name, &model::MonitorDefinition::name);
    if (at == all.end()) {
      return Fail(ErrorKind::kNotFound, "there is no monitor '{}'; there is {}", name,
                  fmt::join(known, ", "));
    }
    found.monitors.push_back(*at);
  }
  if (names.empty()) found.monitors = std::move(all);
  return found;
}

Result<model::MonitorReport> RunProjectMonitors(Project& project, ModelStores& stores,
                                                const std::vector<std::string>& names,
                                                model::MonitorOptions options) {
  MP_ASSIGN_OR_RETURN(auto found, LoadMonitors(project, names));
  options.webhooks = [&](const model::WebhookReference& webhook) {
    return AddressOf(project, webhook);
  };
  const model::TrainerParts parts{project.catalog(), project.sql(),     project.features(),
                                  stores.tracking(), stores.registry(), stores.artifacts(),
                                  {"local"}};
  return model::RunMonitors(parts, found.models, found.monitors, options);
}

}  // namespace millpond::app
