// millpond features list | describe | deploy | training-set | audit. The views of the project's
// features/ folder are defined first, so that a file just written can be used at once.
#include <arrow/table.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "app/command.h"
#include "app/features_audit.h"
#include "app/result_output.h"
#include "base/clock.h"
#include "base/json.h"
#include "data/arrow/status.h"
#include "data/sql/output.h"
#include "platform/features/feature_store.h"

namespace millpond::app {
namespace {

struct FeaturesOptions {
  std::string name;
  std::string labels;
  std::vector<std::string> views;
  std::string time_column;
  std::vector<std::string> entity_columns;  // view's=labels'
  std::vector<std::string> versions;        // table=version
  std::string as_of;
  std::string record_file;
  int threads = 0;
};

Status ListViews(const CommonOptions& common) {
  MP_ASSIGN_OR_RETURN(auto project, common.OpenProject());
  MP_ASSIGN_OR_RETURN(auto names, project->features().CheckFiles(project->PathOf("features")));
  MP_ASSIGN_OR_RETURN(auto views, project->features().List());
  for (const platform::FeatureView& view : views) {
    const auto live = project->features().Live(view.name);
    const std::string state = !live   ? "its source is missing"
                              : *live ? fmt::format("live since version {}", (*live)->version)
                                      : "not deployed";
    std::printf("%s\n", fmt::format("{}  version {}  {} features from {}  {}", view.name,
                                    view.version, view.columns.size(), view.source, state)
                            .c_str());
    std::erase(names, view.name);
  }
  for (const std::string& name : names) {
    std::printf("%s  in features/, not defined yet (millpond run defines it)\n", name.c_str());
  }
  return OkStatus();
}

Status Describe(const FeaturesOptions& options, const CommonOptions& common) {
  MP_ASSIGN_OR_RETURN(auto project, common.OpenProject());
  MP_RETURN_IF_ERROR(project->features().Load(project->PathOf("features"), {options.name}));
  MP_ASSIGN_OR_RETURN(platform::FeatureView view, project->features().Find(options.name));
  MP_ASSIGN_OR_RETURN(auto live, project->features().Live(options.name));
  Json columns = Json::array();
  for (const platform::FeatureColumn& column : view.columns) {
    columns.push_back({{"name", column.name}, {"type", column.type}, {"hash", column.hash}});
  }
  OrderedJson description = {{"view", view.name},
                             {"version", view.version},
                             {"source", view.source},
                             {"entity", view.entity},
                             {"timestamp", view.timestamp},
                             {"settle_seconds", static_cast<double>(view.settle) / 1e6},
                             {"created", FormatTimestamp(view.created_at)},
                             {"file", view.file}};
  if (live) {
    description["live_version"] = {{"version", live->version},
                                   {"commit_time", FormatTimestamp(live->commit_time)},
                                   {"deployed", FormatTimestamp(live->deployed_at)}};
  } else {
    description["live_version"] = nullptr;
  }
  description["features"] = columns;
  if (common.format == "json") {
    std::printf("%s\n", DumpJson(description).c_str());
    return OkStatus();
  }
  for (const auto& [key, value] : description.items()) {
    if (key == "features") continue;
    std::printf("%s: %s\n", key.c_str(),
                value.is_string() ? value.get<std::string>().c_str() : DumpJson(value).c_str());
  }
  for (const platform::FeatureColumn& column : view.columns) {
    std::printf("  %-28s %-16s %s\n", column.name.c_str(), column.type.c_str(),
                column.hash.c_str());
  }
  return OkStatus();
}

Status Deploy(const FeaturesOptions& options, const CommonOptions& common) {
  MP_ASSIGN_OR_RETURN(auto project, common.OpenProject());
  MP_RETURN_IF_ERROR(project->features().Load(project->PathOf("features"), {options.name}));
  MP_ASSIGN_OR_RETURN(auto deployed, project->features().Deploy(options.name));
  const platform::LiveVersion& live = deployed.live;
  if (!deployed.upgraded.empty()) {
    std::string features;
    for (const std::string& feature : deployed.upgraded) {
      features += (features.empty() ? "" : ", ") + feature;
    }
    std::fprintf(stderr,
                 "table %s was upgraded for it (%s): every reader goes on reading it, but writers "
                 "that do not know these features, delta-rs among them, cannot append any more\n",
                 live.source.c_str(), features.c_str());
  }
  std::fprintf(
      stderr, "%s\n",
      fmt::format("feature view {} {} live: rows of {} up to version {} ({}) are known from "
                  "their claim, later rows from the later of claim and commit",
                  live.view, deployed.already ? "is already" : "is now", live.source, live.version,
                  FormatTimestamp(live.commit_time))
          .c_str());
  return OkStatus();
}

Result<std::pair<std::string, std::string>> SplitPair(const std::string& text, const char* option) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
    return Fail(ErrorKind::kInvalidArgument, "{} takes NAME=VALUE, not '{}'", option, text);
  }
  return std::pair{text.substr(0, equals), text.substr(equals + 1)};
}

Result<platform::TrainingOptions> TrainingOptionsOf(const FeaturesOptions& options) {
  platform::TrainingOptions result;
  result.threads = options.threads;
  if (!options.time_column.empty()) result.time_column = options.time_column;
  if (!options.as_of.empty()) {
    MP_ASSIGN_OR_RETURN(result.as_of, ParseTimestamp(options.as_of));
  }
  for (const std::string& text : options.entity_columns) {
    MP_ASSIGN_OR_RETURN(auto pair, SplitPair(text, "--entity-column"));
    result.entity_columns.insert(std::move(pair));
  }
  for (const std::string& text : options.versions) {
    MP_ASSIGN_OR_RETURN(auto pair, SplitPair(text, "--table-version"));
    char* end = nullptr;
    const long long version = std::strtoll(pair.second.c_str(), &end, 10);
    if (*end != '\0' || version < 0) {
      return Fail(ErrorKind::kInvalidArgument, "'{}' is not a table version", pair.second);
    }
    result.versions[pair.first] = version;
  }
  return result;
}

Status MakeTrainingSet(const FeaturesOptions& options, const CommonOptions& common) {
  MP_RETURN_IF_ERROR(data::ParseOutputFormat(common.format));
  MP_ASSIGN_OR_RETURN(auto training, TrainingOptionsOf(options));
  MP_ASSIGN_OR_RETURN(auto project, common.OpenProject());
  platform::FeatureStore& features = project->features();
  MP_RETURN_IF_ERROR(features.Load(project->PathOf("features"), options.views));
  MP_ASSIGN_OR_RETURN(auto labels, features.OpenLabels(options.labels, options.views, training));
  MP_ASSIGN_OR_RETURN(platform::TrainingSet set,
                      features.TrainingSetFor(*labels, options.views, training));
  arrow::TableBatchReader rows(*set.rows);
  MP_RETURN_IF_ERROR(WriteResult(rows, common, project->env().fs));
  if (!options.record_file.empty()) {
    MP_RETURN_IF_ERROR(
        project->env().fs.ReplaceFile(options.record_file, DumpJson(set.record.ToJson()) + "\n"));
  }
  std::fprintf(stderr, "%s\n",
               fmt::format("{} rows with {} features in {:.2f} s", set.record.label_rows,
                           set.feature_columns.size(), set.record.seconds)
                   .c_str());
  for (const auto& view : set.record.views) {
    std::fprintf(stderr, "%s\n",
                 fmt::format("  {} version {} over {} version {}: {} rows read{}", view.name,
                             view.version, view.source, view.table_version, view.source_rows,
                             view.passes > 1 ? fmt::format(" in {} passes", view.passes) : "")
                     .c_str());
  }
  return OkStatus();
}

}  // namespace

RunCommand AddFeaturesCommand(CLI::App& sub, CommonOptions& common) {
  auto options = std::make_shared<FeaturesOptions>();
  sub.require_subcommand(1);
  CLI::App* list = sub.add_subcommand("list", "The feature views of the project");
  CLI::App* describe = sub.add_subcommand("describe", "One view: columns, types, hashes");
  describe->add_option("view", options->name, "Name of the view")->required();
  CLI::App* deploy = sub.add_subcommand(
      "deploy", "Record the live version: from now on a row is known no earlier than its commit");
  deploy->add_option("view", options->name, "Name of the view")->required();
  CLI::App* set =
      sub.add_subcommand("training-set", "Labels with their features as of each row's T");
  set->add_option("--labels", options->labels, "A .csv or .parquet file, or a table")->required();
  set->add_option("--view", options->views, "Feature view; may be given again")->required();
  set->add_option("--time-column", options->time_column,
                  "The labels' column that holds T, if not named as the view's TIMESTAMP");
  set->add_option("--entity-column", options->entity_columns,
                  "VIEW_COLUMN=LABEL_COLUMN, if the labels name an entity column otherwise");
  set->add_option("--table-version", options->versions, "TABLE=N: read that version of a source");
  set->add_option("--as-of", options->as_of, "Read the sources as they were at this time");
  set->add_option("--threads", options->threads, "At most so many threads")
      ->check(CLI::NonNegativeNumber);
  set->add_option("--record", options->record_file, "Write what the set was made of, as JSON");
  set->footer(
      "Example:\n"
      "  millpond features training-set --labels labels.csv --view customer_orders \\\n"
      "      --format parquet -o training.parquet");
  CLI::App* audit =
      sub.add_subcommand("audit", "What was served, computed again as training computes it");
  for (CLI::App* command : {list, describe, deploy, set, audit}) command->fallthrough();
  return [options, &common, list, describe, deploy, audit,
          run_audit = AddFeaturesAudit(*audit, common)]() -> Status {
    if (audit->parsed()) return run_audit();
    if (list->parsed()) return ListViews(common);
    if (describe->parsed()) return Describe(*options, common);
    if (deploy->parsed()) return Deploy(*options, common);
    return MakeTrainingSet(*options, common);
  };
}

}  // namespace millpond::app
