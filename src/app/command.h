// One file per command. A command declares its options on its own CLI11 sub-command and is run with
// what all commands share. Exit codes: 0 done, 1 failed, 2 usage.
#pragma once

#include <functional>
#include <string>

#include "app/project.h"
#include "base/cancellation.h"
#include "base/result.h"

namespace CLI {
class App;
}

namespace millpond::app {

// Options that mean the same everywhere.
struct CommonOptions {
  std::string project_dir = ".";
  ProjectOverrides overrides;
  std::string format = "table";  // table | json | csv | parquet | arrow
  std::string output_file;       // -o; empty: standard output
  CancellationToken cancellation;

  Result<std::unique_ptr<Project>> OpenProject() const {
    return Project::Open(project_dir, overrides, cancellation);
  }
};

// Declares a command's own options on `sub` and returns what runs it after parsing.
using RunCommand = std::function<Status()>;
using AddCommand = RunCommand (*)(CLI::App& sub, CommonOptions& common);

struct CommandEntry {
  const char* name;
  const char* summary;
  AddCommand add;
};

RunCommand AddVersionCommand(CLI::App& sub, CommonOptions& common);
RunCommand AddInitCommand(CLI::App& sub, CommonOptions& common);
RunCommand AddRunCommand(CLI::App& sub, CommonOptions& common);
RunCommand AddSqlCommand(CLI::App& sub, CommonOptions& common);
RunCommand AddFeaturesCommand(CLI::App& sub, CommonOptions& common);
RunCommand AddModelsCommand(CLI::App& sub, CommonOptions& common);
RunCommand AddMonitorCommand(CLI::App& sub, CommonOptions& common);
RunCommand AddServeCommand(CLI::App& sub, CommonOptions& common);
RunCommand AddJobsCommand(CLI::App& sub, CommonOptions& common);
RunCommand AddAccessCommand(CLI::App& sub, CommonOptions& common);

}  // namespace millpond::app
