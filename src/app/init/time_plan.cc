#include "app/init/time_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace millpond::app {
namespace {

constexpr Micros kMinute = 60 * kMicrosPerSecond;
constexpr Micros kHour = kMicrosPerHour;
constexpr Micros kDay = kMicrosPerDay;
constexpr Micros kSpans[] = {kMinute,    5 * kMinute, 15 * kMinute, kHour,     3 * kHour, 6 * kHour,
                             12 * kHour, kDay,        3 * kDay,     7 * kDay,  14 * kDay, 30 * kDay,
                             60 * kDay,  90 * kDay,   180 * kDay,   365 * kDay};
constexpr int kTestMoments = 3;
constexpr int kMostTrainMoments = 8;

std::vector<Micros> Spans(bool whole_days) {
  std::vector<Micros> spans;
  for (const Micros span : kSpans) {
    if (!whole_days || span >= kDay) spans.push_back(span);
  }
  return spans;
}

double Ratio(Micros a, Micros b) {
  return std::abs(std::log(static_cast<double>(std::max<Micros>(a, 1)) /
                           static_cast<double>(std::max<Micros>(b, 1))));
}

std::vector<Micros> Windows(std::initializer_list<Micros> wanted, Micros least,
                            const TimeFacts& facts) {
  std::vector<Micros> windows;
  for (const Micros want : wanted) {
    const Micros window =
        std::max(NiceSpan(std::min(want, facts.span() / 3), facts.whole_days), least);
    if (std::ranges::find(windows, window) == windows.end()) windows.push_back(window);
  }
  return windows;
}

void SetClock(const TimeFacts& facts, Micros known, TimePlan& plan) {
  const Micros unit = UnitOf(plan.horizon);
  plan.clock_at = FloorTo(known + unit - 1, unit);
  plan.moved_clock = facts.now - facts.end > std::max(kDay, plan.horizon / 4);
}

}  // namespace

Micros NiceSpan(Micros wanted, bool whole_days) {
  const auto spans = Spans(whole_days);
  return *std::ranges::min_element(
      spans, [&](Micros a, Micros b) { return Ratio(a, wanted) < Ratio(b, wanted); });
}

Micros NiceSpanBelow(Micros wanted, bool whole_days) {
  const auto spans = Spans(whole_days);
  Micros best = spans.front();
  for (const Micros span : spans) best = span <= wanted ? span : best;
  return best;
}

std::string SpanWord(Micros span) {
  if (span % kDay == 0) return fmt::format("{}d", span / kDay);
  if (span % kHour == 0) return fmt::format("{}h", span / kHour);
  return fmt::format("{}m", span / kMinute);
}

std::string SpanSql(Micros span) {
  const auto words = [](Micros n, const char* unit) {
    return fmt::format("{} {}{}", n, unit, n == 1 ? "" : "S");
  };
  if (span % kDay == 0) return words(span / kDay, "DAY");
  if (span % kHour == 0) return words(span / kHour, "HOUR");
  return words(span / kMinute, "MINUTE");
}

Micros UnitOf(Micros horizon) {
  if (horizon >= kDay) return kDay;
  return horizon >= 3 * kHour ? kHour : kMinute;
}

Micros FloorTo(Micros at, Micros unit) {
  const Micros rest = at % unit;
  return at - (rest < 0 ? rest + unit : rest);
}

std::vector<Micros> Horizons(const TimeFacts& facts) {
  const Micros longest = facts.span() / 6;
  const Micros target = std::min(facts.long_gap, longest);
  std::vector<Micros> horizons;
  for (const Micros span : Spans(facts.whole_days)) {
    if (span <= longest) horizons.push_back(span);
  }
  std::ranges::stable_sort(horizons,
                           [&](Micros a, Micros b) { return Ratio(a, target) < Ratio(b, target); });
  if (horizons.size() > 5) horizons.resize(5);
  return horizons;
}

TimePlan PlanMoments(const TimeFacts& facts, Micros horizon) {
  TimePlan plan;
  plan.horizon = horizon;
  const Micros unit = UnitOf(horizon);
  const Micros past = facts.whole_days ? facts.end + kDay : facts.end;
  const Micros end = FloorTo(std::min(past, facts.now), unit);
  const Micros step = std::max(FloorTo(horizon / 3, unit), unit);
  for (int i = kTestMoments - 1; i >= 0; --i) plan.test.push_back(end - horizon - i * step);
  plan.calibrate = {plan.test.front() - horizon};
  for (int i = 0; i < kMostTrainMoments; ++i) {
    const Micros moment = plan.calibrate.front() - horizon - i * step;
    if (moment < facts.begin + horizon) break;
    plan.train.insert(plan.train.begin(), moment);
  }
  plan.windows =
      Windows({horizon / 3, horizon, 2 * horizon}, facts.whole_days ? kDay : kMinute, facts);
  SetClock(facts, past, plan);
  return plan;
}

TimePlan PlanRows(const TimeFacts& facts, const std::vector<Micros>& quantiles, Micros horizon) {
  TimePlan plan;
  plan.of_rows = true;
  plan.horizon =
      horizon > 0 ? horizon : std::min(kDay, NiceSpanBelow(facts.span() / 90, facts.whole_days));
  const Micros unit = UnitOf(plan.horizon);
  for (int i = 0; i < 3; ++i) plan.bounds[i] = FloorTo(quantiles[i], unit);
  plan.bounds[3] = FloorTo(facts.end, unit) + unit;
  const Micros gap = std::max<Micros>(facts.median_gap, kMinute);
  // A row is known a horizon after its time: shorter windows would be empty.
  const Micros twice = NiceSpan(2 * plan.horizon, facts.whole_days);
  plan.windows = Windows({3 * gap, 10 * gap, 30 * gap},
                         twice > plan.horizon ? twice : 2 * plan.horizon, facts);
  SetClock(facts, facts.end + plan.horizon + (facts.whole_days ? kDay : 0), plan);
  return plan;
}

}  // namespace millpond::app
