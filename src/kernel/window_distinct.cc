#include "base/check.h"
#include "kernel/window_aggregate_internal.h"

namespace millpond::kernel {
namespace {

// The distinct codes of each node, and a stamp per code that says which result counted it last.
class DistinctAggregate : public WindowAggregate {
 public:
  DistinctAggregate(std::span<const uint8_t> takes, const Column& argument,
                    std::span<const uint32_t> codes, uint32_t code_count, int64_t outputs)
      : WindowAggregate(Column(kBigint, outputs)),
        takes_(takes),
        argument_(argument),
        codes_(codes),
        stamps_(code_count, 0) {}

  void Begin(int64_t first) override {
    first_ = first;
    levels_.clear();
  }

  void BuildNodes(int64_t rows, int levels) override {
    int64_t nodes = rows / kFanout;
    for (int level = 0; level < levels; ++level, nodes /= kFanout) {
      std::vector<std::vector<uint32_t>> states(nodes);
      for (int64_t node = 0; node < nodes; ++node) {
        ++stamp_;
        CountNodes(level, node * kFanout, (node + 1) * kFanout,
                   [&](uint32_t code) { states[node].push_back(code); });
      }
      levels_.push_back(std::move(states));
    }
  }

  void Compute(std::span<const Segment> segments, Micros, int64_t out) override {
    ++stamp_;
    int64_t count = 0;
    for (const Segment& segment : segments) {
      CountNodes(segment.level, segment.begin, segment.end, [&](uint32_t) { ++count; });
    }
    if (count > kMaxDistinct) return;
    column_.mutable_int64s()[out] = count;
    column_.mutable_valid()[out] = 1;
  }

  void AddTo(std::span<const Segment> segments, AggregateState* state) override {
    ++stamp_;
    for (const Segment& segment : segments) {
      CHECK(segment.level == 0);
      for (int64_t row = first_ + segment.begin; row < first_ + segment.end; ++row) {
        if (takes_[row] == 0 || stamps_[codes_[row]] == stamp_) continue;
        stamps_[codes_[row]] = stamp_;
        state->Add(argument_.ValueAt(row), 0, 0);
      }
    }
  }

 private:
  // Calls `first_seen` for each code of the nodes that has not been seen under this stamp.
  template <typename F>
  void CountNodes(int level, int64_t begin, int64_t end, F&& first_seen) {
    auto see = [&](uint32_t code) {
      if (stamps_[code] == stamp_) return;
      stamps_[code] = stamp_;
      first_seen(code);
    };
    for (int64_t node = begin; node < end; ++node) {
      if (level == 0) {
        if (takes_[first_ + node] != 0) see(codes_[first_ + node]);
      } else {
        for (uint32_t code : levels_[level - 1][node]) see(code);
      }
    }
  }

  std::span<const uint8_t> takes_;
  const Column& argument_;
  std::span<const uint32_t> codes_;
  std::vector<uint64_t> stamps_;
  uint64_t stamp_ = 0;
  int64_t first_ = 0;
  std::vector<std::vector<std::vector<uint32_t>>> levels_;
};

}  // namespace

std::unique_ptr<WindowAggregate> MakeDistinct(const SourceRows::Impl& source,
                                              const Column& argument, int index, int64_t outputs) {
  return std::make_unique<DistinctAggregate>(source.takes[index], argument, source.codes[index],
                                             source.code_counts[index], outputs);
}

}  // namespace millpond::kernel
