// The program. Reads the command line, runs one command, turns its error into a line and an exit
// code: 0 done, 1 failed, 2 usage.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <new>
#include <vector>

#include "app/command.h"
#include "base/check.h"

namespace millpond::app {
namespace {

constexpr CommandEntry kCommands[] = {
    {"init", "Make a project from a CSV file", AddInitCommand},
    {"run", "Bring tables, features, models and scores up to date", AddRunCommand},
    {"serve", "Serve the project: models, features, ingestion, MLflow's API", AddServeCommand},
    {"sql", "Run SQL over the project's tables", AddSqlCommand},
    {"features", "Feature views and point-in-time training sets", AddFeaturesCommand},
    {"models", "Trained models and their runs", AddModelsCommand},
    {"jobs", "What the project does by itself: schedules and runs", AddJobsCommand},
    {"monitor", "Drift, quality and alerts of what was scored", AddMonitorCommand},
    {"access", "Users and tokens of the project's server", AddAccessCommand},
    {"version", "Print the version", AddVersionCommand},
};

CancellationToken& Interrupted() {
  static CancellationToken token;
  return token;
}

void OnSignal(int) {
  Interrupted().Cancel();
}

// A first Ctrl-C asks the work to stop between two steps; a second one ends the program.
void InstallSignalHandlers() {
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

void AddCommonOptions(CLI::App& sub, CommonOptions& common) {
  sub.add_option("--project", common.project_dir, "The project's folder")->default_str(".");
  sub.add_option("--state", common.overrides.state_dir, "State folder in place of the project's");
  sub.add_option("--clock-at", common.overrides.clock_at,
                 "Moment to stand at (only in a project with mode: demo)");
  sub.add_option("--format", common.format, "table, json, csv, parquet or arrow")
      ->default_str("table");
  sub.add_option("-o,--output", common.output_file, "Write the result to this file");
}

int Main(int argc, char** argv) {
  CLI::App app{"Millpond: from raw events to a served, monitored model on open formats"};
  app.require_subcommand(1);
  CommonOptions common;
  common.cancellation = Interrupted();
  std::vector<std::pair<CLI::App*, RunCommand>> commands;
  for (const auto& entry : kCommands) {
    CLI::App* sub = app.add_subcommand(entry.name, entry.summary);
    RunCommand run = entry.add(*sub, common);
    AddCommonOptions(*sub, common);
    commands.emplace_back(sub, std::move(run));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    int code = app.exit(e);
    return code == 0 ? 0 : 2;
  }
  InstallSignalHandlers();
  for (auto& [sub, run] : commands) {
    if (!sub->parsed()) continue;
    Status status = run();
    if (status.has_value()) return 0;
    std::fprintf(stderr, "millpond: %s\n", status.error().ToString().c_str());
    return 1;
  }
  return 2;
}

}  // namespace
}  // namespace millpond::app

// What a library threw past its adapter ends the program with a line, not with a stack trace.
int main(int argc, char** argv) {
  try {
    return millpond::app::Main(argc, argv);
  } catch (const std::bad_alloc&) {
    std::fputs("millpond: out of memory; lower memory_limit in millpond.yml\n", stderr);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "millpond: a bug in Millpond: an exception got through: %s\n", e.what());
  }
  return 1;
}
