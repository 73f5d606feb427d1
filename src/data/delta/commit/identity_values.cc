#include "data/delta/commit/identity_values.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>

#include "data/arrow/status.h"
#include "data/delta/log/replay.h"
#include "data/delta/metadata/protocol.h"
#include "data/delta/rows/scan.h"

namespace millpond::data {
namespace {

using Wide = __int128;

std::unexpected<Error> Exhausted(const std::string& column, const std::string& table_path) {
  return Fail(ErrorKind::kInvalidArgument,
              "identity column '{}' of table {} has no more values: BIGINT ends there", column,
              table_path);
}

bool Fits(Wide value) {
  return value >= INT64_MIN && value <= INT64_MAX;
}

// The first value of start + k * step behind the mark; the mark may lie between two of them.
Wide FirstBehind(const IdentityRule& rule) {
  if (!rule.high_water_mark) return rule.start;
  const Wide step = rule.step;
  const Wide past = Wide{*rule.high_water_mark} - rule.start;
  const Wide ahead = step > 0 ? past : -past;  // in the direction of the steps
  if (ahead < 0) return rule.start;
  return rule.start + (ahead / (step > 0 ? step : -step) + 1) * step;
}

Result<std::shared_ptr<arrow::Array>> Moved(const arrow::Array& array, int64_t by) {
  const auto& values = static_cast<const arrow::Int64Array&>(array);
  arrow::Int64Builder builder;
  MP_ARROW_RETURN_IF_ERROR(builder.Reserve(values.length()));
  for (int64_t row = 0; row < values.length(); ++row) {
    values.IsNull(row) ? builder.UnsafeAppendNull() : builder.UnsafeAppend(values.Value(row) + by);
  }
  MP_ARROW_ASSIGN_OR_RETURN(auto moved, builder.Finish());
  return moved;
}

// The files as a version of a table that nobody else sees, so that they are read as any other.
Result<std::shared_ptr<const Snapshot>> SnapshotOf(const std::string& table_path,
                                                   const TableShape& shape,
                                                   const std::vector<AddFile>& files) {
  std::vector<Action> actions{shape.protocol, shape.metadata};
  for (const AddFile& file : files) actions.emplace_back(file);
  LogReplay replay(table_path, TableState());
  MP_RETURN_IF_ERROR(replay.ApplyActions(actions, "rows that are being written"));
  return Snapshot::Make(table_path, 0, 0, replay.Finish(), SnapshotOrigin());
}

}  // namespace

Result<IdentityValues> IdentityValues::Make(const TableShape& shape, std::string table_path) {
  IdentityValues values;
  values.table_path_ = std::move(table_path);
  if (!SupportsWriterFeature(shape.protocol, feature::kIdentityColumns)) return values;
  for (size_t i = 0; i < shape.schema.size(); ++i) {
    const StructField& field = shape.schema.fields()[i];
    MP_ASSIGN_OR_RETURN(const auto rule, IdentityRuleOf(field));
    if (!rule) continue;
    if (field.type.kind() != TypeKind::kLong) {
      return Fail(ErrorKind::kUnsupported, "identity column '{}' of table {} is {}, not long",
                  field.name, values.table_path_, field.type.ToString());
    }
    const Wide first = FirstBehind(*rule);
    if (!Fits(first)) return Exhausted(field.name, values.table_path_);
    values.columns_[static_cast<int>(i)] = {*rule, field.name, static_cast<int64_t>(first), 0};
  }
  return values;
}

Result<std::shared_ptr<arrow::Array>> IdentityValues::Next(int column, int64_t rows) {
  Column& one = columns_.at(column);
  const Wide step = one.rule.step;
  const Wide last = one.first + (Wide{one.count} + rows - 1) * step;
  if (!Fits(last)) return Exhausted(one.name, table_path_);
  arrow::Int64Builder builder;
  MP_ARROW_RETURN_IF_ERROR(builder.Reserve(rows));
  for (int64_t row = 0; row < rows; ++row) {
    builder.UnsafeAppend(static_cast<int64_t>(one.first + (Wide{one.count} + row) * step));
  }
  one.count += rows;
  MP_ARROW_ASSIGN_OR_RETURN(auto values, builder.Finish());
  return values;
}

bool IdentityValues::gave_any() const {
  return std::ranges::any_of(columns_, [](const auto& entry) { return entry.second.count > 0; });
}

Schema IdentityValues::WithMarks(const Schema& schema) const {
  std::vector<StructField> fields = schema.fields();
  for (const auto& [column, one] : columns_) {
    if (one.count == 0) continue;
    IdentityRule rule = one.rule;
    rule.high_water_mark = one.first + (one.count - 1) * rule.step;
    SetIdentityRule(fields[column], rule);
  }
  return Schema(std::move(fields));
}

Result<std::map<int, int64_t>> IdentityValues::MoveBehind(const Schema& schema) {
  std::map<int, int64_t> moves;
  for (auto& [column, one] : columns_) {
    MP_ASSIGN_OR_RETURN(const auto rule, IdentityRuleOf(schema.fields()[column]));
    if (!rule || one.count == 0) continue;
    const Wide first = FirstBehind(*rule);
    const Wide last = first + Wide{one.count - 1} * rule->step;
    if (!Fits(first) || !Fits(last)) return Exhausted(one.name, table_path_);
    one.rule = *rule;
    if (first == one.first) continue;
    // Both lie on start + k * step and in BIGINT; their distance may not.
    if (!Fits(first - one.first)) return Exhausted(one.name, table_path_);
    moves[column] = static_cast<int64_t>(first - one.first);
    one.first = static_cast<int64_t>(first);
  }
  return moves;
}

Result<std::vector<AddFile>> ReissueIdentity(const Environment& env, const std::string& table_path,
                                             const TableShape& shape,
                                             const std::vector<AddFile>& files,
                                             const std::map<int, int64_t>& moves,
                                             DataWriter& writer) {
  MP_ASSIGN_OR_RETURN(auto snapshot, SnapshotOf(table_path, shape, files));
  MP_ASSIGN_OR_RETURN(const auto rows, ScanTable(env, std::move(snapshot)));
  std::shared_ptr<arrow::RecordBatch> batch;
  while (true) {
    MP_RETURN_IF_ERROR(env.cancellation.Check());
    MP_ARROW_RETURN_IF_ERROR(rows->ReadNext(&batch));
    if (batch == nullptr) return writer.Finish();
    arrow::ArrayVector columns = batch->columns();
    for (const auto& [column, by] : moves) {
      MP_ASSIGN_OR_RETURN(columns[column], Moved(*columns[column], by));
    }
    MP_RETURN_IF_ERROR(writer.Write(
        *arrow::RecordBatch::Make(batch->schema(), batch->num_rows(), std::move(columns))));
  }
}

}  // namespace millpond::data
