#include "kernel/entity_state.h"

#include <utility>

#include "kernel/evaluate_internal.h"
#include "kernel/source_rows_internal.h"
#include "kernel/window_aggregate_internal.h"

namespace millpond::kernel {
namespace {

Column MomentColumn(Micros as_of) {
  Column column(kTimestamp, 1);
  column.Set(0, Value::Timestamp(as_of));
  return column;
}

// A window's share of the entity: [start, as_of), known by `seen`.
struct View {
  std::optional<Micros> range;
  Micros as_of;
  Micros seen;

  bool Misses(const EntityTile& tile) const {
    return tile.first_event >= as_of || tile.first_known_from > seen ||
           (range.has_value() && tile.last_event < SubtractOrFirst(as_of, *range));
  }
  bool HasWhole(const EntityTile& tile) const {
    return tile.last_event < as_of && tile.last_known_from <= seen &&
           (!range.has_value() || tile.first_event >= SubtractOrFirst(as_of, *range));
  }
  // The visible rows of a block.
  void Plan(const SourceRows::Impl& rows, std::vector<Segment>* segments) const {
    const bool in_order = !rows.entity_in_order.empty() && rows.entity_in_order.front() != 0;
    const EntityRows entity(rows, 0, rows.rows(), in_order);
    int64_t from = 0;
    int64_t to = 0;
    entity.FindRange(as_of, range, &from, &to);
    entity.Plan(from, to, seen, segments);
  }
};

class TileEvaluation {
 public:
  TileEvaluation(const FeatureProgram& program, std::span<const EntityTile> tiles,
                 const BlockRows& rows_of, Micros as_of)
      : program_(program),
        tiles_(tiles),
        rows_of_(rows_of),
        as_of_(as_of),
        seen_(SubtractOrFirst(as_of, program.definition.settle)),
        rows_(tiles.size()) {
    for (size_t i = 0; i < program.aggregates.size(); ++i) {
      states_.push_back(EmptyState(program, static_cast<int>(i)));
    }
  }

  Result<Batch> Run() {
    for (size_t window = 0; window < program_.windows.size(); ++window) {
      const View view{program_.windows[window], as_of_, seen_};
      for (size_t block = 0; block < tiles_.size(); ++block) {
        const EntityTile& tile = tiles_[block];
        if (view.Misses(tile)) continue;
        if (view.HasWhole(tile) && !tile.states.empty()) {
          MergeTile(static_cast<int>(window), tile);
        } else {
          MP_RETURN_IF_ERROR(AddRows(static_cast<int>(window), view, block));
        }
      }
    }
    std::vector<Column> columns;
    for (size_t i = 0; i < states_.size(); ++i) {
      columns.emplace_back(program_.aggregates[i].result, 1);
      columns.back().Set(0, states_[i].Finish(as_of_));
    }
    return ComputeOutputs(program_, std::move(columns), MomentColumn(as_of_));
  }

 private:
  void MergeTile(int window, const EntityTile& tile) {
    for (size_t i = 0; i < states_.size(); ++i) {
      if (program_.aggregates[i].window == window) states_[i].Merge(tile.states[i]);
    }
  }

  Status AddRows(int window, const View& view, size_t block) {
    if (!rows_[block]) {
      MP_ASSIGN_OR_RETURN(rows_[block], rows_of_(block));
    }
    const SourceRows::Impl& rows = rows_[block]->impl();
    view.Plan(rows, &segments_);
    if (segments_.empty()) return OkStatus();
    for (size_t i = 0; i < states_.size(); ++i) {
      if (program_.aggregates[i].window != window) continue;
      MakeWindowAggregate(program_, rows, static_cast<int>(i), 0)->AddTo(segments_, &states_[i]);
    }
    return OkStatus();
  }

  const FeatureProgram& program_;
  std::span<const EntityTile> tiles_;
  const BlockRows& rows_of_;
  Micros as_of_;
  Micros seen_;
  std::vector<std::shared_ptr<const SourceRows>> rows_;  // by block, once asked for
  std::vector<AggregateState> states_;
  std::vector<Segment> segments_;
};

}  // namespace

SourceRows PrepareBlock(const FeatureProgram& program, EntityBlock block) {
  auto impl = std::make_unique<SourceRows::Impl>();
  impl->entity_begin = {0, block.rows()};
  impl->event_time = std::move(block.event_time);
  impl->known_from = std::move(block.known_from);
  impl->expressions = std::move(block.expressions);
  FinishSourceRows(program, impl.get());
  return SourceRows(std::move(impl));
}

int64_t MemoryBytes(const SourceRows& rows) {
  const SourceRows::Impl& impl = rows.impl();
  int64_t bytes = 512 + impl.rows() * static_cast<int64_t>(2 * sizeof(Micros));
  for (const Column& column : impl.expressions) {
    const TypeId id = column.type().id;
    const int64_t width = id == TypeId::kBoolean ? 1 : id == TypeId::kDecimal ? 16 : 8;
    bytes += 64 + column.size() * (1 + width);
    if (id != TypeId::kVarchar) continue;
    for (int64_t row = 0; row < column.size(); ++row) {
      bytes += static_cast<int64_t>(sizeof(std::string) + column.text(row).size());
    }
  }
  for (const auto& takes : impl.takes) bytes += 48 + static_cast<int64_t>(takes.size());
  for (const auto& codes : impl.codes) bytes += 24 + static_cast<int64_t>(codes.size() * 4);
  return bytes;
}

Batch EvaluateEntity(const FeatureProgram& program, const SourceRows& rows, Micros as_of) {
  const SourceRows::Impl& impl = rows.impl();
  const Micros seen = SubtractOrFirst(as_of, program.definition.settle);
  std::vector<std::vector<Segment>> segments(program.windows.size());
  for (size_t window = 0; window < segments.size(); ++window) {
    View{program.windows[window], as_of, seen}.Plan(impl, &segments[window]);
  }
  std::vector<Column> columns;
  columns.reserve(program.aggregates.size());
  for (size_t i = 0; i < program.aggregates.size(); ++i) {
    auto aggregate = MakeWindowAggregate(program, impl, static_cast<int>(i), 1);
    aggregate->Compute(segments[static_cast<size_t>(program.aggregates[i].window)], as_of, 0);
    columns.push_back(std::move(aggregate->column()));
  }
  return ComputeOutputs(program, std::move(columns), MomentColumn(as_of));
}

Result<Batch> EvaluateTiles(const FeatureProgram& program, std::span<const EntityTile> tiles,
                            const BlockRows& rows_of, Micros as_of) {
  return TileEvaluation(program, tiles, rows_of, as_of).Run();
}

}  // namespace millpond::kernel
