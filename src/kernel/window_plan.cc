#include <algorithm>

#include "kernel/window_plan_internal.h"

namespace millpond::kernel {
namespace {

// kForever is past every T, even the last of all times.
bool IsBefore(Micros seen, Micros known_to) {
  return seen < known_to || known_to == kForever;
}

}  // namespace

EntityRows::EntityRows(const SourceRows::Impl& source, int64_t begin, int64_t end, bool in_order)
    : source_(source), begin_(begin), end_(end), in_order_(in_order) {}

void EntityRows::FindRange(Micros at, std::optional<Micros> range, int64_t* from,
                           int64_t* to) const {
  auto times = std::span(source_.event_time).subspan(begin_, size());
  *to = std::lower_bound(times.begin() + *to, times.end(), at) - times.begin();
  if (!range.has_value()) {
    *from = 0;
    return;
  }
  Micros start = SubtractOrFirst(at, *range);
  *from = std::lower_bound(times.begin() + *from, times.begin() + *to, start) - times.begin();
}

bool EntityRows::RowIsVisible(int64_t row, Micros seen) const {
  return source_.known_from[begin_ + row] <= seen &&
         (source_.known_to.empty() || IsBefore(seen, source_.known_to[begin_ + row]));
}

void EntityRows::BuildBounds() {
  std::vector<Bounds> level;
  for (int64_t node = 0; node < size() / kFanout; ++node) {
    Bounds bounds{INT64_MIN, INT64_MAX};
    for (int64_t row = begin_ + node * kFanout; row < begin_ + (node + 1) * kFanout; ++row) {
      bounds.last_known_from = std::max(bounds.last_known_from, source_.known_from[row]);
      Micros known_to = source_.known_to.empty() ? kForever : source_.known_to[row];
      bounds.first_known_to = std::min(bounds.first_known_to, known_to);
    }
    level.push_back(bounds);
  }
  while (!level.empty()) {
    std::vector<Bounds> above;
    for (size_t node = 0; node < level.size() / kFanout; ++node) {
      Bounds bounds{INT64_MIN, INT64_MAX};
      for (size_t child = node * kFanout; child < (node + 1) * kFanout; ++child) {
        bounds.last_known_from = std::max(bounds.last_known_from, level[child].last_known_from);
        bounds.first_known_to = std::min(bounds.first_known_to, level[child].first_known_to);
      }
      above.push_back(bounds);
    }
    levels_.push_back(std::move(level));
    level = std::move(above);
  }
}

int EntityRows::NodeLevel(int64_t row, int64_t to, Micros seen) const {
  int found = 0;
  int64_t width = kFanout;
  for (int level = 1; level <= levels(); ++level, width *= kFanout) {
    if (row % width != 0 || row + width > to) break;
    const Bounds& bounds = levels_[level - 1][row / width];
    if (bounds.last_known_from > seen || !IsBefore(seen, bounds.first_known_to)) break;
    found = level;
  }
  return found;
}

namespace {

void Push(Segment segment, std::vector<Segment>* segments) {
  if (!segments->empty() && segments->back().level == segment.level &&
      segments->back().end == segment.begin) {
    segments->back().end = segment.end;
  } else {
    segments->push_back(segment);
  }
}

}  // namespace

void EntityRows::Plan(int64_t from, int64_t to, Micros seen, std::vector<Segment>* segments) const {
  segments->clear();
  if (in_order_) {
    // What is visible is a prefix: cut the range there, and every row left is visible.
    auto known = std::span(source_.known_from).subspan(begin_, size());
    to = std::upper_bound(known.begin() + from, known.begin() + to, seen) - known.begin();
    if (levels() == 0 && from < to) {
      segments->push_back({0, from, to});
      return;
    }
  }
  for (int64_t row = from; row < to;) {
    int level = NodeLevel(row, to, seen);
    if (level == 0) {
      if (RowIsVisible(row, seen)) Push({0, row, row + 1}, segments);
      ++row;
      continue;
    }
    int64_t width = 1;
    for (int i = 0; i < level; ++i) width *= kFanout;
    Push({level, row / width, row / width + 1}, segments);
    row += width;
  }
}

}  // namespace millpond::kernel
