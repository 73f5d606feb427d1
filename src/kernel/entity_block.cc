#include "kernel/entity_block.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "base/check.h"
#include "kernel/source_rows_internal.h"
#include "kernel/window_aggregate_internal.h"

namespace millpond::kernel {
namespace {

bool RowBefore(const EntityBlock& a, int64_t i, const EntityBlock& b, int64_t j) {
  if (a.event_time[i] != b.event_time[j]) return a.event_time[i] < b.event_time[j];
  return a.known_from[i] < b.known_from[j];
}

Column JoinColumns(const Column& a, const Column& b,
                   std::span<const std::pair<bool, int64_t>> order) {
  Column joined(a.type(), static_cast<int64_t>(order.size()));
  for (size_t i = 0; i < order.size(); ++i) {
    joined.CopyRow(static_cast<int64_t>(i), order[i].first ? b : a, order[i].second);
  }
  return joined;
}

}  // namespace

std::vector<NamedBlock> BlocksByEntity(const SourceRows& source) {
  const SourceRows::Impl& impl = source.impl();
  CHECK(impl.known_to.empty());
  std::vector<NamedBlock> blocks;
  blocks.reserve(impl.entities.size());
  for (const auto& [entity, number] : impl.entities) {
    const int64_t begin = impl.entity_begin[number];
    const int64_t end = impl.entity_begin[number + 1];
    std::vector<int64_t> rows(end - begin);
    std::iota(rows.begin(), rows.end(), begin);
    EntityBlock block;
    block.event_time.assign(impl.event_time.begin() + begin, impl.event_time.begin() + end);
    block.known_from.assign(impl.known_from.begin() + begin, impl.known_from.begin() + end);
    for (const Column& column : impl.expressions) block.expressions.push_back(column.Take(rows));
    blocks.push_back({entity, std::move(block)});
  }
  std::ranges::sort(blocks, {}, &NamedBlock::entity);
  return blocks;
}

EntityBlock MergeBlocks(const EntityBlock& a, const EntityBlock& b) {
  std::vector<std::pair<bool, int64_t>> order;  // from b?, row
  order.reserve(a.rows() + b.rows());
  for (int64_t i = 0, j = 0; i < a.rows() || j < b.rows();) {
    const bool from_b = i == a.rows() || (j < b.rows() && RowBefore(b, j, a, i));
    order.emplace_back(from_b, from_b ? j++ : i++);
  }
  EntityBlock merged;
  for (const auto& [from_b, row] : order) {
    merged.event_time.push_back((from_b ? b : a).event_time[row]);
    merged.known_from.push_back((from_b ? b : a).known_from[row]);
  }
  for (size_t i = 0; i < a.expressions.size(); ++i) {
    merged.expressions.push_back(JoinColumns(a.expressions[i], b.expressions[i], order));
  }
  return merged;
}

EntityBlock SliceBlock(const EntityBlock& block, int64_t from, int64_t to) {
  std::vector<int64_t> rows(to - from);
  std::iota(rows.begin(), rows.end(), from);
  EntityBlock slice;
  slice.event_time.assign(block.event_time.begin() + from, block.event_time.begin() + to);
  slice.known_from.assign(block.known_from.begin() + from, block.known_from.begin() + to);
  for (const Column& column : block.expressions) slice.expressions.push_back(column.Take(rows));
  return slice;
}

std::vector<int64_t> SplitPoints(const EntityBlock& block, bool keep_full) {
  const std::vector<Micros>& times = block.event_time;
  std::vector<int64_t> points;
  int64_t begin = 0;
  while (block.rows() - begin > kBlockRows) {
    const int64_t rest = block.rows() - begin;
    const int64_t wanted = begin + (keep_full ? kBlockRows : std::min(kBlockRows, (rest + 1) / 2));
    // Back to where the event time of the row at the cut begins; if that is the whole part, on to
    // where it ends, and if that is too far, through the middle of it.
    int64_t cut = std::lower_bound(times.begin() + begin, times.begin() + wanted, times[wanted]) -
                  times.begin();
    if (cut == begin) {
      cut = std::upper_bound(times.begin() + wanted, times.end(), times[begin]) - times.begin();
      cut = std::min(cut, begin + kBlockRows);
    }
    points.push_back(cut);
    begin = cut;
  }
  return points;
}

EntityTile MakeTile(const FeatureProgram& program, const EntityBlock& block, bool with_states) {
  CHECK(block.rows() > 0);
  const auto [first_known, last_known] = std::ranges::minmax(block.known_from);
  EntityTile tile{.rows = block.rows(),
                  .first_event = block.event_time.front(),
                  .last_event = block.event_time.back(),
                  .first_known_from = first_known,
                  .last_known_from = last_known,
                  .states = {}};
  if (!with_states) return tile;
  SourceRows::Impl impl;
  impl.event_time = block.event_time;
  impl.known_from = block.known_from;
  impl.expressions = block.expressions;
  impl.entity_begin = {0, block.rows()};
  FinishSourceRows(program, &impl);
  const Segment all{0, 0, block.rows()};
  for (size_t i = 0; i < program.aggregates.size(); ++i) {
    const int index = static_cast<int>(i);
    tile.states.push_back(EmptyState(program, index));
    MakeWindowAggregate(program, impl, index, 0)->AddTo({&all, 1}, &tile.states.back());
  }
  return tile;
}

}  // namespace millpond::kernel
