#include "app/init/init_project.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>

#include "app/init/file_facts.h"
#include "app/init/staging.h"
#include "base/fs/local_filesystem.h"

namespace millpond::app {
namespace {

// Fewer rows than these measure nothing.
constexpr int64_t kLeastTrain = 40;
constexpr int64_t kLeastOfAClass = 5;
constexpr int64_t kLeastTest = 10;

Status CheckName(const std::string& name) {
  const bool good = !name.empty() && std::isalpha(static_cast<unsigned char>(name[0])) &&
                    name.size() <= 64 && std::ranges::all_of(name, [](unsigned char c) {
                      return std::isalnum(c) || c == '_' || c == '-';
                    });
  if (good) return OkStatus();
  return Fail(
      ErrorKind::kInvalidArgument,
      "'{}' cannot be a project's name: it begins with a letter and has letters, digits, _ and - "
      "(at most 64)",
      name);
}

Result<FileInfo> CheckFile(FileSystem& fs, const std::string& file) {
  auto info = fs.Stat(file);
  if (!info.has_value() && info.error().kind() == ErrorKind::kNotFound) {
    return Fail(ErrorKind::kNotFound, "--from: there is no file {}", file);
  }
  if (!info.has_value()) return info;
  if (info->is_directory) {
    return Fail(ErrorKind::kInvalidArgument, "--from: {} is a folder; name a CSV file", file);
  }
  if (info->size_bytes == 0) {
    return Fail(ErrorKind::kInvalidArgument,
                "--from: {} is empty; it needs a line of column names and rows below it", file);
  }
  return info;
}

// The word for "missing" that most fields have.
std::string MissingWord(const std::vector<FileColumn>& columns) {
  std::map<std::string, int64_t> words;
  for (const auto& column : columns)
    words[column.profile.missing_word] += column.profile.missing_words;
  words.erase("");
  const auto most =
      std::ranges::max_element(words, {}, [](const auto& word) { return word.second; });
  return most == words.end() ? "" : most->first;
}

bool Both(const PartCounts& counts, int64_t rows, int64_t of_a_class) {
  return counts.rows >= rows && counts.positives >= of_a_class &&
         counts.rows - counts.positives >= of_a_class;
}

std::string Words(const PartCounts& counts) {
  return fmt::format("{} rows, {} of them positive", counts.rows, counts.positives);
}

// Fills in the plan if its parts have rows of both classes; else says why not.
Result<std::string> TryPlan(FileFacts& facts, const TimePlan& plan, ProjectSketch& sketch) {
  PartCounts parts[3];
  if (plan.of_rows) {
    for (int i = 0; i < 3; ++i) {
      const Micros now = plan.moved_clock ? plan.clock_at : sketch.facts.now;
      const Micros known_by = i < 2 ? plan.bounds[i + 1] : now;
      MP_ASSIGN_OR_RETURN(
          parts[i], facts.CountLabels(plan.bounds[i], plan.bounds[i + 1], known_by, plan.horizon));
    }
  } else {
    if (plan.train.empty())
      return fmt::format("no moment is left to train at with a horizon of {}",
                         SpanSql(plan.horizon));
    const std::vector<Micros>* moments[3] = {&plan.train, &plan.calibrate, &plan.test};
    for (int i = 0; i < 3; ++i) {
      MP_ASSIGN_OR_RETURN(parts[i], facts.CountActivity(*moments[i], plan.horizon));
    }
  }
  sketch.plan = plan;
  sketch.train_rows = parts[0].rows;
  sketch.train_positives = parts[0].positives;
  sketch.test_rows = parts[2].rows;
  sketch.test_positives = parts[2].positives;
  if (Both(parts[0], kLeastTrain, kLeastOfAClass) && Both(parts[1], kLeastTest, 1) &&
      Both(parts[2], kLeastTest, 1))
    return "";
  return fmt::format(
      "split by time, the parts would be too small or of one kind: train {}; calibrate {}; test {} "
      "(wanted: {}, {} and "
      "{} rows, of both kinds)",
      Words(parts[0]), Words(parts[1]), Words(parts[2]), kLeastTrain, kLeastTest, kLeastTest);
}

Status PlanOfRows(FileFacts& facts, Micros horizon, ProjectSketch& sketch) {
  MP_ASSIGN_OR_RETURN(auto quantiles, facts.LabelQuantiles());
  MP_ASSIGN_OR_RETURN(sketch.no_model_because,
                      TryPlan(facts, PlanRows(sketch.facts, quantiles, horizon), sketch));
  return OkStatus();
}

Status PlanOfActivity(FileFacts& facts, Micros horizon, ProjectSketch& sketch) {
  std::vector<Micros> horizons =
      horizon > 0 ? std::vector<Micros>{horizon} : Horizons(sketch.facts);
  if (horizons.empty() || sketch.facts.long_gap == 0) {
    sketch.no_model_because =
        sketch.facts.long_gap == 0
            ? fmt::format("no {} comes twice at different times",
                          sketch.entity_column().profile.header)
            : fmt::format("the rows span {:.1f} days only",
                          static_cast<double>(sketch.facts.span()) / kMicrosPerDay);
    sketch.plan =
        PlanMoments(sketch.facts, NiceSpanBelow(sketch.facts.span() / 6, sketch.facts.whole_days));
    return OkStatus();
  }
  std::string first;
  for (const Micros try_horizon : horizons) {
    MP_ASSIGN_OR_RETURN(sketch.no_model_because,
                        TryPlan(facts, PlanMoments(sketch.facts, try_horizon), sketch));
    if (sketch.no_model_because.empty()) break;
    if (first.empty()) first = sketch.no_model_because;
  }
  if (!sketch.no_model_because.empty()) sketch.no_model_because = first;
  sketch.capped = sketch.facts.long_gap > sketch.facts.span() / 6;
  return OkStatus();
}

Status Decide(FileFacts& facts, const InitRequest& request, ProjectSketch& sketch) {
  sketch.head = facts.head();
  MP_ASSIGN_OR_RETURN(sketch.columns, facts.Columns(request.wanted.time_format));
  sketch.missing_word = MissingWord(sketch.columns);
  MP_ASSIGN_OR_RETURN(sketch.time, GuessTime(sketch.columns, request.wanted));
  MP_ASSIGN_OR_RETURN(sketch.entity,
                      GuessEntity(sketch.columns, sketch.time.column, request.wanted));
  MP_ASSIGN_OR_RETURN(sketch.label, GuessLabel(sketch.columns, sketch.time.column,
                                               sketch.entity.column, request.wanted));
  MP_RETURN_IF_ERROR(facts.TakeEvents(sketch));
  const bool days = sketch.time_column().time.kind == ColumnKind::kDate;
  MP_ASSIGN_OR_RETURN(sketch.facts, facts.Times(days, SystemClock().Now()));
  Micros horizon = 0;
  if (!request.horizon.empty()) {
    MP_ASSIGN_OR_RETURN(horizon, ParseSpan(request.horizon));
    if (days && horizon % kMicrosPerDay != 0) {
      return Fail(ErrorKind::kInvalidArgument,
                  "--horizon {}: the time column holds dates, so it is whole days",
                  request.horizon);
    }
  }
  if (sketch.label_in_rows()) {
    MP_RETURN_IF_ERROR(PlanOfRows(facts, horizon, sketch));
  } else {
    MP_RETURN_IF_ERROR(PlanOfActivity(facts, horizon, sketch));
  }
  sketch.with_model = sketch.no_model_because.empty();
  MP_ASSIGN_OR_RETURN(sketch.entities, facts.LatestEntities());
  return OkStatus();
}

}  // namespace

Result<Micros> ParseSpan(const std::string& text) {
  char* end = nullptr;
  const long long number = std::strtoll(text.c_str(), &end, 10);
  std::string unit;
  for (; *end != '\0'; ++end) {
    if (*end != ' ') unit += static_cast<char>(std::tolower(static_cast<unsigned char>(*end)));
  }
  Micros one = 0;
  if (unit == "day" || unit == "days" || unit == "d") one = kMicrosPerDay;
  if (unit == "hour" || unit == "hours" || unit == "h") one = kMicrosPerHour;
  if (unit == "minute" || unit == "minutes" || unit == "m") one = 60 * kMicrosPerSecond;
  if (one == 0 || number < 1 || number > 36500) {
    return Fail(ErrorKind::kInvalidArgument,
                "--horizon '{}': write '30 days', '6 hours' or '15 minutes'", text);
  }
  return number * one;
}

Result<ProjectSketch> InitProject(const InitRequest& request, CancellationToken cancellation,
                                  TerminalProgress& progress) {
  std::filesystem::path target = std::filesystem::absolute(request.target).lexically_normal();
  if (!target.has_filename()) target = target.parent_path();
  auto fs = MakeLocalFileSystem();
  ProjectSketch sketch;
  sketch.name = target.filename().string();
  MP_RETURN_IF_ERROR(CheckName(sketch.name));
  sketch.schema = SqlNames({sketch.name})[0];
  MP_ASSIGN_OR_RETURN(FileInfo file, CheckFile(*fs, request.file));
  sketch.file_name = FileName(request.file);
  // read_files leaves out names that begin so.
  while (sketch.file_name.starts_with('.') || sketch.file_name.starts_with('_'))
    sketch.file_name.erase(0, 1);
  if (sketch.file_name.empty()) sketch.file_name = "rows.csv";
  // read_files takes these for a pattern: "a[1].csv" would not be itself.
  std::ranges::replace_if(
      sketch.file_name, [](char c) { return std::string_view("*?[]{}\\").contains(c); }, '_');
  MP_ASSIGN_OR_RETURN(Staging staging, Staging::Begin(*fs, target.string()));
  MP_RETURN_IF_ERROR(staging.Write("millpond.yml", "name: init\n"));
  progress.Report({.phase = "copy", .object = request.file});
  MP_RETURN_IF_ERROR(staging.Copy(request.file, "data/" + sketch.file_name));
  {
    MP_ASSIGN_OR_RETURN(auto project, Project::Open(staging.folder(), {}, std::move(cancellation)));
    MP_ASSIGN_OR_RETURN(
        auto facts, FileFacts::Open(*project, "data/" + sketch.file_name, request.file, progress));
    MP_RETURN_IF_ERROR(Decide(facts, request, sketch));
  }
  for (const auto& [name, text] : ProjectFiles(sketch))
    MP_RETURN_IF_ERROR(staging.Write(name, text));
  MP_RETURN_IF_ERROR(staging.Commit());
  return sketch;
}

}  // namespace millpond::app
