// features/: one view of what is known of an entity at T: how long ago, how often, how much, of
// what kind, over windows that fit the data.
#include <algorithm>
#include <cctype>
#include <set>

#include "app/init/project_files.h"
#include "data/sql/tokenizer.h"

namespace millpond::app {
namespace {

constexpr size_t kMostNumbers = 8;
constexpr size_t kMostCategories = 6;
constexpr int64_t kMostDistinct = 50;
constexpr size_t kShownValues = 3;

// Of the calendar: what the time says already.
bool IsPartOfTime(const std::string& name) {
  for (const char* part : {"year", "month", "day", "hour", "minute", "second", "weekday", "week",
                           "day_of_week", "dayofweek", "quarter"}) {
    if (name == part) return true;
  }
  return false;
}

// "" if the column may become features.
std::string_view WhyLeftOut(const FileColumn& column) {
  const bool every_row = column.profile.distinct == column.profile.filled;
  const bool number = column.type.is_number();
  if (column.type.kind == ColumnKind::kEmpty) return "empty";
  if (column.profile.distinct == 1) return "always the same";
  if (number && IsPartOfTime(column.profile.name)) return "a part of the time";
  if (column.type.is_time()) return "a second time";
  if (every_row && (!number || IsCode(column))) return "another in every row";
  return "";
}

// "Boeing 737" -> "boeing_737", for a column's name.
std::string Word(const std::string& value) {
  std::string word = SqlNames({value})[0];
  return word.substr(0, 24);
}

bool IsWholeNumber(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return !text.empty() && text.size() <= 18 &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c); });
}

class Columns {
 public:
  explicit Columns(const ProjectSketch& sketch) : sketch_(sketch) {
    for (const auto& column : sketch.columns) taken_.insert(column.profile.name);
    taken_.insert(sketch.label_name());
    taken_.insert("unreadable");
    for (const Micros window : sketch.plan.windows) windows_.push_back("w" + SpanWord(window));
  }

  void Add(std::string sql, const std::string& wanted) {
    std::string name = wanted;
    for (int n = 2; !taken_.insert(name).second; ++n) name = wanted + "_" + std::to_string(n);
    found_.features.push_back({std::move(sql), std::move(name)});
  }
  void LeaveOut(const FileColumn& column, std::string_view why) {
    found_.left_out.push_back(fmt::format("{} ({})", column.profile.name, why));
  }
  // "w7d" and "7d" of the i-th window; past the last one, the last.
  const std::string& window(size_t i) const { return windows_[std::min(i, windows_.size() - 1)]; }
  std::string suffix(size_t i) const { return "_" + window(i).substr(1); }

  void Activity();
  void Number(const FileColumn& column);
  void Flag(const std::string& name);
  void Category(const FileColumn& column);
  void History();
  FeatureColumns Take() { return std::move(found_); }

 private:
  const ProjectSketch& sketch_;
  std::vector<std::string> windows_;
  std::set<std::string> taken_;
  FeatureColumns found_;
};

void Columns::Activity() {
  Add("time_since() OVER life", "seconds_since_last");
  for (size_t i = 0; i < windows_.size(); ++i) {
    Add(fmt::format("count(*) OVER {}", window(i)), "events" + suffix(i));
  }
  if (windows_.size() > 1) {
    const auto& features = found_.features;
    Add(fmt::format("{} / nullif({}, 0)", features[1].name, features.back().name), "events_trend");
  }
  if (sketch_.time_column().time.kind == ColumnKind::kTimestamp && sketch_.plan.of_rows) {
    Add("hour(as_of())", "hour_of_day");
  }
  if (sketch_.plan.of_rows) Add("dayofweek(as_of())", "day_of_week");
}

void Columns::Number(const FileColumn& column) {
  const std::string& name = column.profile.name;
  Add(fmt::format("coalesce(sum({}) OVER {}, 0)", name, window(1)), name + "_sum" + suffix(1));
  Add(fmt::format("avg({}) OVER {}", name, window(0)), name + "_mean" + suffix(0));
  Add(fmt::format("avg({}) OVER {}", name, window(2)), name + "_mean" + suffix(2));
  Add(fmt::format("max({}) OVER {}", name, window(2)), name + "_max" + suffix(2));
  Add(fmt::format("last({}) OVER life", name), name + "_last");
}

void Columns::Flag(const std::string& name) {
  Add(fmt::format("count_if({}) OVER {}", name, window(1)), name + "_count" + suffix(1));
  Add(fmt::format("count_if({0}) OVER {1} / nullif(count({0}) OVER {1}, 0)", name, window(2)),
      name + "_share" + suffix(2));
}

void Columns::Category(const FileColumn& column) {
  const ColumnProfile& profile = column.profile;
  Add(fmt::format("count_distinct({}) OVER {}", profile.name, window(2)),
      profile.name + "_kinds" + suffix(2));
  if (profile.distinct > kMostDistinct) return;
  if (column.type.kind == ColumnKind::kText)
    Add(fmt::format("last({}) OVER life", profile.name), profile.name + "_last");
  const size_t shown = profile.distinct == 2 ? 1 : kShownValues;
  for (size_t i = 0; i < profile.top.size() && i < shown; ++i) {
    const std::string& value = profile.top[i].first;
    if (column.type.is_number() && !IsWholeNumber(value)) continue;  // one of the unreadable few
    const std::string literal = column.type.is_number() ? value : data::QuoteString(value);
    Add(fmt::format("count_if({} = {}) OVER {}", profile.name, literal, window(1)),
        profile.name + "_" + Word(value) + suffix(1));
  }
}

void Columns::History() {
  if (sketch_.label_in_rows()) Flag(sketch_.label_name());
}

}  // namespace

FeatureColumns FeaturesOf(const ProjectSketch& sketch) {
  Columns columns(sketch);
  columns.Activity();
  columns.History();
  size_t numbers = 0, categories = 0;
  for (int i = 0; i < static_cast<int>(sketch.columns.size()); ++i) {
    const FileColumn& column = sketch.columns[i];
    const bool is_label = i == sketch.label.choice.column && column.profile.distinct == 2;
    if (i == sketch.time.column || i == sketch.entity.column || is_label) continue;
    const bool number = column.type.is_number() && !IsCode(column);
    if (const std::string_view why = WhyLeftOut(column); !why.empty()) {
      columns.LeaveOut(column, why);
    } else if (column.type.kind == ColumnKind::kBoolean) {
      columns.Flag(column.profile.name);
    } else if (number && numbers++ < kMostNumbers) {
      columns.Number(column);
    } else if (!number && categories++ < kMostCategories) {
      columns.Category(column);
    } else {
      columns.LeaveOut(column, "enough of its kind for a start");
    }
  }
  return columns.Take();
}

std::string FeatureViewText(const ProjectSketch& sketch) {
  const FeatureColumns columns = FeaturesOf(sketch);
  const TimePlan& plan = sketch.plan;
  const std::string& time = sketch.time_column().profile.name;
  const bool days = sketch.time_column().time.kind == ColumnKind::kDate;
  std::string known = time;
  std::string why =
      "-- A row may be used from its own time on. If rows reach you later, say so: KNOWN AT ";
  why += time + " + INTERVAL 1 HOUR.\n";
  // The outcome of a row comes first: not even of whole days is it known before label_known_at.
  if (plan.of_rows) {
    known = fmt::format("{} + INTERVAL {}", time, SpanSql(plan.horizon));
    why = fmt::format(
        "-- GUESSED: what a row says, its outcome too, is known {} after its time. Too early, and "
        "the model learns\n"
        "-- from what nobody knows yet when it is asked; too late, and it knows less than it "
        "could. Say here, and in\n"
        "-- label_known_at of models/{}.yml, when your rows are really complete.\n",
        SpanSql(plan.horizon), sketch.schema);
  } else if (days) {
    known = time + " + INTERVAL 23 HOURS";
    why =
        "-- A day's rows may be used from 23:00 of that day on: say here when they really are "
        "there.\n";
  }
  std::string text = fmt::format(
      "-- What is known of each {} at a moment T, from the rows before T alone. Training, "
      "`millpond serve` and\n"
      "-- scoring compute these columns with one program, so they cannot differ. Add, change and "
      "remove columns freely:\n"
      "-- docs/feature-views.md of Millpond lists what there is.\n{}",
      sketch.entity_column().profile.name, why);
  if (!columns.left_out.empty()) {
    text += fmt::format("-- Left out: {}.\n", fmt::join(columns.left_out, ", "));
  }
  text += fmt::format(
      "CREATE FEATURE VIEW {}_history\n  ENTITY ({})\n  TIMESTAMP {}\n  KNOWN AT {}\n  SETTLE 1 "
      "SECOND\nAS SELECT\n",
      sketch.schema, sketch.entity_column().profile.name, time, known);
  for (size_t i = 0; i < columns.features.size(); ++i) {
    text += fmt::format("{}  {} AS {}", i == 0 ? "" : ",\n", columns.features[i].sql,
                        columns.features[i].name);
  }
  text += fmt::format("\nFROM {}\nWINDOW\n", sketch.events_table());
  for (const Micros window : plan.windows) {
    text +=
        fmt::format("  w{} AS (RANGE INTERVAL {} PRECEDING),\n", SpanWord(window), SpanSql(window));
  }
  return text + "  life AS (RANGE UNBOUNDED PRECEDING);\n";
}

}  // namespace millpond::app
