// millpond run: brings everything a project declares up to date.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "app/command.h"
#include "app/run.h"
#include "app/watch.h"

namespace millpond::app {
namespace {

struct RunCommandOptions {
  RunSettings settings;
  bool watch = false;
};

Status Run(const RunCommandOptions& options, const CommonOptions& common) {
  MP_ASSIGN_OR_RETURN(auto project, common.OpenProject());
  TerminalProgress progress(stderr);
  RunSettings settings = options.settings;
  settings.on_wait = [&](const std::string& who) {
    progress.Note(fmt::format("the flows are next when they are free: {}", who));
  };
  MP_ASSIGN_OR_RETURN(auto outcome, RunProject(*project, settings, progress));
  progress.Clear();
  std::fputs(Summarize(*project, outcome).c_str(), stdout);
  if (!options.watch) return OkStatus();
  std::fflush(stdout);
  return WatchFlows(*project);
}

}  // namespace

RunCommand AddRunCommand(CLI::App& sub, CommonOptions& common) {
  auto options = std::make_shared<RunCommandOptions>();
  sub.add_option("--full-refresh", options->settings.full_refresh,
                 "Compute these tables anew from all their input ('*': all)");
  sub.add_flag("--retrain", options->settings.retrain,
               "Train also models whose inputs have not changed");
  sub.add_flag("--watch", options->watch,
               "Then keep the tables up to date with new files and commits, until Ctrl-C");
  sub.footer(
      "Examples:\n"
      "  millpond run                                   # in a project's folder\n"
      "  millpond run --project examples/churn\n"
      "  millpond run --watch\n"
      "  millpond run --full-refresh main.churn.purchases");
  return [options, &common] { return Run(*options, common); };
}

}  // namespace millpond::app
