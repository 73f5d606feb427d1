#include "model/monitoring/monitoring_tables.h"

#include <arrow/record_batch.h>
#include <arrow/table.h>

#include <algorithm>
#include <map>

#include "data/arrow/status.h"
#include "data/delta/commit/write.h"
#include "data/delta/rows/scan.h"
#include "kernel/column.h"
#include "model/scoring/owned_table.h"
#include "platform/features/kernel_batch.h"

namespace millpond::model {
namespace {

using kernel::Batch;
using kernel::Column;
using kernel::Value;

constexpr char kOperation[] = "MONITOR";

// -- one value and a column's place
kernel::Type TypeOf(const std::string&) {
  return kernel::kVarchar;
}
kernel::Type TypeOf(int64_t) {
  return kernel::kBigint;
}
kernel::Type TypeOf(double) {
  return kernel::kDouble;
}
kernel::Type TypeOf(bool) {
  return kernel::kBoolean;
}
kernel::Type TypeOf(const Moment&) {
  return kernel::kTimestamp;
}

Value ToValue(const std::string& v) {
  return Value::Varchar(v);
}
Value ToValue(int64_t v) {
  return Value::Bigint(v);
}
Value ToValue(double v) {
  return std::isnan(v) ? Value::Null(kernel::kDouble) : Value::Double(v);
}
Value ToValue(bool v) {
  return Value::Boolean(v);
}
Value ToValue(const Moment& v) {
  return v.is_none() ? Value::Null(kernel::kTimestamp) : Value::Timestamp(v.at);
}

void FromColumn(const Column& column, int64_t row, std::string& v) {
  v = column.text(row);
}
void FromColumn(const Column& column, int64_t row, int64_t& v) {
  v = column.int64s()[row];
}
void FromColumn(const Column& column, int64_t row, double& v) {
  v = column.doubles()[row];
}
void FromColumn(const Column& column, int64_t row, bool& v) {
  v = column.booleans()[row] != 0;
}
void FromColumn(const Column& column, int64_t row, Moment& v) {
  v.at = column.int64s()[row];
}

// -- keys
using Key = std::tuple<std::string, std::string, Micros, std::string, std::string>;

Key KeyOf(const DriftRow& r) {
  return {r.monitor, r.population, r.period_start.at, r.kind, r.name};
}
Key KeyOf(const QualityRow& r) {
  return {r.monitor, r.population, r.period_start.at, "", ""};
}
Key KeyOf(const ExpectationRow& r) {
  return {r.flow, r.expectation, r.period_start.at, "", ""};
}
// By the time of the period, so that the rows of an alert stand in their order.
Key KeyOf(const AlertRow& r) {
  return {"", "", r.period_start.at, r.alert_id, ""};
}
Key KeyOf(const DeliveryRow& r) {
  return {r.alert_id, "", 0, "", ""};
}

std::string_view TableOf(const DriftRow&) {
  return kDriftTable;
}
std::string_view TableOf(const QualityRow&) {
  return kQualityTable;
}
std::string_view TableOf(const ExpectationRow&) {
  return kExpectationsTable;
}
std::string_view TableOf(const AlertRow&) {
  return kAlertsTable;
}
std::string_view TableOf(const DeliveryRow&) {
  return kDeliveriesTable;
}

template <typename Row>
Result<OwnedTable> OwnedOf() {
  MP_ASSIGN_OR_RETURN(auto name, data::ParseTableName(TableOf(Row())));
  return OwnedTable{name, "monitoring table of the project"};
}

template <typename Row>
Batch BatchOf(const std::vector<Row>& rows) {
  Batch batch;
  batch.rows = static_cast<int64_t>(rows.size());
  const auto add = [&](const auto& entry) {
    Column column(TypeOf(Row().*entry.second));
    for (const Row& row : rows) column.Append(ToValue(row.*entry.second));
    batch.names.emplace_back(entry.first);
    batch.columns.push_back(std::move(column));
  };
  std::apply([&](const auto&... entries) { (add(entries), ...); }, Row::Columns());
  return batch;
}

// A column that the table does not have (it was made by an older Millpond) keeps its default.
template <typename Row>
Result<std::vector<Row>> RowsOf(const Batch& batch) {
  std::vector<Row> rows(static_cast<size_t>(batch.rows));
  Status status;
  const auto take = [&](const auto& entry) {
    const int found = batch.Find(entry.first);
    if (found < 0) return;
    const Column& column = batch.columns[static_cast<size_t>(found)];
    if (column.type() != TypeOf(Row().*entry.second)) {
      status = Fail(ErrorKind::kCorrupt, "column {} of {} is {}", entry.first, TableOf(Row()),
                    kernel::ToString(column.type()));
      return;
    }
    for (int64_t row = 0; row < batch.rows; ++row) {
      if (!column.IsNull(row))
        FromColumn(column, row, rows[static_cast<size_t>(row)].*entry.second);
    }
  };
  std::apply([&](const auto&... entries) { (take(entries), ...); }, Row::Columns());
  if (!status) return std::unexpected<Error>(status.error());
  return rows;
}

template <typename Row>
bool SameRow(const Row& a, const Row& b) {
  const auto same = [&](const auto& entry) {
    return ToValue(a.*entry.second) == ToValue(b.*entry.second);
  };
  return std::apply([&](const auto&... entries) { return (same(entries) && ...); }, Row::Columns());
}

template <typename Row>
Result<std::map<Key, Row>> ReadByKey(data::Catalog& catalog,
                                     std::shared_ptr<const data::Snapshot> snapshot) {
  MP_ASSIGN_OR_RETURN(auto reader, data::ScanTable(catalog.workspace().env, std::move(snapshot)));
  std::map<Key, Row> rows;
  while (true) {
    std::shared_ptr<arrow::RecordBatch> batch;
    MP_ARROW_RETURN_IF_ERROR(reader->ReadNext(&batch));
    if (batch == nullptr) return rows;
    MP_ASSIGN_OR_RETURN(auto columns, platform::ToKernel(*batch));
    MP_ASSIGN_OR_RETURN(auto part, RowsOf<Row>(columns));
    for (Row& row : part) rows.insert_or_assign(KeyOf(row), std::move(row));
  }
}

template <typename Row>
std::vector<Row> Values(std::map<Key, Row> by_key) {
  std::vector<Row> rows;
  for (auto& [key, row] : by_key) rows.push_back(std::move(row));
  return rows;
}

}  // namespace

template <typename Row>
Result<std::vector<Row>> ReadMonitoringRows(data::Catalog& catalog) {
  MP_ASSIGN_OR_RETURN(auto owned, OwnedOf<Row>());
  MP_ASSIGN_OR_RETURN(auto table, FindOwnedTable(catalog, owned));
  if (!table) return std::vector<Row>();
  MP_ASSIGN_OR_RETURN(auto snapshot, table->Latest());
  MP_ASSIGN_OR_RETURN(auto rows, ReadByKey<Row>(catalog, snapshot));
  return Values(std::move(rows));
}

template <typename Row>
Result<bool> UpsertMonitoringRows(data::Catalog& catalog, std::vector<Row> rows) {
  if (rows.empty()) return false;
  MP_ASSIGN_OR_RETURN(auto owned, OwnedOf<Row>());
  MP_ASSIGN_OR_RETURN(auto schema_batch, platform::ToArrowBatch(BatchOf(std::vector<Row>())));
  data::CreateOptions create;
  MP_ASSIGN_OR_RETURN(create.schema, data::Schema::FromArrow(*schema_batch->schema()));
  create.operation = kOperation;
  MP_ASSIGN_OR_RETURN(auto table, OpenOwnedTable(catalog, owned, create));
  MP_ASSIGN_OR_RETURN(auto snapshot, table.Latest());
  MP_ASSIGN_OR_RETURN(auto there, ReadByKey<Row>(catalog, snapshot));
  std::map<Key, Row> fresh;
  bool replaces = false;
  for (Row& row : rows) {
    const auto found = there.find(KeyOf(row));
    if (found != there.end() && SameRow(found->second, row)) continue;
    replaces = replaces || found != there.end();
    fresh.insert_or_assign(KeyOf(row), std::move(row));
  }
  if (fresh.empty()) return false;
  if (replaces) {
    for (auto& [key, row] : fresh) there.insert_or_assign(key, std::move(row));
    fresh = std::move(there);
  }
  MP_ASSIGN_OR_RETURN(auto batch, platform::ToArrowBatch(BatchOf(Values(std::move(fresh)))));
  MP_ARROW_ASSIGN_OR_RETURN(auto reader, arrow::RecordBatchReader::Make({batch}, batch->schema()));
  data::WriteOptions options;
  options.operation = kOperation;
  if (replaces) {
    options.mode = data::WriteMode::kOverwrite;
    options.base = snapshot;
    options.overwrite_schema = create.schema;
  }
  MP_RETURN_IF_ERROR_CONTEXT(data::WriteTable(table, *reader, options), "while writing {}",
                             owned.name.ToString());
  return true;
}

template Result<std::vector<DriftRow>> ReadMonitoringRows<DriftRow>(data::Catalog&);
template Result<std::vector<QualityRow>> ReadMonitoringRows<QualityRow>(data::Catalog&);
template Result<std::vector<ExpectationRow>> ReadMonitoringRows<ExpectationRow>(data::Catalog&);
template Result<std::vector<AlertRow>> ReadMonitoringRows<AlertRow>(data::Catalog&);
template Result<std::vector<DeliveryRow>> ReadMonitoringRows<DeliveryRow>(data::Catalog&);
template Result<bool> UpsertMonitoringRows<DriftRow>(data::Catalog&, std::vector<DriftRow>);
template Result<bool> UpsertMonitoringRows<QualityRow>(data::Catalog&, std::vector<QualityRow>);
template Result<bool> UpsertMonitoringRows<ExpectationRow>(data::Catalog&,
                                                           std::vector<ExpectationRow>);
template Result<bool> UpsertMonitoringRows<AlertRow>(data::Catalog&, std::vector<AlertRow>);
template Result<bool> UpsertMonitoringRows<DeliveryRow>(data::Catalog&, std::vector<DeliveryRow>);

}  // namespace millpond::model
