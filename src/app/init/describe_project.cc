// What `millpond init` prints.
#include "app/init/init_project.h"

namespace millpond::app {
namespace {

std::string Line(std::string_view what, std::string_view value, std::string_view why = "",
                 std::string_view flag = "") {
  std::string text = fmt::format("  {:<9} {}", what, value);
  if (!why.empty()) text += fmt::format(": {}", why);
  if (!flag.empty()) text += fmt::format("   ({})", flag);
  return text + "\n";
}

std::string Others(const Choice& choice, std::string_view flag) {
  if (choice.others.empty()) return "";
  return Line("",
              fmt::format("could also be {}: say {} COLUMN", fmt::join(choice.others, ", "), flag));
}

std::string Day(Micros at) {
  return FormatTimestamp(at).substr(0, 16);
}

std::string LabelLines(const ProjectSketch& sketch) {
  if (!sketch.label_in_rows()) {
    std::string text = Line("label", "inactivity", sketch.label.choice.reason, "--label");
    if (!sketch.label.choice.others.empty()) {
      text += Line("", fmt::format("two values each, not taken: {}; say --label COLUMN",
                                   fmt::join(sketch.label.choice.others, ", ")));
    }
    return text;
  }
  std::string text = Line("label", sketch.label.words, sketch.label.choice.reason,
                          "--label COLUMN, --label \"COLUMN > 30\", --label activity");
  return text + Others(sketch.label.choice, "--label");
}

std::string ModelLines(const ProjectSketch& sketch) {
  const TimePlan& plan = sketch.plan;
  if (!sketch.with_model) {
    return Line("no model", sketch.no_model_because) +
           Line("",
                "table and feature view are written and run; more data, or --horizon, and there "
                "can be one");
  }
  std::string text;
  if (plan.of_rows) {
    text += Line(
        "known",
        fmt::format("{} after its time a row's outcome is known: a guess", SpanSql(plan.horizon)),
        "", "--horizon");
    text +=
        Line("split", fmt::format("train {} … {}, test {} … {}", Day(plan.bounds[0]),
                                  Day(plan.bounds[1]), Day(plan.bounds[2]), Day(plan.bounds[3])));
  } else {
    text += Line(
        "horizon", SpanSql(plan.horizon),
        fmt::format("four of five gaps between two rows of one {} are shorter than {:.1f} days{}",
                    sketch.entity_column().profile.header,
                    static_cast<double>(sketch.facts.long_gap) / kMicrosPerDay,
                    sketch.capped ? "; the data are too short for a longer one" : ""),
        "--horizon '30 days'");
    text += Line("split", fmt::format("{} moments train ({} …), {} test (… {}), a horizon apart",
                                      plan.train.size(), Day(plan.train.front()), plan.test.size(),
                                      Day(plan.test.back())));
  }
  return text + Line("rows", fmt::format("{} to train on, {} of them positive; {} to test on",
                                         WithThousands(sketch.train_rows),
                                         WithThousands(sketch.train_positives),
                                         WithThousands(sketch.test_rows)));
}

std::string Cautions(const ProjectSketch& sketch) {
  std::string text;
  for (const auto& column : sketch.columns) {
    if (column.type.unreadable > 0 && !column.time.is_time()) {
      text += Line("note", fmt::format("{} of {} values of {} are no {}: NULL, and counted",
                                       WithThousands(column.type.unreadable),
                                       WithThousands(column.profile.filled), column.profile.header,
                                       ToString(column.type.kind)));
    }
  }
  if (sketch.facts.end > sketch.facts.now) {
    text += Line("note",
                 fmt::format("the last row lies in the future, {}: rows count from their time on",
                             Day(sketch.facts.end)));
  }
  if (sketch.with_model && sketch.label_in_rows()) {
    text += Line("caution",
                 "columns of a row may be known only after its outcome, so none of them is a "
                 "feature of that row;");
    text += Line("",
                 "the model knows earlier rows. What comes with a request can be added: models/, "
                 "features.request");
  }
  if (sketch.plan.moved_clock) {
    text += Line("clock", fmt::format("begins at {}, where the data end (millpond.yml)",
                                      Day(sketch.plan.clock_at)));
  }
  return text;
}

}  // namespace

std::string DescribeProject(const ProjectSketch& sketch, const InitRequest& request) {
  const FileColumn& first = sketch.columns[0];
  std::string text = fmt::format(
      "{}: {} rows, {} columns{}\n", request.file, WithThousands(first.profile.rows),
      sketch.columns.size(),
      sketch.missing_word.empty() ? ""
                                  : fmt::format(", '{}' is a missing value", sketch.missing_word));
  text += Line("entity", sketch.entity_column().profile.header, sketch.entity.reason, "--entity");
  text += Others(sketch.entity, "--entity");
  text += Line("time", sketch.time_column().profile.header,
               fmt::format("{}; {} … {}", sketch.time.reason, Day(sketch.facts.begin),
                           Day(sketch.facts.end)),
               "--time");
  text += Others(sketch.time, "--time");
  text += LabelLines(sketch) + ModelLines(sketch) + Cautions(sketch);
  text += "\nwrote\n";
  text += Line(request.target, "the project; data/ holds a copy of the file");
  for (const auto& [name, content] : ProjectFiles(sketch)) {
    if (name != ".gitignore") text += fmt::format("    {}\n", name);
  }
  text += fmt::format("\nnext\n  millpond run --project {0}\n", request.target);
  if (sketch.with_model) {
    text += fmt::format(
        "  millpond serve --project {0}\n"
        "  curl -d @{0}/request.json -H 'Content-Type: application/json' "
        "http://127.0.0.1:5000/endpoints/{1}/invocations\n",
        request.target, sketch.schema);
  }
  return text;
}

}  // namespace millpond::app
