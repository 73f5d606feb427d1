#include "model/training/time_split.h"

#include <algorithm>

namespace millpond::model {

namespace {

struct LabelTimes {
  std::span<const int64_t> t, known;
  const kernel::Column* label;
};

Result<LabelTimes> FindTimes(const LabelDefinition& label, const kernel::Batch& rows) {
  const int t = rows.Find(label.time), known = rows.Find(label.known_at),
            value = rows.Find(label.label);
  if (t < 0 || known < 0 || value < 0) {
    return Fail(ErrorKind::kInternal, "label rows lack '{}', '{}' or '{}'", label.time,
                label.known_at, label.label);
  }
  return LabelTimes{rows.columns[t].int64s(), rows.columns[known].int64s(), &rows.columns[value]};
}

Micros NextBegins(const SplitDefinition& split, int part) {
  return split.parts[part + 1].first() - split.embargo;
}

// A row whose label becomes known only when the next part has begun.
bool ReachesIntoNext(const SplitDefinition& split, int part, Micros known) {
  return part < 2 && known > NextBegins(split, part);
}

void Count(SplitCount& count, Micros t, Micros known, bool positive) {
  count.first = count.rows == 0 ? t : std::min(count.first, t);
  count.last = count.rows == 0 ? t : std::max(count.last, t);
  count.known = count.rows == 0 ? known : std::max(count.known, known);
  ++count.rows;
  count.positives += positive;
}

Status CheckParts(const ModelDefinition& definition, const TimeSplit& split) {
  for (SplitName name : kSplitNames) {
    const SplitCount& count = split.counts[static_cast<int>(name)];
    if (count.rows > 0 && count.positives > 0 && count.positives < count.rows) continue;
    const std::string what =
        count.rows == 0 ? fmt::format("has no rows ({} wait for their label, {} were purged)",
                                      count.waiting, count.purged)
                        : fmt::format("has {} rows, all with one label", count.rows);
    return Fail(ErrorKind::kInvalidArgument,
                "{}: part '{}' of the split {}; look at the label's SELECT, at split.{} and at the "
                "project's clock",
                definition.file, ToString(name), what, ToString(name));
  }
  return OkStatus();
}

}  // namespace

Json TimeSplit::ToJson() const {
  Json json = Json::object();
  for (SplitName name : kSplitNames) {
    const SplitCount& count = counts[static_cast<int>(name)];
    json[std::string(ToString(name))] = {
        {"rows", count.rows},
        {"positives", count.positives},
        {"prevalence",
         count.rows ? static_cast<double>(count.positives) / static_cast<double>(count.rows) : 0.0},
        {"waiting", count.waiting},
        {"purged", count.purged},
        {"from", FormatTimestamp(count.first)},
        {"to", FormatTimestamp(count.last)},
        {"labels_known", FormatTimestamp(count.known)}};
  }
  return json;
}

Result<TimeSplit> SplitByTime(const ModelDefinition& definition, const kernel::Batch& labels,
                              Micros now) {
  const SplitDefinition& parts = definition.split;
  MP_ASSIGN_OR_RETURN(auto times, FindTimes(definition.label, labels));
  TimeSplit split;
  int64_t reaching[2] = {0, 0};
  Micros latest[2] = {0, 0};
  for (int64_t row = 0; row < labels.rows; ++row) {
    const Micros t = times.t[row], known = times.known[row];
    const auto name = std::ranges::find_if(
        kSplitNames, [&](SplitName candidate) { return parts.part(candidate).Contains(t); });
    if (name == std::end(kSplitNames)) continue;  // a T between the parts
    const int part = static_cast<int>(*name);
    SplitCount& count = split.counts[part];
    if (known > now) {
      ++count.waiting;
    } else if (ReachesIntoNext(parts, part, known)) {
      ++count.purged;
      ++reaching[part];
      latest[part] = std::max(latest[part], known);
    } else {
      split.rows[part].push_back(row);
      Count(count, t, known, times.label->booleans()[row] != 0);
    }
  }
  for (int part = 0; part < 2; ++part) {
    if (reaching[part] == 0 || parts.purge) continue;
    return Fail(ErrorKind::kInvalidArgument,
                "{}: {} rows of part '{}' have labels that are known only after part '{}' begins "
                "({} against {}): the gap is shorter than the label's horizon; move the parts "
                "apart, or say purge: true to drop such rows",
                definition.file, reaching[part], ToString(kSplitNames[part]),
                ToString(kSplitNames[part + 1]), FormatTimestamp(latest[part]),
                FormatTimestamp(NextBegins(parts, part)));
  }
  MP_RETURN_IF_ERROR(CheckParts(definition, split));
  split.training_cutoff = NextBegins(parts, 0);
  return split;
}

}  // namespace millpond::model
