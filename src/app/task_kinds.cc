#include "app/task_kinds.h"

#include <algorithm>

#include "app/features_audit.h"
#include "app/monitoring.h"
#include "app/run.h"
#include "app/score.h"
#include "base/log.h"
#include "model/monitoring/monitor_task.h"
#include "platform/features/feature_store.h"

namespace millpond::app {
namespace {

using platform::Task;
using platform::TaskKind;
using platform::TaskOutcome;
using platform::TaskRun;

class NobodyLooks : public Progress {
 public:
  void Report(const ProgressEvent&) override {}
};

// What a task needs to do what a command does.
struct TaskGround {
  std::unique_ptr<Project> project;
  NobodyLooks nobody;
  Progress* progress = nullptr;

  static Result<TaskGround> Make(const Project& server, const TaskRun& run) {
    TaskGround ground;
    MP_ASSIGN_OR_RETURN(ground.project, server.OpenBeside(run.cancellation));
    ground.progress = run.progress;
    return ground;
  }
  Progress& listener() { return progress != nullptr ? *progress : nobody; }
};

// Another run of the project ends sooner or later, and the job comes after it.
RunSettings Waiting(RunSettings settings, const std::string& job) {
  settings.wait = true;
  settings.on_wait = [job](const std::string& who) { LogInfo("jobs", "{} waits: {}", job, who); };
  return settings;
}

class RunTheProject : public Task {
 public:
  RunTheProject(const Project& project, RunSettings settings)
      : project_(project), settings_(std::move(settings)) {}

  Result<TaskOutcome> Run(const TaskRun& run) override {
    MP_ASSIGN_OR_RETURN(auto ground, TaskGround::Make(project_, run));
    MP_ASSIGN_OR_RETURN(
        auto outcome, RunProject(*ground.project, Waiting(settings_, run.job), ground.listener()));
    return TaskOutcome{outcome.changed(), SummaryOf(outcome)};
  }

 private:
  // "2 of 6 tables changed, 1,879 rows written; churn version 3 trained; 1 of 2 scored anew".
  static std::string SummaryOf(const RunOutcome& outcome) {
    if (!outcome.changed()) return "nothing has changed since the last run";
    int64_t changed = 0;
    int64_t rows = 0;
    for (const auto& flow : outcome.tables.flows) {
      changed += flow.changed ? 1 : 0;
      rows += flow.rows_out;
    }
    std::string text = fmt::format("{} of {} tables changed, {} rows written", changed,
                                   outcome.tables.flows.size(), WithThousands(rows));
    int64_t scored = 0;
    for (const auto& model : outcome.models) {
      scored += model.scored && !model.scoring.unchanged ? 1 : 0;
      if (model.training.unchanged) continue;
      text += fmt::format("; {} version {} trained", model.training.model, model.training.version);
    }
    if (scored > 0) text += fmt::format("; {} of {} models scored", scored, outcome.models.size());
    return text;
  }

  const Project& project_;
  RunSettings settings_;
};

class RunKind : public TaskKind {
 public:
  explicit RunKind(const Project& project) : project_(project) {}
  std::string name() const override { return "run"; }

  Result<std::shared_ptr<Task>> Read(MappingReader& task) const override {
    RunSettings settings;
    MP_ASSIGN_OR_RETURN(settings.retrain, task.Bool("retrain", false));
    MP_ASSIGN_OR_RETURN(settings.full_refresh, task.Strings("full_refresh"));
    return std::make_shared<RunTheProject>(project_, std::move(settings));
  }

 private:
  const Project& project_;
};

class ScoreAModel : public Task {
 public:
  ScoreAModel(const Project& project, std::string model)
      : project_(project), model_(std::move(model)) {}

  Result<TaskOutcome> Run(const TaskRun& run) override {
    MP_ASSIGN_OR_RETURN(auto ground, TaskGround::Make(project_, run));
    MP_ASSIGN_OR_RETURN(auto scores, ScoreWithChampion(*ground.project, model_,
                                                       Waiting({}, run.job), ground.listener()));
    const auto& report = scores.report;
    std::string text = fmt::format("{} version {}: {} rows in {}@{}", model_, scores.version,
                                   WithThousands(report.rows), report.table, report.version);
    if (!report.work_list.empty()) {
      text += fmt::format(", {} in {}@{}", WithThousands(report.work_list_rows), report.work_list,
                          report.work_list_version);
    }
    if (report.unchanged) text += "; unchanged";
    return TaskOutcome{!report.unchanged, std::move(text)};
  }

 private:
  const Project& project_;
  const std::string model_;
};

class ScoreKind : public TaskKind {
 public:
  explicit ScoreKind(const Project& project) : project_(project) {}
  std::string name() const override { return "score"; }

  Result<std::shared_ptr<Task>> Read(MappingReader& task) const override {
    MP_ASSIGN_OR_RETURN(std::string model, task.RequireString("model"));
    return std::make_shared<ScoreAModel>(project_, std::move(model));
  }

 private:
  const Project& project_;
};

class AuditTheFeatures : public Task {
 public:
  AuditTheFeatures(const Project& project, std::vector<std::string> models)
      : project_(project), models_(std::move(models)) {}

  // A difference is kConflict: the run of the job has failed, and its error names the first.
  Result<TaskOutcome> Run(const TaskRun& run) override {
    MP_ASSIGN_OR_RETURN(auto ground, TaskGround::Make(project_, run));
    MP_ASSIGN_OR_RETURN(auto audits, AuditFeatures(*ground.project, models_, {}));
    MP_ASSIGN_OR_RETURN(std::string verdict, AuditVerdict(audits));
    return TaskOutcome{!audits.empty(), std::move(verdict)};
  }

 private:
  const Project& project_;
  const std::vector<std::string> models_;
};

class AuditKind : public TaskKind {
 public:
  explicit AuditKind(const Project& project) : project_(project) {}
  std::string name() const override { return "audit"; }

  Result<std::shared_ptr<Task>> Read(MappingReader& task) const override {
    MP_ASSIGN_OR_RETURN(auto models, task.Strings("models"));
    return std::make_shared<AuditTheFeatures>(project_, std::move(models));
  }

 private:
  const Project& project_;
};

Result<model::MonitorReport> Monitor(const Project& server, const std::vector<std::string>& names,
                                     const TaskRun& run) {
  MP_ASSIGN_OR_RETURN(auto ground, TaskGround::Make(server, run));
  Project& project = *ground.project;
  MP_ASSIGN_OR_RETURN(auto stores, ModelStores::Open(project));
  MP_RETURN_IF_ERROR(project.features().Load(project.PathOf("features")));
  model::MonitorOptions options;
  options.progress = &ground.listener();
  return RunProjectMonitors(project, *stores, names, options);
}

}  // namespace

platform::TaskKinds MakeTaskKinds(Project& project) {
  platform::TaskKinds kinds;
  kinds.Add(std::make_unique<RunKind>(project));
  kinds.Add(std::make_unique<ScoreKind>(project));
  kinds.Add(std::make_unique<AuditKind>(project));
  kinds.Add(std::make_unique<model::MonitorTask>(
      [&project](const std::vector<std::string>& names, const TaskRun& run) {
        return Monitor(project, names, run);
      }));
  return kinds;
}

}  // namespace millpond::app
