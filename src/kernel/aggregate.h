// Aggregates and their states. A state is a function of the multiset of rows added: Merge is
// associative and commutative bit for bit, and Serialize gives one form per multiset-value
// (docs/formats/aggregate-state.md, permanent). Meaning of each: docs/kernel/aggregates.md.
//
//   count(*) count(x) count_if(c) sum avg min max first last count_distinct time_since
//
// evaluate.h computes windows by faster states over row numbers; a test holds both equal.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "kernel/value.h"

namespace millpond::kernel {

enum class AggregateFunction : uint8_t {  // codes are permanent
  kCountStar = 1,
  kCount = 2,
  kCountIf = 3,
  kSum = 4,
  kAvg = 5,
  kMin = 6,
  kMax = 7,
  kFirst = 8,
  kLast = 9,
  kCountDistinct = 10,
  kTimeSince = 11,
};

// More distinct values than this make count_distinct NULL, until the sketch is built.
inline constexpr int64_t kMaxDistinct = 65'536;

// "sum" for a name in canonical texts; its semantics version is 1 for all.
std::string_view ToString(AggregateFunction function);
Result<AggregateFunction> FindAggregate(std::string_view name, bool has_argument, bool distinct);
// kInvalidArgument if the function does not take the argument's type.
Result<Type> AggregateResultType(AggregateFunction function, Type argument);

class ExactSum;
class WideSum;

class AggregateState {
 public:
  // argument: kNullType for count(*) and time_since().
  static Result<AggregateState> Make(AggregateFunction function, Type argument);
  AggregateState(AggregateState&&) noexcept;
  AggregateState& operator=(AggregateState&&) noexcept;
  ~AggregateState();

  // One row that passed the FILTER. `value` is the argument (ignored by count(*)). `tie` orders
  // rows of one event_time and known_from for first and last: the bytes that the program's
  // tie-breaking row expression gives (FeatureProgram::tie), empty if it has none.
  void Add(const Value& value, Micros event_time, Micros known_from, std::string_view tie = {});
  // As Add for many rows that count, whose sum is known: of counts, and of sum and avg.
  void AddRows(uint64_t rows);
  void AddRows(uint64_t rows, const WideSum& sum);
  void AddRows(uint64_t rows, const ExactSum& sum);
  void Merge(const AggregateState& other);  // same function and type
  // as_of is T, which only time_since reads.
  Value Finish(Micros as_of) const;

  bool IsOf(AggregateFunction function, Type argument) const;

  std::string Serialize() const;
  static Result<AggregateState> Deserialize(std::string_view bytes);

 private:
  struct Impl;
  explicit AggregateState(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace millpond::kernel
