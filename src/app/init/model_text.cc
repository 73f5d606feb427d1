// models/: the label, the split, the learner, the action.
#include <cctype>

#include "app/init/project_files.h"
#include "base/json.h"

namespace millpond::app {
namespace {

// Whole days as dates, so that a person can read them.
std::string Moment(Micros at) {
  std::string text = FormatTimestamp(at);
  if (at % kMicrosPerDay == 0) return text.substr(0, 10);
  return "'" + text.substr(0, 19) + "Z'";
}

std::string List(const std::vector<Micros>& moments) {
  std::string text;
  for (const Micros moment : moments) text += (text.empty() ? "" : ", ") + Moment(moment);
  return "[" + text + "]";
}

// "12 hours": a duration of a model file, which SQL reads as well.
std::string Duration(Micros span) {
  std::string text = SpanSql(span);
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// A JSON text is a YAML scalar whatever is in it.
std::string YamlText(const std::string& text) {
  return DumpJson(Json(text));
}

// Whole days cannot be known before they are over.
std::string KnownAt(const ProjectSketch& sketch) {
  const std::string& time = sketch.time_column().profile.name;
  return fmt::format("CAST({} AS TIMESTAMPTZ) + INTERVAL {}", time, SpanSql(sketch.plan.horizon));
}

std::string ActivityLabel(const ProjectSketch& sketch) {
  const std::string& entity = sketch.entity_column().profile.name;
  const std::string& time = sketch.time_column().profile.name;
  const std::string horizon = SpanSql(sketch.plan.horizon);
  return fmt::format(
      "description: {5}\n"
      "label:\n"
      "  # At each T: every {0} with a row in [T - {2}, T). The label is true where none comes in "
      "[T, T + {2}).\n"
      "  # Another question is another SELECT: columns {0}, as_of, label (true or false), "
      "label_known_at.\n"
      "  sql: |\n"
      "    SELECT {0}, :as_of AS as_of,\n"
      "           count(*) FILTER (WHERE {1} >= :as_of) = 0 AS label,\n"
      "           :as_of + INTERVAL {2} AS label_known_at\n"
      "    FROM {3}\n"
      "    WHERE {1} >= :as_of - INTERVAL {2} AND {1} < :as_of + INTERVAL {2}\n"
      "    GROUP BY {0}\n"
      "    HAVING count(*) FILTER (WHERE {1} < :as_of) > 0\n"
      "  entity: [{0}]\n"
      "  horizon: {4}\n",
      entity, time, horizon, sketch.events_table(), Duration(sketch.plan.horizon),
      YamlText(fmt::format("Which {0} of the last {1} will have no row in the {1} after T", entity,
                           horizon)));
}

std::string RowLabel(const ProjectSketch& sketch) {
  const std::string& entity = sketch.entity_column().profile.name;
  const std::string& time = sketch.time_column().profile.name;
  return fmt::format(
      "description: {5}\n"
      "label:\n"
      "  # Every row is its own moment T. Only what earlier rows say goes into the model: columns "
      "of the row itself\n"
      "  # may be known only after its outcome. Those that are known at T for certain, and come "
      "with a request, can\n"
      "  # be added: to this SELECT, and as features.request below.\n"
      "  # label_known_at is GUESSED: say when an outcome is really known, here and in KNOWN AT of "
      "features/.\n"
      "  sql: |\n"
      "    SELECT {0}, CAST({1} AS TIMESTAMPTZ) AS as_of, {2} AS label,\n"
      "           {4} AS label_known_at\n"
      "    FROM {3}\n"
      "    WHERE {2} IS NOT NULL\n"
      "  entity: [{0}]\n"
      "  horizon: {6}\n",
      entity, time, sketch.label_name(), sketch.events_table(), KnownAt(sketch),
      YamlText(fmt::format("Which rows of {} will turn out as {}", entity, sketch.label.words)),
      Duration(sketch.plan.horizon));
}

std::string SplitText(const ProjectSketch& sketch) {
  const TimePlan& plan = sketch.plan;
  if (!plan.of_rows) {
    return fmt::format(
        "# Earlier moments train, later ones test. Between the parts lies the horizon: no label of "
        "one looks into the\n"
        "# next.\n"
        "split:\n  train: {}\n  calibrate: {}\n  test: {}\n",
        List(plan.train), List(plan.calibrate), List(plan.test));
  }
  return fmt::format(
      "# Earlier rows train, later ones test; the first tenth only fills the windows. Rows whose "
      "outcome was not yet known\n"
      "# when the next part began are left out and counted (purge).\n"
      "split:\n  train: {{from: {0}, to: {1}}}\n  calibrate: {{from: {1}, to: {2}}}\n  test: "
      "{{from: {2}, to: {3}}}\n"
      "  purge: true\n",
      Moment(plan.bounds[0]), Moment(plan.bounds[1]), Moment(plan.bounds[2]),
      Moment(plan.bounds[3]));
}

std::string CandidatesText(const ProjectSketch& sketch) {
  const std::string& entity = sketch.entity_column().profile.name;
  const std::string& time = sketch.time_column().profile.name;
  const Micros active = sketch.plan.of_rows ? sketch.plan.windows.back() : sketch.plan.horizon;
  return fmt::format(
      "  candidates: |\n"
      "    SELECT DISTINCT {0}{2}\n"
      "    FROM {3}\n"
      "    WHERE {1} >= :as_of - INTERVAL {4} AND {1} < :as_of\n",
      entity, time, sketch.plan.of_rows ? ", :as_of AS as_of" : "", sketch.events_table(),
      SpanSql(active));
}

}  // namespace

std::string ModelText(const ProjectSketch& sketch) {
  const std::string& name = sketch.schema;
  // By days where it can be: a second run on the same day then scores nothing anew.
  const bool by_day = sketch.facts.span() >= 30 * kMicrosPerDay;
  const int64_t rows = sketch.train_rows;
  const int leaf = rows > 5000 ? 20 : (rows > 500 ? 5 : 1);
  std::string text = fmt::format("name: {}\n", name);
  text += sketch.label_in_rows() ? RowLabel(sketch) : ActivityLabel(sketch);
  text += fmt::format("features:\n  views:\n    - name: {}_history\n", name);
  text += SplitText(sketch);
  text += fmt::format(
      "learner:\n  kind: xgboost\n"
      "  params: {{max_depth: 3, eta: 0.05, num_boost_round: 100, min_child_weight: {}, "
      "tree_method: hist}}\n"
      "seed: 7\ncalibration:\n  candidates: [none, isotonic]\n"
      "metrics:\n  precision_at: [1%, 5%, 10%]\n  bootstrap: 200\n"
      "# Always beside the model: the prevalence, a logistic regression, and these single columns. "
      "A model that beats none\n"
      "# of them is not worth serving.\n"
      "baselines:\n  recency: {{column: seconds_since_last}}\n  frequency: {{column: events_{}}}\n",
      leaf, SpanWord(sketch.plan.windows.back()));
  text += fmt::format(
      "# What the score triggers: how many can be acted on at a time. Give value and cost of one, "
      "and the report says what it\n"
      "# would have been worth.\n"
      "action:\n  campaign: {}-1\n  capacity: 100\n  holdout: 0.05\n"
      "score:\n  as_of: {}\n{}  table: main.{}.scores\n  work_list: main.{}.work_list\n"
      "training_set: main.{}.training_set\n",
      name, by_day ? "today" : "clock", CandidatesText(sketch), name, name, name);
  return text;
}

}  // namespace millpond::app
