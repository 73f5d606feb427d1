#include <CLI/CLI.hpp>
#include <cstdio>

#include "app/command.h"

namespace millpond::app {

RunCommand AddVersionCommand(CLI::App& sub, CommonOptions&) {
  sub.footer("Example:\n  millpond version");
  return [] {
    std::printf("millpond %s\n", MILLPOND_VERSION);
    return OkStatus();
  };
}

}  // namespace millpond::app
