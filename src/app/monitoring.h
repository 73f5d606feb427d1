// The monitors of a project, put together: definitions from monitors/*.yml and models/*.yml,
// stores, and the environment from which webhooks' addresses come.
#pragma once

#include <string>
#include <vector>

#include "app/model_stores.h"
#include "app/project.h"
#include "model/monitoring/monitor.h"

namespace millpond::app {

struct ProjectMonitors {
  std::vector<model::ModelDefinition> models;
  std::vector<model::MonitorDefinition> monitors;  // those asked for, or all
};

// kNotFound names a monitor that there is not, and those that there are.
Result<ProjectMonitors> LoadMonitors(Project& project, const std::vector<std::string>& names);

// What `millpond monitor` and jobs of kind monitor do. Webhooks are resolved from the environment
// and from files.
Result<model::MonitorReport> RunProjectMonitors(Project& project, ModelStores& stores,
                                                const std::vector<std::string>& names,
                                                model::MonitorOptions options);

}  // namespace millpond::app
