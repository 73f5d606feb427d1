// millpond.yml, request.json, README.md.
#include "app/init/project_files.h"
#include "app/terminal.h"
#include "base/json.h"

namespace millpond::app {
namespace {

std::string Question(const ProjectSketch& sketch) {
  const std::string& entity = sketch.entity_column().profile.name;
  if (sketch.label_in_rows()) {
    return fmt::format("whether a row of a {} will turn out as `{}`, said at its time `{}`", entity,
                       sketch.label.words, sketch.time_column().profile.name);
  }
  const std::string span = SpanSql(sketch.plan.horizon);
  return fmt::format("which {} with a row in the last {} will have none in the next {}", entity,
                     span, span);
}

}  // namespace

std::string ConfigText(const ProjectSketch& sketch) {
  std::string text = fmt::format("name: {}\n", DumpJson(Json(sketch.name)));
  if (!sketch.plan.moved_clock) return text;
  const std::string last = FormatTimestamp(sketch.facts.end).substr(0, 10);
  return text +
         fmt::format(
             "# The data end on {}, so this project's clock began to run there, when it was first "
             "used: \"now\", for features\n"
             "# and scores, is then. Once new rows arrive as they happen, remove both lines.\n"
             "mode: demo\nclock: {{kind: offset, at: {}}}\n",
             last, FormatTimestamp(sketch.plan.clock_at).substr(0, 19) + "Z");
}

std::string RequestText(const ProjectSketch& sketch) {
  std::string rows;
  for (const auto& entity : sketch.entities) {
    rows += fmt::format("{}{{{}: {}}}", rows.empty() ? "" : ", ",
                        DumpJson(Json(sketch.entity_column().profile.name)), entity);
  }
  return "{\"dataframe_records\": [" + rows + "]}\n";
}

std::string ReadmeText(const ProjectSketch& sketch) {
  std::string text = fmt::format(
      "# {}\n\nMade by `millpond init` from `{}`. Everything here is yours to change.\n\n"
      "```\nmillpond run                     # tables, features, model, scores, report\n"
      "millpond sql 'SELECT * FROM {} LIMIT 10'\n",
      sketch.name, sketch.file_name, sketch.events_table());
  if (sketch.with_model) {
    text += fmt::format(
        "millpond sql 'SELECT * FROM main.{0}.work_list LIMIT 10'\n"
        "millpond serve                   # a page at http://127.0.0.1:5000\n"
        "curl -d @request.json -H 'Content-Type: application/json' "
        "http://127.0.0.1:5000/endpoints/{0}/invocations\n",
        sketch.schema);
  }
  text += "```\n\n";
  if (sketch.with_model) {
    text += fmt::format("**The question**: {}.\n\n", Question(sketch));
  } else {
    text += fmt::format("**No model yet**: {}.\n\n", sketch.no_model_because);
  }
  text += fmt::format(
      "| file | what it says | look here first |\n| --- | --- | --- |\n"
      "| `data/` | a copy of the file; put new files of the same columns beside it | |\n"
      "| `transformations/01_rows.sql` | how fields are read and what a row must fulfil | types, "
      "constraints |\n"
      "| `features/{0}.sql` | what is known of a `{1}` at a moment | KNOWN AT, windows |\n",
      sketch.schema, sketch.entity_column().profile.name);
  if (sketch.with_model) {
    text += fmt::format(
        "| `models/{0}.yml` | the label, the split, the learner, the action | label, "
        "label_known_at, capacity |\n"
        "| `request.json` | a request that the endpoint answers | |\n"
        "\n`.millpond/report.html` shows after a run what the model is worth, beside baselines.\n",
        sketch.schema);
  }
  return text;
}

std::vector<std::pair<std::string, std::string>> ProjectFiles(const ProjectSketch& sketch) {
  std::vector<std::pair<std::string, std::string>> files = {
      {"millpond.yml", ConfigText(sketch)},
      {".gitignore", "/.millpond/\n"},
      {"README.md", ReadmeText(sketch)},
      {"transformations/01_rows.sql", PipelineText(sketch)},
      {"features/" + sketch.schema + ".sql", FeatureViewText(sketch)},
  };
  if (!sketch.with_model) return files;
  files.emplace_back("models/" + sketch.schema + ".yml", ModelText(sketch));
  files.emplace_back("request.json", RequestText(sketch));
  return files;
}

}  // namespace millpond::app
