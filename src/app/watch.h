// `millpond run --watch`: keeps the project's flows running until the program is asked to stop, one
// line an epoch. Models, feature views and scores are not touched: they are what `millpond run` did
// before.
#pragma once

#include "app/project.h"

namespace millpond::app {

Status WatchFlows(Project& project);

}  // namespace millpond::app
