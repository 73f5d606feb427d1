// millpond models list | train | reproduce | promote | rollback | history: what is registered,
// training without the rest of a run, the proof that a run can be repeated, and which version is
// in charge, by whose decision.
#include <arrow/record_batch.h>
#include <arrow/table.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "app/command.h"
#include "app/model_stores.h"
#include "app/result_columns.h"
#include "app/result_output.h"
#include "app/run.h"
#include "app/terminal.h"
#include "data/arrow/status.h"
#include "model/training/model_definition.h"

namespace millpond::app {
namespace {

struct ModelsOptions {
  std::vector<std::string> names;
  bool force = false;
  std::string run_id;
  std::string name;
  int64_t version = 0;
  std::string alias = std::string(model::kChampion);
  enum class Verb { kList, kTrain, kReproduce, kPromote, kRollback, kHistory } verb = Verb::kList;
};

// Who acts where nobody logs in, as in the runs that training makes.
constexpr const char* kPrincipal = "local";

// One line a version of every registered model, newest first.
Result<std::shared_ptr<arrow::Table>> VersionsTable(ModelStores& stores) {
  ResultColumns columns;
  auto& model = columns.Texts("model");
  auto& version = columns.Numbers("version");
  auto& aliases = columns.Texts("aliases");
  auto& precision = columns.Doubles("average_precision");
  auto& run = columns.Texts("run_id");
  auto& created = columns.Texts("created");
  auto& source = columns.Texts("folder");
  MP_ASSIGN_OR_RETURN(auto models, stores.registry().ListModels());
  for (const auto& registered : models) {
    MP_ASSIGN_OR_RETURN(auto versions, stores.registry().ListVersions(registered.name));
    for (const auto& entry : versions) {
      // A client may register what no run of ours made.
      const auto trained = stores.tracking().GetRun(entry.run_id);
      MP_ARROW_RETURN_IF_ERROR(model.Append(entry.name));
      MP_ARROW_RETURN_IF_ERROR(version.Append(entry.version));
      MP_ARROW_RETURN_IF_ERROR(aliases.Append(fmt::format("{}", fmt::join(entry.aliases, ", "))));
      const auto* metric = trained ? trained->FindMetric("average_precision") : nullptr;
      MP_ARROW_RETURN_IF_ERROR(metric ? precision.Append(metric->value) : precision.AppendNull());
      MP_ARROW_RETURN_IF_ERROR(run.Append(entry.run_id));
      MP_ARROW_RETURN_IF_ERROR(created.Append(FormatTimestamp(entry.creation_time_ms * 1000)));
      MP_ARROW_RETURN_IF_ERROR(source.Append(entry.source));
    }
  }
  return columns.Finish();
}

Status ListModels(Project& project, ModelStores& stores, const CommonOptions& common) {
  MP_ASSIGN_OR_RETURN(auto table, VersionsTable(stores));
  if (table->num_rows() == 0) std::fprintf(stderr, "no models yet: millpond run trains them\n");
  arrow::TableBatchReader rows(*table);
  MP_RETURN_IF_ERROR(WriteResult(rows, common, project.env().fs));
  return OkStatus();
}

// Those asked for; their tables must be free of all the others'.
Result<std::vector<model::ModelDefinition>> Chosen(Project& project, const ModelsOptions& options) {
  MP_ASSIGN_OR_RETURN(auto all,
                      model::LoadModelDefinitions(project.env().fs, project.PathOf("models")));
  MP_ASSIGN_OR_RETURN(auto graph, LoadPipeline(project));
  MP_RETURN_IF_ERROR(CheckOutputs(project, graph, all));
  if (options.names.empty()) return all;
  std::vector<model::ModelDefinition> chosen;
  for (const auto& name : options.names) {
    const auto found = std::ranges::find(all, name, &model::ModelDefinition::name);
    if (found == all.end()) {
      return Fail(ErrorKind::kNotFound, "there is no models/{}.yml in {}", name,
                  project.config().project_dir);
    }
    chosen.push_back(*found);
  }
  return chosen;
}

Status TrainModels(Project& project, ModelStores& stores, const ModelsOptions& options) {
  MP_ASSIGN_OR_RETURN(auto definitions, Chosen(project, options));
  MP_RETURN_IF_ERROR(project.features().Load(project.PathOf("features")));
  TerminalProgress progress(stderr);
  for (const auto& definition : definitions) {
    MP_ASSIGN_OR_RETURN_CONTEXT(
        auto report,
        stores.trainer().Train(definition, {.force = options.force, .progress = &progress}),
        "while training model {}", definition.name);
    progress.Clear();
    std::printf(
        "%s\n",
        fmt::format("{} version {}: {} (run {})\n  {}\n  {}", report.model, report.version,
                    report.unchanged ? "unchanged"
                                     : fmt::format("trained in {}", HumanSeconds(report.seconds)),
                    report.run_id, report.evaluation.value("verdict", ""), report.model_path)
            .c_str());
    for (const auto& warning : report.warnings) {
      std::printf("  warning: %s\n", warning.c_str());
    }
  }
  return OkStatus();
}

Status ReproduceRun(ModelStores& stores, const std::string& run_id) {
  MP_ASSIGN_OR_RETURN(auto report, stores.trainer().Reproduce(run_id));
  for (const auto& note : report.notes) std::printf("note: %s\n", note.c_str());
  for (const auto& part : report.parts) {
    std::printf(
        "%s\n",
        fmt::format("{:<13} {:<9} {}", part.name, part.recorded == part.now ? "equal" : "DIFFERENT",
                    part.recorded == part.now ? part.now
                                              : fmt::format("{} was {}", part.now, part.recorded))
            .c_str());
  }
  if (report.equal) {
    std::printf("run %s of model %s: the same bytes again\n", run_id.c_str(), report.model.c_str());
    return OkStatus();
  }
  return Fail(ErrorKind::kConflict,
              "run {} of model {} gives other bytes now; the parts above marked DIFFERENT are not "
              "what was recorded{}",
              run_id, report.model,
              report.notes.empty() ? "" : "; a library has changed since (see the notes)");
}

void PrintMove(const ModelsOptions& options, const platform::ModelRegistry::Move& move) {
  const std::string before =
      move.from == 0 ? "was not set" : fmt::format("was version {}", move.from);
  std::printf("%s\n", fmt::format("{}@{} is version {} ({}); running servers follow", options.name,
                                  options.alias, move.to, before)
                          .c_str());
}

Status PromoteVersion(ModelStores& stores, const ModelsOptions& options) {
  MP_ASSIGN_OR_RETURN(auto move, stores.registry().Promote(options.name, options.alias,
                                                           options.version, kPrincipal));
  PrintMove(options, move);
  return OkStatus();
}

Status RollBack(ModelStores& stores, const ModelsOptions& options) {
  MP_ASSIGN_OR_RETURN(auto move,
                      stores.registry().Rollback(options.name, options.alias, kPrincipal));
  PrintMove(options, move);
  return OkStatus();
}

// One line a change of the model's registry entry, newest first.
Result<std::shared_ptr<arrow::Table>> HistoryTable(ModelStores& stores, const std::string& name) {
  ResultColumns columns;
  auto& at = columns.Texts("at");
  auto& who = columns.Texts("who");
  auto& action = columns.Texts("action");
  auto& alias = columns.Texts("alias");
  auto& from = columns.Numbers("from_version");
  auto& to = columns.Numbers("to_version");
  auto& detail = columns.Texts("detail");
  MP_ASSIGN_OR_RETURN(auto history, stores.registry().History(name));
  if (history.empty()) {
    return Fail(ErrorKind::kNotFound,
                "there is no model '{}' and there never was; millpond models list shows the models",
                name);
  }
  const auto append = [](arrow::Int64Builder& builder, int64_t version) {
    return version == 0 ? builder.AppendNull() : builder.Append(version);
  };
  for (const auto& audit : history) {
    MP_ARROW_RETURN_IF_ERROR(at.Append(FormatTimestamp(audit.at_ms * kMicrosPerMilli)));
    MP_ARROW_RETURN_IF_ERROR(who.Append(audit.principal));
    MP_ARROW_RETURN_IF_ERROR(action.Append(audit.action));
    MP_ARROW_RETURN_IF_ERROR(alias.Append(audit.alias));
    MP_ARROW_RETURN_IF_ERROR(append(from, audit.from_version));
    MP_ARROW_RETURN_IF_ERROR(append(to, audit.to_version));
    MP_ARROW_RETURN_IF_ERROR(detail.Append(audit.detail));
  }
  return columns.Finish();
}

Status ShowHistory(Project& project, ModelStores& stores, const ModelsOptions& options,
                   const CommonOptions& common) {
  MP_ASSIGN_OR_RETURN(auto table, HistoryTable(stores, options.name));
  arrow::TableBatchReader rows(*table);
  MP_RETURN_IF_ERROR(WriteResult(rows, common, project.env().fs));
  return OkStatus();
}

Status RunModels(const ModelsOptions& options, const CommonOptions& common) {
  MP_ASSIGN_OR_RETURN(auto project, common.OpenProject());
  MP_ASSIGN_OR_RETURN(auto stores, ModelStores::Open(*project));
  switch (options.verb) {
    case ModelsOptions::Verb::kList:
      return ListModels(*project, *stores, common);
    case ModelsOptions::Verb::kTrain:
      return TrainModels(*project, *stores, options);
    case ModelsOptions::Verb::kReproduce:
      return ReproduceRun(*stores, options.run_id);
    case ModelsOptions::Verb::kPromote:
      return PromoteVersion(*stores, options);
    case ModelsOptions::Verb::kRollback:
      return RollBack(*stores, options);
    case ModelsOptions::Verb::kHistory:
      return ShowHistory(*project, *stores, options, common);
  }
  return OkStatus();
}

// The verbs that look at, or decide, which version an alias names.
std::vector<CLI::App*> AddAliasVerbs(CLI::App& sub, const std::shared_ptr<ModelsOptions>& options) {
  using Verb = ModelsOptions::Verb;
  auto* promote = sub.add_subcommand("promote", "Point the champion alias at a version");
  auto* rollback = sub.add_subcommand("rollback", "Point it back at the version it named before");
  auto* history =
      sub.add_subcommand("history", "Who registered, promoted and rolled back what, and when");
  for (const auto& [verb, kind] :
       {std::pair{promote, Verb::kPromote}, std::pair{rollback, Verb::kRollback},
        std::pair{history, Verb::kHistory}}) {
    verb->add_option("model", options->name, "Name (millpond models list)")->required();
    verb->callback([options, kind = kind] { options->verb = kind; });
  }
  promote->add_option("version", options->version, "Number of the version")->required();
  for (auto* verb : {promote, rollback}) {
    verb->add_option("--alias", options->alias, "Another alias than champion");
  }
  return {promote, rollback, history};
}

}  // namespace

RunCommand AddModelsCommand(CLI::App& sub, CommonOptions& common) {
  auto options = std::make_shared<ModelsOptions>();
  sub.require_subcommand(1);
  auto* list = sub.add_subcommand("list", "Registered models and their versions");
  list->callback([options] { options->verb = ModelsOptions::Verb::kList; });
  auto* train = sub.add_subcommand("train", "Train models whose inputs have changed");
  train->add_option("models", options->names, "Names; none: all of models/*.yml");
  train->add_flag("--force", options->force, "Also if nothing has changed");
  train->callback([options] { options->verb = ModelsOptions::Verb::kTrain; });
  auto* reproduce =
      sub.add_subcommand("reproduce", "Repeat a recorded run and compare it byte by byte");
  reproduce->add_option("run", options->run_id, "Run id (millpond models list)")->required();
  reproduce->callback([options] { options->verb = ModelsOptions::Verb::kReproduce; });
  for (auto* verb : {list, train, reproduce}) verb->fallthrough();
  for (auto* verb : AddAliasVerbs(sub, options)) verb->fallthrough();
  sub.footer(
      "Examples:\n"
      "  millpond models list\n"
      "  millpond models train churn --force\n"
      "  millpond models reproduce 4f2a9c…\n"
      "  millpond models promote churn 3\n"
      "  millpond models rollback churn\n"
      "  millpond models history churn --format csv");
  return [options, &common] { return RunModels(*options, common); };
}

}  // namespace millpond::app
