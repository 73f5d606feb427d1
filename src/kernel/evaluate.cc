#include "kernel/evaluate.h"

#include <algorithm>

#include "kernel/canonical.h"
#include "kernel/evaluate_internal.h"
#include "kernel/window_aggregate_internal.h"

namespace millpond::kernel {
namespace {

// With fewer rows the tree cannot pay; nor if the windows of all labels together hold fewer rows
// than a few passes over the entity.
constexpr int64_t kTreeMinRows = 64;
constexpr int64_t kTreePasses = 3;

struct Label {
  int64_t entity;  // -1: no source rows
  Micros at;
  int64_t row;  // of the output
};

struct Range {
  int64_t from = 0;
  int64_t to = 0;
};

class Evaluator {
 public:
  Evaluator(const FeatureProgram& program, const SourceRows::Impl& source, int64_t outputs,
            WindowMethod method)
      : program_(program), source_(source), method_(method) {
    for (size_t i = 0; i < program.aggregates.size(); ++i) {
      aggregates_.push_back(MakeWindowAggregate(program, source, static_cast<int>(i), outputs));
    }
  }

  // Labels of one entity, in order of T.
  void Evaluate(std::span<const Label> labels) {
    int64_t entity = labels.front().entity;
    int64_t begin = entity < 0 ? 0 : source_.entity_begin[entity];
    int64_t end = entity < 0 ? 0 : source_.entity_begin[entity + 1];
    EntityRows rows(source_, begin, end, entity >= 0 && source_.entity_in_order[entity] != 0);
    for (auto& aggregate : aggregates_) aggregate->Begin(begin);
    FindRanges(rows, labels);
    if (WantsTree(rows)) {
      rows.BuildBounds();
      for (auto& aggregate : aggregates_) aggregate->BuildNodes(rows.size(), rows.levels());
    }
    for (size_t window = 0; window < program_.windows.size(); ++window) {
      for (size_t i = 0; i < labels.size(); ++i) {
        const Range& range = ranges_[window * labels.size() + i];
        Micros seen = SubtractOrFirst(labels[i].at, program_.definition.settle);
        rows.Plan(range.from, range.to, seen, &segments_);
        Compute(static_cast<int>(window), labels[i]);
      }
    }
  }

  std::vector<Column> TakeColumns() {
    std::vector<Column> columns;
    for (auto& aggregate : aggregates_) columns.push_back(std::move(aggregate->column()));
    return columns;
  }

 private:
  void FindRanges(const EntityRows& rows, std::span<const Label> labels) {
    ranges_.clear();
    rows_in_ranges_ = 0;
    for (const std::optional<Micros>& window : program_.windows) {
      Range range;
      for (const Label& label : labels) {
        rows.FindRange(label.at, window, &range.from, &range.to);
        ranges_.push_back(range);
        rows_in_ranges_ += range.to - range.from;
      }
    }
  }

  bool WantsTree(const EntityRows& rows) const {
    if (method_ != WindowMethod::kAuto) return method_ == WindowMethod::kTree;
    return rows.size() >= kTreeMinRows && rows_in_ranges_ > kTreePasses * rows.size();
  }

  void Compute(int window, const Label& label) {
    for (size_t i = 0; i < aggregates_.size(); ++i) {
      if (program_.aggregates[i].window == window) {
        aggregates_[i]->Compute(segments_, label.at, label.row);
      }
    }
  }

  const FeatureProgram& program_;
  const SourceRows::Impl& source_;
  WindowMethod method_;
  std::vector<std::unique_ptr<WindowAggregate>> aggregates_;
  std::vector<Range> ranges_;  // by window, then label
  int64_t rows_in_ranges_ = 0;
  std::vector<Segment> segments_;
};

Status CheckLabels(const FeatureProgram& program, std::span<const Column* const> entity,
                   const Column& as_of) {
  const FeatureViewDefinition& view = program.definition;
  if (entity.size() != program.entity.size()) {
    return Fail(ErrorKind::kInvalidArgument, "labels of feature view {} need {} entity columns",
                view.name, program.entity.size());
  }
  for (size_t i = 0; i < entity.size(); ++i) {
    const SourceColumn& wanted = program.used_columns[program.entity[i]];
    if (entity[i]->type() == wanted.type && entity[i]->size() == as_of.size()) continue;
    return Fail(ErrorKind::kInvalidArgument,
                "entity column {} is {} in the labels and {} in feature view {}; CAST it",
                wanted.name, ToString(entity[i]->type()), ToString(wanted.type), view.name);
  }
  if (as_of.type() == kTimestamp || as_of.type() == kDate) return OkStatus();
  return Fail(ErrorKind::kInvalidArgument,
              "time column {} of the labels is {}; TIMESTAMP or DATE is needed", view.timestamp,
              ToString(as_of.type()));
}

// The labels that have a time, in order of entity and time. Entities without source rows share one
// number: they all see nothing.
std::vector<Label> SortLabels(const SourceRows::Impl& source, std::span<const Column* const> entity,
                              const Column& as_of) {
  std::vector<Label> labels;
  labels.reserve(as_of.size());
  std::string bytes;
  for (int64_t row = 0; row < as_of.size(); ++row) {
    if (as_of.IsNull(row)) continue;
    bytes.clear();
    bool null_entity = false;
    for (const Column* column : entity) {
      null_entity = null_entity || column->IsNull(row);
      AppendCanonical(*column, row, &bytes);
    }
    auto found = source.entities.find(bytes);
    bool known = !null_entity && found != source.entities.end();
    labels.push_back({known ? found->second : -1, as_of.int64s()[row], row});
  }
  std::sort(labels.begin(), labels.end(), [](const Label& a, const Label& b) {
    return a.entity != b.entity ? a.entity < b.entity : a.at < b.at;
  });
  return labels;
}

}  // namespace

Batch ComputeOutputs(const FeatureProgram& program, std::vector<Column> aggregates,
                     const Column& as_of) {
  size_t outputs = program.outputs.size();
  Batch batch;
  batch.rows = as_of.size();
  batch.columns.resize(outputs);
  std::vector<const Column*> inputs = {&as_of};
  for (const Column& column : batch.columns) inputs.push_back(&column);
  for (const Column& column : aggregates) inputs.push_back(&column);
  for (size_t i = 0; i < outputs; ++i) {
    Column column = program.output_expressions[i].Evaluate(inputs, batch.rows);
    for (int64_t row = 0; row < batch.rows; ++row) {
      if (as_of.IsNull(row)) column.Set(row, Value());
    }
    batch.columns[i] = std::move(column);
    batch.names.push_back(program.outputs[i].name);
  }
  for (Column& column : batch.columns) {
    if (column.type().id != TypeId::kDouble) continue;
    for (double& x : column.mutable_doubles()) x = CanonicalDouble(x);
  }
  return batch;
}

Result<Batch> EvaluateFeatures(const FeatureProgram& program, const SourceRows& source,
                               std::span<const Column* const> entity, const Column& as_of,
                               const EvaluateOptions& options) {
  MP_RETURN_IF_ERROR(CheckLabels(program, entity, as_of));
  Column at = as_of;
  if (as_of.type() == kDate) {
    Scope scope;
    scope.column = [](const std::string&) -> Result<BoundInput> { return BoundInput{0, kDate}; };
    MP_ASSIGN_OR_RETURN(BoundExpression cast, BindAs(ColumnRef("as_of"), kTimestamp, scope));
    const Column* input = &as_of;
    at = cast.Evaluate({&input, 1}, as_of.size());
  }
  std::vector<Label> labels = SortLabels(source.impl(), entity, at);
  Evaluator evaluator(program, source.impl(), at.size(), options.method);
  for (size_t begin = 0; begin < labels.size();) {
    size_t end = begin;
    while (end < labels.size() && labels[end].entity == labels[begin].entity) ++end;
    evaluator.Evaluate(std::span(labels).subspan(begin, end - begin));
    begin = end;
  }
  return ComputeOutputs(program, evaluator.TakeColumns(), at);
}

Result<std::vector<uint32_t>> PartitionOf(std::span<const Column* const> entity, int64_t rows,
                                          uint32_t partitions) {
  if (partitions == 0) return Fail(ErrorKind::kInvalidArgument, "0 partitions hold no entity");
  std::vector<uint32_t> result(rows);
  for (int64_t row = 0; row < rows; ++row) {
    // FNV-1a, then a multiplication that brings the high bits into play.
    uint64_t hash = 0xcbf29ce484222325;
    for (char byte : CanonicalRow(entity, row)) {
      hash = (hash ^ static_cast<uint8_t>(byte)) * 0x100000001b3;
    }
    hash = (hash ^ (hash >> 32)) * 0x9e3779b97f4a7c15;
    result[row] = static_cast<uint32_t>((static_cast<Uint128>(hash) * partitions) >> 64);
  }
  return result;
}

}  // namespace millpond::kernel
