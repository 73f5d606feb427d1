#include "model/monitoring/monitored_labels.h"

#include <algorithm>

#include "base/sha256.h"
#include "model/scoring/work_list.h"
#include "model/training/label_rows.h"
#include "platform/features/kernel_batch.h"

namespace millpond::model {

using kernel::Batch;
using kernel::Column;

std::string RowKey(std::span<const Column* const> entity, int64_t row, Micros t) {
  std::vector<std::string> values;
  for (const Column* column : entity) {
    const bool text = column->type().id == kernel::TypeId::kVarchar && !column->IsNull(row);
    values.push_back(text ? std::string(column->text(row)) : column->ValueAt(row).ToString());
  }
  return fmt::format("{}@{}", EntityKey(values), t);
}

Result<std::vector<const Column*>> ColumnsOf(const Batch& batch,
                                             const std::vector<std::string>& names) {
  std::vector<const Column*> columns;
  for (const auto& name : names) {
    const int at = batch.Find(name);
    if (at < 0) {
      return Fail(ErrorKind::kInvalidArgument, "the scored rows have no column '{}'; they have {}",
                  name, fmt::join(batch.names, ", "));
    }
    columns.push_back(&batch.columns[static_cast<size_t>(at)]);
  }
  return columns;
}

Result<MonitoredLabels> MonitoredLabels::Make(const TrainerParts& parts,
                                              const ModelDefinition& model) {
  MP_ASSIGN_OR_RETURN(bool per_moment, HasAsOf(model.label.sql));
  return MonitoredLabels(parts, model, per_moment, ResolveTables(parts.catalog, model.label.sql));
}

std::string MonitoredLabels::Inputs() const {
  if (!versions_) return "";
  const Json json(*versions_);
  return Sha256::Hex(DumpJson(json)).substr(0, 16);
}

Micros MonitoredLabels::JudgedAt(Micros t, std::string_view population) const {
  if (!per_moment_ || population != kEndpointPopulation) return t;
  return PeriodOf(PeriodKind::kDay, t).begin;
}

Result<Batch> MonitoredLabels::RowsAt(std::span<const Micros> moments) {
  ModelDefinition asked = *model_;
  asked.split = SplitDefinition();
  asked.split.parts[0].moments.assign(moments.begin(), moments.end());
  MP_ASSIGN_OR_RETURN(auto versions, versions_);
  return LabelRows(parts_->engine, parts_->principal, asked, versions);
}

Result<const Batch*> MonitoredLabels::All() {
  if (!all_) {
    MP_ASSIGN_OR_RETURN(auto rows, RowsAt({}));
    int64_t bytes = 0;
    for (const Column& column : rows.columns) bytes += platform::MemoryBytes(column);
    MP_ASSIGN_OR_RETURN(memory_, parts_->catalog.workspace().env.arbiter.Reserve(
                                     ResourceClass::kBatch, bytes, "labels of " + model_->name));
    all_ = std::move(rows);
  }
  return &*all_;
}

Result<std::unordered_map<std::string, float>> MonitoredLabels::Known(
    std::span<const Micros> moments, Micros now) {
  std::unordered_map<std::string, float> known;
  if (moments.empty()) return known;
  Batch asked;
  const Batch* rows = &asked;
  if (per_moment_) {
    MP_ASSIGN_OR_RETURN(asked, RowsAt(moments));
  } else {
    MP_ASSIGN_OR_RETURN(rows, All());
  }
  const size_t entities = model_->label.entity.size();
  std::vector<const Column*> entity;
  for (size_t i = 0; i < entities; ++i) entity.push_back(&rows->columns[i]);
  const auto t = rows->columns[entities].int64s();
  const auto label = rows->columns[entities + 1].booleans();
  const auto known_at = rows->columns[entities + 2].int64s();
  for (int64_t row = 0; row < rows->rows; ++row) {
    if (known_at[row] > now || !std::ranges::binary_search(moments, t[row])) continue;
    known.insert_or_assign(RowKey(entity, row, t[row]), label[row] != 0 ? 1.0F : 0.0F);
  }
  return known;
}

}  // namespace millpond::model
