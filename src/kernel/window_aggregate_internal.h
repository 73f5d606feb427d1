// Aggregates over segments of an entity's rows: the fast form of aggregate.h's states, over row
// numbers of prepared source rows. One object computes one output column; it is used by one thread.
#pragma once

#include <memory>
#include <span>

#include "kernel/window_plan_internal.h"

namespace millpond::kernel {

class WindowAggregate {
 public:
  virtual ~WindowAggregate() = default;

  // Moves on to an entity whose first row is `first`; forgets its predecessor's nodes.
  virtual void Begin(int64_t first) = 0;
  // Makes the states of the entity's nodes, of as many levels as its bounds have.
  virtual void BuildNodes(int64_t rows, int levels) = 0;
  // The value over the segments at T into row `out` of the column.
  virtual void Compute(std::span<const Segment> segments, Micros at, int64_t out) = 0;
  // Adds the segments, of rows only, to the permanent form of the same aggregate.
  virtual void AddTo(std::span<const Segment> segments, AggregateState* state) = 0;

  Column& column() { return column_; }

 protected:
  explicit WindowAggregate(Column column) : column_(std::move(column)) {}
  Column column_;
};

// The empty state of program.aggregates[index].
AggregateState EmptyState(const FeatureProgram& program, int index);

// `index` is into program.aggregates; the column gets `outputs` rows.
std::unique_ptr<WindowAggregate> MakeWindowAggregate(const FeatureProgram& program,
                                                     const SourceRows::Impl& source, int index,
                                                     int64_t outputs);

// Of these, count_distinct.
std::unique_ptr<WindowAggregate> MakeDistinct(const SourceRows::Impl& source,
                                              const Column& argument, int index, int64_t outputs);

}  // namespace millpond::kernel
