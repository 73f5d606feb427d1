#include "model/training/label_rows.h"

#include <algorithm>
#include <numeric>

#include "platform/features/kernel_batch.h"

namespace millpond::model {

namespace {

using kernel::Batch;
using kernel::Column;
using kernel::TypeId;

int CompareRows(const Column& column, int64_t a, int64_t b) {
  if (column.IsNull(a) || column.IsNull(b)) return column.IsNull(b) - column.IsNull(a);
  const auto order = [](const auto& x, const auto& y) { return x < y ? -1 : (y < x ? 1 : 0); };
  switch (column.type().id) {
    case TypeId::kNull:
      return 0;
    case TypeId::kBoolean:
      return order(column.booleans()[a], column.booleans()[b]);
    case TypeId::kDouble:
      return order(column.doubles()[a], column.doubles()[b]);
    case TypeId::kDecimal:
      return order(column.decimals()[a], column.decimals()[b]);
    case TypeId::kVarchar:
      return column.text(a).compare(column.text(b));
    default:
      return order(column.int64s()[a], column.int64s()[b]);
  }
}

// By the columns in their order, the first being the most significant.
std::vector<int64_t> SortedOrder(const Batch& batch) {
  std::vector<int64_t> order(static_cast<size_t>(batch.rows));
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, [&](int64_t a, int64_t b) {
    for (const Column& column : batch.columns) {
      if (const int c = CompareRows(column, a, b); c != 0) return c < 0;
    }
    return false;
  });
  return order;
}

// DATE becomes TIMESTAMP at midnight; anything but a time is refused.
Result<Column> AsTimestamps(const Column& column, const std::string& name,
                            const ModelDefinition& definition) {
  if (column.type().id == TypeId::kTimestamp) return column;
  if (column.type().id != TypeId::kDate) {
    return Fail(ErrorKind::kInvalidArgument,
                "{}: column '{}' of the label's SELECT is {}, want TIMESTAMP or DATE",
                definition.file, name, kernel::ToString(column.type()));
  }
  Column times(kernel::kTimestamp, column.size());
  for (int64_t row = 0; row < column.size(); ++row) {
    times.mutable_valid()[row] = column.valid()[row];
    times.mutable_int64s()[row] = column.int64s()[row] * kMicrosPerDay;
  }
  return times;
}

Result<Column> AsLabels(const Column& column, const ModelDefinition& definition) {
  if (column.type().id == TypeId::kBoolean) return column;
  Column labels(kernel::kBoolean, column.size());
  for (int64_t row = 0; row < column.size(); ++row) {
    if (column.IsNull(row)) continue;
    const kernel::Value value = column.ValueAt(row);
    const std::string text = value.ToString();
    const bool one = text == "1" || text == "1.0", zero = text == "0" || text == "0.0";
    if (!one && !zero) {
      return Fail(ErrorKind::kInvalidArgument,
                  "{}: label '{}' must be BOOLEAN, or a number that is 0 or 1; it is {}: {}",
                  definition.file, definition.label.label, kernel::ToString(column.type()), text);
    }
    labels.mutable_valid()[row] = 1;
    labels.mutable_booleans()[row] = one;
  }
  return labels;
}

Result<int> RequireColumn(const Batch& batch, const std::string& name,
                          const ModelDefinition& definition) {
  const int found = batch.Find(name);
  if (found >= 0) return found;
  std::string have;
  for (const auto& other : batch.names) have += (have.empty() ? "" : ", ") + other;
  return Fail(ErrorKind::kInvalidArgument,
              "{}: the label's SELECT gives no column '{}'; it gives {}", definition.file, name,
              have);
}

Status CheckNoNulls(const Batch& batch, size_t columns, const ModelDefinition& definition) {
  for (size_t i = 0; i < columns; ++i) {
    const auto valid = batch.columns[i].valid();
    const auto found = std::ranges::find(valid, uint8_t{0});
    if (found == valid.end()) continue;
    return Fail(ErrorKind::kInvalidArgument,
                "{}: column '{}' of the label's SELECT is NULL in {} of {} rows; leave such rows "
                "out (WHERE {} IS NOT NULL)",
                definition.file, batch.names[i], std::ranges::count(valid, uint8_t{0}), batch.rows,
                batch.names[i]);
  }
  return OkStatus();
}

// Entity, T, label and known_at first, with their types; the other columns follow.
Result<Batch> Arrange(const ModelDefinition& definition, const Batch& rows) {
  const LabelDefinition& label = definition.label;
  std::vector<std::string> first = label.entity;
  first.insert(first.end(), {label.time, label.label, label.known_at});
  Batch arranged;
  arranged.rows = rows.rows;
  std::vector<bool> taken(rows.columns.size());
  for (const auto& name : first) {
    MP_ASSIGN_OR_RETURN(int at, RequireColumn(rows, name, definition));
    taken[at] = true;
    arranged.names.push_back(name);
    Column column = rows.columns[at];
    if (name == label.time || name == label.known_at) {
      MP_ASSIGN_OR_RETURN(column, AsTimestamps(column, name, definition));
    } else if (name == label.label) {
      MP_ASSIGN_OR_RETURN(column, AsLabels(column, definition));
    }
    arranged.columns.push_back(std::move(column));
  }
  for (const auto& name : definition.request) {
    MP_RETURN_IF_ERROR(RequireColumn(rows, name, definition));
  }
  for (size_t i = 0; i < rows.columns.size(); ++i) {
    if (taken[i]) continue;
    arranged.names.push_back(rows.names[i]);
    arranged.columns.push_back(rows.columns[i]);
  }
  MP_RETURN_IF_ERROR(CheckNoNulls(arranged, first.size(), definition));
  return arranged;
}

Status CheckHorizon(const ModelDefinition& definition, const Batch& rows,
                    std::optional<Micros> as_of) {
  const size_t entities = definition.label.entity.size();
  const auto t = rows.columns[entities].int64s(), known = rows.columns[entities + 2].int64s();
  for (size_t row = 0; row < t.size(); ++row) {
    if (as_of && t[row] != *as_of) {
      return Fail(ErrorKind::kInvalidArgument,
                  "{}: the label's SELECT was asked for T = {} and gave a row with {} = {}; "
                  "write `:as_of AS {}`",
                  definition.file, FormatTimestamp(*as_of), definition.label.time,
                  FormatTimestamp(t[row]), definition.label.time);
    }
    if (known[row] > t[row] && known[row] - t[row] <= definition.label.horizon) continue;
    return Fail(ErrorKind::kInvalidArgument,
                "{}: a label of T = {} is known at {}, which is not within the horizon after T; "
                "correct {} or label.horizon",
                definition.file, FormatTimestamp(t[row]), FormatTimestamp(known[row]),
                definition.label.known_at);
  }
  return OkStatus();
}

std::vector<Micros> MomentsOf(const SplitDefinition& split) {
  std::vector<Micros> moments;
  for (const auto& part : split.parts) {
    moments.insert(moments.end(), part.moments.begin(), part.moments.end());
  }
  return moments;
}

Status Append(Batch&& from, Batch& into) {
  if (into.columns.empty()) {
    into = std::move(from);
    return OkStatus();
  }
  for (size_t i = 0; i < into.columns.size(); ++i) {
    if (from.columns[i].type() != into.columns[i].type()) {
      return Fail(ErrorKind::kInvalidArgument,
                  "column '{}' of the label's SELECT is {} for one T and {} for another; cast it",
                  into.names[i], kernel::ToString(into.columns[i].type()),
                  kernel::ToString(from.columns[i].type()));
    }
    into.columns[i] =
        platform::Concatenate(into.columns[i].type(), {&into.columns[i], &from.columns[i]});
  }
  into.rows += from.rows;
  return OkStatus();
}

}  // namespace

Result<Batch> LabelRows(data::SqlEngine& engine, const data::Principal& principal,
                        const ModelDefinition& definition, const TableVersions& versions) {
  MP_ASSIGN_OR_RETURN(bool per_moment, HasAsOf(definition.label.sql));
  std::vector<std::optional<Micros>> moments;
  for (Micros moment : MomentsOf(definition.split)) moments.emplace_back(moment);
  if (!per_moment) moments = {std::nullopt};
  if (moments.empty()) {
    return Fail(ErrorKind::kInvalidArgument,
                "{}: label.sql has :as_of, so the split needs lists of T, not ranges",
                definition.file);
  }
  Batch all;
  for (const auto& moment : moments) {
    MP_ASSIGN_OR_RETURN(auto rows,
                        SelectRows(engine, principal, definition.label.sql, versions, moment));
    MP_ASSIGN_OR_RETURN(auto arranged, Arrange(definition, rows));
    MP_RETURN_IF_ERROR(CheckHorizon(definition, arranged, moment));
    MP_RETURN_IF_ERROR(Append(std::move(arranged), all));
  }
  // T first, then the entity: the order of the batch is (entity…, T, …), so T is moved in front for
  // sorting only.
  Batch keyed = all;
  std::rotate(keyed.columns.begin(), keyed.columns.begin() + definition.label.entity.size(),
              keyed.columns.begin() + definition.label.entity.size() + 1);
  const std::vector<int64_t> order = SortedOrder(keyed);
  for (Column& column : all.columns) column = column.Take(order);
  return all;
}

}  // namespace millpond::model
