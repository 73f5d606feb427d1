// Which rows of one entity a window sees at T, as runs of rows and nodes.
//
//   level 2  [---------------256---------------][-----------...
//   level 1  [-16-][-16-][-16-] ...                            nodes: full, aligned, with bounds
//   level 0  | | | | | | | | | ...                             rows in event order
//
// A node is used only if every row in it is visible; else its children, at last the rows.
#pragma once

#include <span>
#include <vector>

#include "kernel/source_rows_internal.h"

namespace millpond::kernel {

inline constexpr int64_t kFanout = 16;

// Nodes [begin, end) of a level, counted from the entity's first row; level 0 is rows.
struct Segment {
  int level;
  int64_t begin;
  int64_t end;
};

class EntityRows {
 public:
  EntityRows(const SourceRows::Impl& source, int64_t begin, int64_t end, bool in_order);

  int64_t size() const { return end_ - begin_; }
  int64_t first() const { return begin_; }
  int levels() const { return static_cast<int>(levels_.size()); }

  // The rows, counted from the entity's first, with event_time in [at - range, at). Calls with
  // rising `at` search from where the last one ended: `from` is in and out.
  void FindRange(Micros at, std::optional<Micros> range, int64_t* from, int64_t* to) const;

  // Computes the bounds of the nodes; without it Plan gives rows only.
  void BuildBounds();
  // The visible rows of [from, to) at time `seen` = T - settle.
  void Plan(int64_t from, int64_t to, Micros seen, std::vector<Segment>* segments) const;

 private:
  struct Bounds {
    Micros last_known_from;
    Micros first_known_to;
  };

  bool RowIsVisible(int64_t row, Micros seen) const;
  // The highest level with a visible node that begins at `row` and ends by `to`; 0: none.
  int NodeLevel(int64_t row, int64_t to, Micros seen) const;

  const SourceRows::Impl& source_;
  int64_t begin_;
  int64_t end_;
  bool in_order_;
  std::vector<std::vector<Bounds>> levels_;  // [0] is level 1
};

// a - b, but not below the first of all times.
constexpr Micros SubtractOrFirst(Micros a, Micros b) {
  Micros result = 0;
  return __builtin_sub_overflow(a, b, &result) ? INT64_MIN : result;
}

}  // namespace millpond::kernel
