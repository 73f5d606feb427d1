#include <algorithm>
#include <duckdb/common/multi_file/multi_file_reader.hpp>
#include <duckdb/execution/expression_executor.hpp>
#include <duckdb/function/function_binder.hpp>
#include <duckdb/planner/expression/bound_cast_expression.hpp>
#include <duckdb/planner/expression/bound_constant_expression.hpp>
#include <duckdb/planner/expression/bound_operator_expression.hpp>
#include <duckdb/planner/expression/bound_reference_expression.hpp>

#include "data/delta/rows/row_ids.h"
#include "data/delta/rows/scan.h"
#include "data/sql/duckdb/errors_internal.h"
#include "data/sql/duckdb/lake_hidden_internal.h"

#include "data/sql/duckdb/lake_variants_internal.h"
#include "data/sql/duckdb/types_internal.h"
#include "data/sql/table_source.h"

namespace millpond::data {
namespace {

using duckdb::LogicalType;
using ExpressionPtr = duckdb::unique_ptr<duckdb::Expression>;

// Past those that DuckDB gives out.
constexpr duckdb::column_t kFirst = duckdb::MultiFileReader::COLUMN_IDENTIFIER_FILENAME + 0x10000;
constexpr duckdb::column_t kRowId = kFirst;
constexpr duckdb::column_t kRowIdOfChange = kFirst + 1;  // the same, by another name
constexpr duckdb::column_t kCommitVersion = kFirst + 2;

// "_row_id", or "_metadata_row_id" where the table has a column of that name.
std::string FreeName(const Snapshot& snapshot, const std::string& name) {
  return snapshot.schema().Find(name) == nullptr ? name : "_metadata" + name;
}

// Where the file's column is read to, reading it if nobody does; nullptr: the file has none.
ExpressionPtr Stored(duckdb::ClientContext& context, duckdb::BaseFileReader& reader,
                     const std::string& name, size_t* added) {
  size_t column = 0;
  while (column < reader.columns.size() && reader.columns[column].name != name) ++column;
  if (name.empty() || column == reader.columns.size()) return nullptr;
  size_t at = 0;
  while (at < reader.column_ids.size() &&
         reader.column_ids[duckdb::MultiFileLocalIndex(at)].GetId() != column) {
    ++at;
  }
  if (at == reader.column_ids.size()) {
    reader.column_ids.push_back(duckdb::MultiFileLocalColumnId(column));
    reader.column_indexes.emplace_back(column);
    ++*added;
  }
  auto stored =
      duckdb::make_uniq<duckdb::BoundReferenceExpression>(reader.columns[column].type, at);
  return duckdb::BoundCastExpression::AddCastToType(context, std::move(stored),
                                                    LogicalType::BIGINT);
}

ExpressionPtr Plus(duckdb::ClientContext& context, ExpressionPtr a, ExpressionPtr b) {
  duckdb::vector<ExpressionPtr> terms;
  terms.push_back(std::move(a));
  terms.push_back(std::move(b));
  duckdb::FunctionBinder binder(context);
  duckdb::ErrorData error;
  auto sum = binder.BindScalarFunction(DEFAULT_SCHEMA, "+", std::move(terms), error,
                                       /*is_operator=*/true);
  if (!sum) error.Throw();
  return sum;
}

ExpressionPtr Number(int64_t value) {
  return duckdb::make_uniq<duckdb::BoundConstantExpression>(duckdb::Value::BIGINT(value));
}

}  // namespace

void AddHiddenColumns(const Snapshot& snapshot, bool with_places,
                      duckdb::virtual_column_map_t* columns) {
  using Reader = duckdb::MultiFileReader;
  const auto add = [&](duckdb::column_t id, const std::string& name, const LogicalType& type) {
    columns->insert({id, duckdb::TableColumn(name, type)});
  };
  if (with_places) {
    add(Reader::COLUMN_IDENTIFIER_FILE_INDEX, kFilePlace, LogicalType::UBIGINT);
    add(Reader::COLUMN_IDENTIFIER_FILE_ROW_NUMBER, kRowPlace, LogicalType::BIGINT);
  }
  if (!RowTrackingOf(snapshot)) return;
  if (with_places) add(kRowIdOfChange, kRowIdPlace, LogicalType::BIGINT);
  add(kRowId, FreeName(snapshot, kRowIdColumn), LogicalType::BIGINT);
  add(kCommitVersion, FreeName(snapshot, kRowCommitVersionColumn), LogicalType::BIGINT);
}

bool IsRowTrackingColumn(duckdb::column_t column) {
  return column == kRowId || column == kRowIdOfChange || column == kCommitVersion;
}

ExpressionPtr RowTrackingExpression(duckdb::ClientContext& context, const Snapshot& snapshot,
                                    size_t file, duckdb::BaseFileReader& reader,
                                    duckdb::idx_t& column,
                                    duckdb::MultiFileLocalIndex local_index) {
  const bool is_version = column == kCommitVersion;
  const auto tracking = RowTrackingOf(snapshot).value_or(RowTracking());
  const auto ids = RowIdsOf(snapshot, file);
  if (!ids) Throw(ids.error());
  size_t added = 0;
  ExpressionPtr stored = Stored(
      context, reader, is_version ? tracking.commit_version_column : tracking.id_column, &added);
  if (is_version && !stored) return Number(ids->commit_version);
  column = duckdb::MultiFileReader::COLUMN_IDENTIFIER_FILE_ROW_NUMBER;
  ExpressionPtr otherwise = is_version
                                ? Number(ids->commit_version)
                                : Plus(context, Number(ids->base_id),
                                       duckdb::make_uniq<duckdb::BoundReferenceExpression>(
                                           LogicalType::BIGINT, local_index.GetIndex() + added));
  if (!stored) return otherwise;
  auto first = duckdb::make_uniq<duckdb::BoundOperatorExpression>(
      duckdb::ExpressionType::OPERATOR_COALESCE, LogicalType::BIGINT);
  first->children.push_back(std::move(stored));
  first->children.push_back(std::move(otherwise));
  return first;
}

std::set<duckdb::idx_t> HeldFilters::Choose(
    const duckdb::TableFilterSet& filters, const duckdb::vector<duckdb::ColumnIndex>& scanned,
    const duckdb::vector<duckdb::MultiFileColumnDefinition>& columns,
    const duckdb::vector<duckdb::MultiFileColumnDefinition>& file) {
  std::set<duckdb::idx_t> chosen;
  for (const auto& [index, filter] : filters.filters) {
    const duckdb::column_t id = scanned[index].GetPrimaryIndex();
    if (IsRowTrackingColumn(id) || IsVariantColumn(id)) chosen.insert(index);
    if (id >= columns.size()) continue;
    const auto there = std::ranges::find_if(
        file, [&](const auto& column) { return column.name == columns[id].GetIdentifierName(); });
    if (there != file.end() && !IsSameType(there->type, columns[id].type)) chosen.insert(index);
  }
  return chosen;
}

void HeldFilters::Hold(const duckdb::TableFilterSet& filters, const std::set<duckdb::idx_t>& chosen,
                       const duckdb::MultiFileReaderData& data) {
  auto conditions = std::make_shared<Conditions>();
  for (const auto& [index, filter] : filters.filters) {
    if (!chosen.contains(index)) continue;
    if (filter->filter_type == duckdb::TableFilterType::OPTIONAL_FILTER) continue;
    conditions->push_back(filter->ToExpression(*data.expressions[index]));
  }
  const std::lock_guard lock(mutex_);
  files_[data.reader.get()] = std::move(conditions);
}

void HeldFilters::Apply(duckdb::ClientContext& context, const duckdb::BaseFileReader& reader,
                        duckdb::DataChunk& input, duckdb::DataChunk& output) const {
  std::shared_ptr<const Conditions> conditions;
  {
    const std::lock_guard lock(mutex_);
    const auto found = files_.find(&reader);
    if (found == files_.end()) return;
    conditions = found->second;
  }
  if (conditions->empty() || input.size() == 0) return;
  duckdb::ExpressionExecutor executor(context, *conditions);  // all of them must hold
  duckdb::DataChunk passes;
  passes.Initialize(context, duckdb::vector<LogicalType>(conditions->size(), LogicalType::BOOLEAN));
  executor.Execute(input, passes);
  duckdb::SelectionVector kept(STANDARD_VECTOR_SIZE);
  duckdb::idx_t count = 0;
  for (duckdb::idx_t row = 0; row < input.size(); ++row) {
    bool passed = true;
    for (auto& column : passes.data) {
      const duckdb::Value value = column.GetValue(row);
      passed = passed && !value.IsNull() && value.GetValue<bool>();
    }
    if (passed) kept.set_index(count++, row);
  }
  if (count == 0) {
    output.SetCardinality(0);  // DuckDB fills the same chunk again
  } else if (count < input.size()) {
    output.Slice(kept, count);
  }
}

}  // namespace millpond::data
