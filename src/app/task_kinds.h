// The kinds of task that the jobs of a project may have, and what each reads of `task`:
//
//   {kind: run, retrain: false, full_refresh: [TABLE, …]}   what `millpond run` does
//   {kind: score, model: NAME}                              batch scores by the model's champion
//   {kind: audit, models: [NAME, …]}                        `millpond features audit`
//   {kind: monitor, monitors: [NAME, …]}                    `millpond monitor`
//   {kind: care, tables: [TABLE, …], megabytes: N, seconds: N, vacuum: true}  OPTIMIZE and VACUUM
#pragma once

#include "app/project.h"
#include "platform/jobs/task_kind.h"

namespace millpond::app {

// `project` must outlive the kinds and the tasks that they read. Each run of a task opens the
// project once more (Project::OpenBeside), so that it can be cancelled by itself.
platform::TaskKinds MakeTaskKinds(const Project& project);

}  // namespace millpond::app
