// Each aggregate is a policy: a State, how rows [begin, end) are added to it, how two are merged
// and how the result is written. Levels<Policy> gives all of them the tree.
#include "kernel/window_aggregate_internal.h"

#include <algorithm>

#include "base/check.h"
#include "kernel/canonical.h"
#include "kernel/exact_math.h"
#include "kernel/exact_sum.h"

namespace millpond::kernel {
namespace {

template <typename Policy>
class Levels : public WindowAggregate {
 public:
  Levels(Policy policy, Type type, int64_t outputs)
      : WindowAggregate(Column(type, outputs)), policy_(std::move(policy)) {}

  void Begin(int64_t first) override {
    first_ = first;
    levels_.clear();
  }

  void BuildNodes(int64_t rows, int levels) override {
    int64_t nodes = rows / kFanout;
    for (int level = 0; level < levels; ++level, nodes /= kFanout) {
      std::vector<State> states(nodes);
      for (int64_t node = 0; node < nodes; ++node) {
        int64_t begin = node * kFanout;
        if (level == 0) {
          policy_.AddRows(states[node], first_ + begin, first_ + begin + kFanout);
          continue;
        }
        for (int64_t child = begin; child < begin + kFanout; ++child) {
          policy_.Merge(states[node], levels_.back()[child]);
        }
      }
      levels_.push_back(std::move(states));
    }
  }

  void Compute(std::span<const Segment> segments, Micros at, int64_t out) override {
    policy_.Write(Fold(segments), at, out, &column_);
  }

  void AddTo(std::span<const Segment> segments, AggregateState* state) override {
    policy_.Export(Fold(segments), state);
  }

 private:
  using State = typename Policy::State;

  State Fold(std::span<const Segment> segments) const {
    State state{};
    for (const Segment& segment : segments) {
      if (segment.level == 0) {
        policy_.AddRows(state, first_ + segment.begin, first_ + segment.end);
        continue;
      }
      const std::vector<State>& nodes = levels_[segment.level - 1];
      for (int64_t node = segment.begin; node < segment.end; ++node) {
        policy_.Merge(state, nodes[node]);
      }
    }
    return state;
  }

  Policy policy_;
  int64_t first_ = 0;
  std::vector<std::vector<State>> levels_;
};

struct CountPolicy {
  using State = int64_t;
  std::span<const uint8_t> takes;

  void AddRows(State& state, int64_t begin, int64_t end) const {
    for (int64_t row = begin; row < end; ++row) state += takes[row];
  }
  void Merge(State& state, const State& other) const { state += other; }
  void Export(const State& state, AggregateState* into) const {
    into->AddRows(static_cast<uint64_t>(state));
  }
  void Write(const State& state, Micros, int64_t out, Column* column) const {
    column->mutable_int64s()[out] = state;
    column->mutable_valid()[out] = 1;
  }
};

// sum and avg of BIGINT and DECIMAL
template <typename T>
struct WidePolicy {
  struct State {
    WideSum sum;
    int64_t count = 0;
  };
  std::span<const uint8_t> takes;
  std::span<const T> values;
  bool average;
  int scale;

  void AddRows(State& state, int64_t begin, int64_t end) const {
    for (int64_t row = begin; row < end; ++row) {
      if (takes[row] == 0) continue;
      state.sum.Add(values[row]);
      ++state.count;
    }
  }
  void Merge(State& state, const State& other) const {
    state.sum.Merge(other.sum);
    state.count += other.count;
  }
  void Export(const State& state, AggregateState* into) const {
    into->AddRows(static_cast<uint64_t>(state.count), state.sum);
  }
  void Write(const State& state, Micros, int64_t out, Column* column) const {
    if (state.count == 0) return;
    if (average) {
      column->mutable_doubles()[out] = state.sum.RoundQuotient(state.count, scale);
      column->mutable_valid()[out] = 1;
      return;
    }
    Int128 sum = 0;
    if (!state.sum.ToDecimal(&sum)) return;
    column->mutable_decimals()[out] = sum;
    column->mutable_valid()[out] = 1;
  }
};

// sum and avg of DOUBLE
struct DoublePolicy {
  struct State {
    ExactSum sum;
    int64_t count = 0;
  };
  std::span<const uint8_t> takes;
  std::span<const double> values;
  bool average;

  void AddRows(State& state, int64_t begin, int64_t end) const {
    for (int64_t row = begin; row < end; ++row) {
      if (takes[row] == 0) continue;
      state.sum.Add(values[row]);
      ++state.count;
    }
  }
  void Merge(State& state, const State& other) const {
    state.sum.Merge(other.sum);
    state.count += other.count;
  }
  void Export(const State& state, AggregateState* into) const {
    into->AddRows(static_cast<uint64_t>(state.count), state.sum);
  }
  void Write(const State& state, Micros, int64_t out, Column* column) const {
    if (state.count == 0) return;
    column->mutable_doubles()[out] =
        average ? state.sum.RoundQuotient(state.count) : state.sum.Round();
    column->mutable_valid()[out] = 1;
  }
};

// min and max: the state is the row that holds the value, -1 for none. `Less` compares rows.
template <typename Less>
struct ExtremePolicy {
  struct State {
    int64_t row = -1;
  };
  std::span<const uint8_t> takes;
  const SourceRows::Impl* source;
  const Column* argument;
  bool greatest;
  Less less;

  void Offer(State& state, int64_t row) const {
    if (state.row < 0 || (greatest ? less(state.row, row) : less(row, state.row))) state.row = row;
  }
  void AddRows(State& state, int64_t begin, int64_t end) const {
    for (int64_t row = begin; row < end; ++row) {
      if (takes[row] != 0) Offer(state, row);
    }
  }
  void Merge(State& state, const State& other) const {
    if (other.row >= 0) Offer(state, other.row);
  }
  void Export(const State& state, AggregateState* into) const {
    if (state.row < 0) return;
    std::string_view tie;
    if constexpr (requires { less.TieOf(state.row); }) tie = less.TieOf(state.row);
    into->Add(argument->ValueAt(state.row), source->event_time[state.row],
              source->known_from[state.row], tie);
  }
  void Write(const State& state, Micros, int64_t out, Column* column) const {
    if (state.row >= 0) column->CopyRow(out, *argument, state.row);
  }
};

// first and last: rows stand in order of (event_time, known_from), so only ties need a look at the
// bytes that tell the rows apart.
struct RowOrder {
  const SourceRows::Impl* source;
  const Column* tie;  // null: tied rows are interchangeable

  std::string_view TieOf(int64_t row) const {
    return tie == nullptr ? std::string_view() : tie->text(row);
  }

  bool operator()(int64_t a, int64_t b) const {
    if (source->event_time[a] != source->event_time[b]) {
      return source->event_time[a] < source->event_time[b];
    }
    if (source->known_from[a] != source->known_from[b]) {
      return source->known_from[a] < source->known_from[b];
    }
    return TieOf(a) < TieOf(b);
  }
};

template <typename T>
struct ValueOrder {
  std::span<const T> values;
  bool operator()(int64_t a, int64_t b) const { return values[a] < values[b]; }
};

struct CanonicalOrder {
  const Column* argument;
  bool operator()(int64_t a, int64_t b) const {
    return CompareCanonical(*argument, a, *argument, b) < 0;
  }
};

struct TimeSincePolicy {
  struct State {
    int64_t row = -1;  // of the last event; -1: none
  };
  std::span<const uint8_t> takes;
  std::span<const Micros> event_time;
  const Column* argument;  // null: none

  void AddRows(State& state, int64_t begin, int64_t end) const {
    for (int64_t row = end; row-- > begin;) {
      if (takes[row] == 0) continue;
      Merge(state, {row});
      return;
    }
  }
  void Merge(State& state, const State& other) const {
    if (other.row < 0) return;
    if (state.row < 0 || event_time[state.row] < event_time[other.row]) state = other;
  }
  void Export(const State& state, AggregateState* into) const {
    if (state.row < 0) return;
    into->Add(argument == nullptr ? Value() : argument->ValueAt(state.row), event_time[state.row],
              event_time[state.row]);
  }
  void Write(const State& state, Micros at, int64_t out, Column* column) const {
    if (state.row < 0) return;
    column->mutable_doubles()[out] =
        DivideInts(Int128{at} - event_time[state.row], kMicrosPerSecond);
    column->mutable_valid()[out] = 1;
  }
};

template <typename Policy>
std::unique_ptr<WindowAggregate> Make(Policy policy, Type type, int64_t outputs) {
  return std::make_unique<Levels<Policy>>(std::move(policy), type, outputs);
}

template <typename Less>
std::unique_ptr<WindowAggregate> MakeExtreme(std::span<const uint8_t> takes,
                                             const SourceRows::Impl& source, const Column& argument,
                                             bool greatest, Less less, int64_t outputs) {
  ExtremePolicy<Less> policy{takes, &source, &argument, greatest, less};
  return Make(std::move(policy), argument.type(), outputs);
}

std::unique_ptr<WindowAggregate> MakeMinMax(std::span<const uint8_t> takes,
                                            const SourceRows::Impl& source, const Column& argument,
                                            bool greatest, int64_t outputs) {
  if (argument.type().id == TypeId::kDecimal) {
    ValueOrder<Int128> order{argument.decimals()};
    return MakeExtreme(takes, source, argument, greatest, order, outputs);
  }
  if (IsStoredAsInt64(argument.type())) {
    ValueOrder<int64_t> order{argument.int64s()};
    return MakeExtreme(takes, source, argument, greatest, order, outputs);
  }
  return MakeExtreme(takes, source, argument, greatest, CanonicalOrder{&argument}, outputs);
}

std::unique_ptr<WindowAggregate> MakeSum(std::span<const uint8_t> takes, const Column& argument,
                                         bool average, Type type, int64_t outputs) {
  if (argument.type().id == TypeId::kDouble) {
    return Make(DoublePolicy{takes, argument.doubles(), average}, type, outputs);
  }
  if (argument.type().id == TypeId::kDecimal) {
    WidePolicy<Int128> policy{takes, argument.decimals(), average, argument.type().scale};
    return Make(policy, type, outputs);
  }
  return Make(WidePolicy<int64_t>{takes, argument.int64s(), average, 0}, type, outputs);
}

}  // namespace

std::unique_ptr<WindowAggregate> MakeWindowAggregate(const FeatureProgram& program,
                                                     const SourceRows::Impl& source, int index,
                                                     int64_t outputs) {
  const ProgramAggregate& aggregate = program.aggregates[index];
  std::span<const uint8_t> takes = source.takes[index];
  const Column* argument =
      aggregate.argument < 0 ? nullptr : &source.expressions[aggregate.argument];
  const Column* tie = program.tie < 0 ? nullptr : &source.expressions[program.tie];
  switch (aggregate.function) {
    case AggregateFunction::kCountStar:
    case AggregateFunction::kCount:
    case AggregateFunction::kCountIf:
      return Make(CountPolicy{takes}, kBigint, outputs);
    case AggregateFunction::kSum:
    case AggregateFunction::kAvg:
      return MakeSum(takes, *argument, aggregate.function == AggregateFunction::kAvg,
                     aggregate.result, outputs);
    case AggregateFunction::kMin:
    case AggregateFunction::kMax:
      return MakeMinMax(takes, source, *argument, aggregate.function == AggregateFunction::kMax,
                        outputs);
    case AggregateFunction::kFirst:
    case AggregateFunction::kLast:
      return MakeExtreme(takes, source, *argument, aggregate.function == AggregateFunction::kLast,
                         RowOrder{&source, tie}, outputs);
    case AggregateFunction::kTimeSince:
      return Make(TimeSincePolicy{takes, source.event_time, argument}, kDouble, outputs);
    case AggregateFunction::kCountDistinct:
      break;
  }
  return MakeDistinct(source, *argument, index, outputs);
}

AggregateState EmptyState(const FeatureProgram& program, int index) {
  const ProgramAggregate& aggregate = program.aggregates[index];
  const Type argument =
      aggregate.argument < 0 ? kNullType : program.row_expressions[aggregate.argument].type();
  auto state = AggregateState::Make(aggregate.function, argument);
  CHECK(state.has_value());  // Compile has seen to it
  return std::move(*state);
}

}  // namespace millpond::kernel
