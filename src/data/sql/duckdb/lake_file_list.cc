#include <duckdb/optimizer/filter_combiner.hpp>
#include <duckdb/planner/expression.hpp>
#include <duckdb/planner/filter/list.hpp>
#include <duckdb/storage/statistics/base_statistics.hpp>
#include <duckdb/storage/statistics/node_statistics.hpp>
#include <duckdb/storage/statistics/numeric_stats.hpp>
#include <duckdb/storage/statistics/string_stats.hpp>
#include <limits>
#include <numeric>

#include "data/sql/duckdb/lake_file_list_internal.h"
#include "data/sql/duckdb/types_internal.h"

namespace millpond::data {
namespace {

constexpr char kIndexKey[] = "millpond_file_index";

// What the log knows of one column in one file.
struct ColumnFacts {
  duckdb::Value min, max;
  std::optional<int64_t> nulls;
  std::optional<int64_t> rows;
};

ColumnFacts FactsOf(const Snapshot& snapshot, size_t file, const StructField& field) {
  const FileList& files = snapshot.files();
  ColumnFacts facts;
  facts.rows = files.num_records(file);
  if (snapshot.IsPartitionColumn(field.name)) {
    const auto text = files.partition_value(file, field.name);
    Result<ColumnValue> value = ColumnValue();
    if (text) value = ParsePartitionValue(*text, field.type);
    if (!value) return facts;  // the reader will say what is wrong with it
    facts.nulls = HasValue(*value) ? 0 : facts.rows;
    facts.min = facts.max = ToValue(*value, field.type);
    return facts;
  }
  FileBounds bounds = files.bounds(file, {field.name});
  facts.nulls = bounds.null_count;
  if (!HasValue(bounds.max)) return facts;
  const TypeKind kind = field.type.kind();
  if (kind == TypeKind::kTimestamp || kind == TypeKind::kTimestampNtz) {
    // Writers may cut a bound to milliseconds (PROTOCOL.md, per-file statistics).
    if (auto* max = std::get_if<int64_t>(&bounds.max)) *max += kMicrosPerMilli - 1;
  } else if (kind == TypeKind::kDouble || kind == TypeKind::kFloat) {
    // NaN is the greatest value, and writers leave it out of the bounds.
    bounds.max = std::numeric_limits<double>::quiet_NaN();
  }
  facts.min = ToValue(bounds.min, field.type);
  facts.max = ToValue(bounds.max, field.type);
  return facts;
}

// What a partition that is generated from the column says besides.
void Tighten(ColumnFacts& facts, const LakeTable& table, size_t file, const StructField& field) {
  const auto bounds = table.generated->Of(table.scan->snapshot(), file, field);
  if (!bounds) return;
  const duckdb::Value min = ToValue(bounds->min, field.type);
  const duckdb::Value max = ToValue(bounds->max, field.type);
  if (facts.min.IsNull() || facts.max.IsNull()) {
    facts.min = min;
    facts.max = max;
    return;
  }
  if (min > facts.min) facts.min = min;
  if (max < facts.max) facts.max = max;
}

// The facts as DuckDB's statistics, which its filters can check. False: nothing useful is known.
bool FillStatistics(const ColumnFacts& facts, duckdb::BaseStatistics& statistics) {
  if (facts.nulls && *facts.nulls == 0) {
    statistics.Set(duckdb::StatsInfo::CANNOT_HAVE_NULL_VALUES);
  }
  if (facts.nulls && facts.rows && *facts.nulls == *facts.rows) {
    statistics.Set(duckdb::StatsInfo::CANNOT_HAVE_VALID_VALUES);
    return true;
  }
  if (facts.min.IsNull() || facts.max.IsNull()) return facts.nulls.has_value();
  switch (statistics.GetStatsType()) {
    case duckdb::StatisticsType::NUMERIC_STATS:
      duckdb::NumericStats::SetMin(statistics, facts.min);
      duckdb::NumericStats::SetMax(statistics, facts.max);
      return true;
    case duckdb::StatisticsType::STRING_STATS:
      duckdb::StringStats::SetMin(statistics, duckdb::StringValue::Get(facts.min));
      duckdb::StringStats::SetMax(statistics, duckdb::StringValue::Get(facts.max));
      return true;
    default:
      return facts.nulls.has_value();
  }
}

}  // namespace

bool MayMatch(const LakeTable& table, size_t file, size_t column,
              const duckdb::TableFilter& filter) {
  const Snapshot& snapshot = table.scan->snapshot();
  const StructField& field = snapshot.schema().fields()[column];
  if (!field.type.is_primitive()) return true;
  auto statistics = duckdb::BaseStatistics::CreateUnknown(table.types[column]);
  ColumnFacts facts = FactsOf(snapshot, file, field);
  Tighten(facts, table, file, field);
  if (!FillStatistics(facts, statistics)) return true;
  return filter.CheckStatistics(statistics) != duckdb::FilterPropagateResult::FILTER_ALWAYS_FALSE;
}

std::vector<uint32_t> LakeFileList::AllFiles(const LakeTable& table) {
  if (table.files) return *table.files;
  std::vector<uint32_t> files(table.scan->snapshot().files().size());
  std::iota(files.begin(), files.end(), 0);
  return files;
}

duckdb::unique_ptr<duckdb::MultiFileList> LakeFileList::Without(
    const std::vector<std::pair<size_t, const duckdb::TableFilter*>>& filters) const {
  std::vector<uint32_t> kept;
  int64_t bytes = 0;
  for (uint32_t file : files_) {
    bool may = true;
    for (size_t i = 0; may && i < filters.size(); ++i) {
      may = MayMatch(*table_, file, filters[i].first, *filters[i].second);
    }
    if (!may) continue;
    kept.push_back(file);
    bytes += table_->scan->snapshot().files().size_bytes(file);
  }
  table_->meter->Narrow(static_cast<int64_t>(kept.size()), bytes);
  if (kept.size() == files_.size()) return nullptr;
  return duckdb::make_uniq<LakeFileList>(table_, std::move(kept));
}

duckdb::unique_ptr<duckdb::MultiFileList> LakeFileList::ComplexFilterPushdown(
    duckdb::ClientContext& context, const duckdb::MultiFileOptions&,
    duckdb::MultiFilePushdownInfo& info,
    duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& filters) const {
  if (filters.empty()) return nullptr;
  duckdb::FilterCombiner combiner(context);
  for (const auto& filter : filters) combiner.AddFilter(filter->Copy());
  duckdb::vector<duckdb::FilterPushdownResult> ignored;
  const auto table_filters = combiner.GenerateTableScanFilters(info.column_indexes, ignored);
  std::vector<std::pair<size_t, const duckdb::TableFilter*>> by_column;
  for (const auto& [column, filter] : table_filters.filters) {
    if (column < table_->types.size()) by_column.emplace_back(column, filter.get());
  }
  return by_column.empty() ? nullptr : Without(by_column);
}

duckdb::unique_ptr<duckdb::MultiFileList> LakeFileList::DynamicFilterPushdown(
    duckdb::ClientContext&, const duckdb::MultiFileOptions&, const duckdb::vector<duckdb::string>&,
    const duckdb::vector<duckdb::LogicalType>&, const duckdb::vector<duckdb::column_t>& column_ids,
    duckdb::TableFilterSet& filters) const {
  std::vector<std::pair<size_t, const duckdb::TableFilter*>> by_column;
  for (const auto& [position, filter] : filters.filters) {
    const duckdb::column_t column = column_ids[position];
    if (column < table_->types.size()) by_column.emplace_back(column, filter.get());
  }
  return by_column.empty() ? nullptr : Without(by_column);
}

duckdb::vector<duckdb::OpenFileInfo> LakeFileList::GetAllFiles() const {
  duckdb::vector<duckdb::OpenFileInfo> files;
  for (size_t i = 0; i < files_.size(); ++i) files.push_back(GetFile(i));
  return files;
}

duckdb::FileExpandResult LakeFileList::GetExpandResult() const {
  if (files_.empty()) return duckdb::FileExpandResult::NO_FILES;
  return files_.size() == 1 ? duckdb::FileExpandResult::SINGLE_FILE
                            : duckdb::FileExpandResult::MULTIPLE_FILES;
}

duckdb::OpenFileInfo LakeFileList::GetFile(duckdb::idx_t i) const {
  if (i >= files_.size()) return duckdb::OpenFileInfo();
  duckdb::OpenFileInfo file(table_->scan->Path(files_[i]));
  file.extended_info = duckdb::make_shared_ptr<duckdb::ExtendedOpenFileInfo>();
  file.extended_info->options[kIndexKey] = duckdb::Value::UBIGINT(files_[i]);
  return file;
}

size_t FileIndex(const duckdb::OpenFileInfo& file) {
  return file.extended_info->options.at(kIndexKey).GetValue<uint64_t>();
}

// Exact where every file's row count is in the log.
duckdb::unique_ptr<duckdb::NodeStatistics> LakeFileList::GetCardinality(
    duckdb::ClientContext&) const {
  const FileList& files = table_->scan->snapshot().files();
  int64_t rows = 0;
  for (uint32_t file : files_) {
    const auto count = files.num_records(file);
    if (!count) return nullptr;
    const DeletionVector* deleted = files.deletion_vector(file);
    rows += std::max<int64_t>(*count - (deleted == nullptr ? 0 : deleted->cardinality), 0);
  }
  return duckdb::make_uniq<duckdb::NodeStatistics>(static_cast<duckdb::idx_t>(rows),
                                                   static_cast<duckdb::idx_t>(rows));
}

duckdb::unique_ptr<duckdb::MultiFileList> LakeFileList::Copy() const {
  return duckdb::make_uniq<LakeFileList>(table_, files_);
}

}  // namespace millpond::data
