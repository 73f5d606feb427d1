#include <algorithm>
#include <duckdb/planner/expression.hpp>
#include <duckdb/planner/filter/list.hpp>
#include <duckdb/storage/statistics/base_statistics.hpp>
#include <duckdb/storage/statistics/node_statistics.hpp>
#include <duckdb/storage/statistics/numeric_stats.hpp>
#include <duckdb/storage/statistics/string_stats.hpp>
#include <numeric>

#include "data/delta/rows/file_filter.h"
#include "data/sql/duckdb/filter_reader_internal.h"
#include "data/sql/duckdb/lake_file_list_internal.h"
#include "data/sql/duckdb/types_internal.h"

namespace millpond::data {
namespace {

constexpr char kIndexKey[] = "millpond_file_index";

// What a partition that is generated from the column says besides.
void Tighten(ValueRange& range, const LakeTable& table, size_t file, const StructField& field) {
  auto bounds = table.generated->Of(table.scan->snapshot(), file, field);
  if (!bounds) return;
  const auto is_less = [](const ColumnValue& a, const ColumnValue& b) {
    const auto order = CompareValues(a, b);
    return order && *order < 0;
  };
  if (!HasValue(range.min) || is_less(range.min, bounds->min)) range.min = std::move(bounds->min);
  if (!HasValue(range.max) || is_less(bounds->max, range.max)) range.max = std::move(bounds->max);
}

// A column of a filter in the table's files.
class LakeColumn {
 public:
  LakeColumn(const LakeTable& table, std::vector<std::string> path)
      : table_(&table),
        is_top_(path.size() == 1),
        column_(table.scan->snapshot(), std::move(path)) {
    by_partition_ = column_.is_partition() || (is_top_ && column_.field() != nullptr &&
                                               table.generated->Knows(*column_.field()));
  }

  // Whether partition values alone say something of it.
  bool by_partition() const { return by_partition_; }
  const StructField* field() const { return column_.field(); }

  ValueRange At(size_t file, bool partitions_only) const {
    ValueRange range;
    if (!partitions_only || column_.is_partition()) range = column_.At(file);
    if (by_partition_ && !column_.is_partition()) Tighten(range, *table_, file, *column_.field());
    return range;
  }

 private:
  const LakeTable* table_;
  bool is_top_;
  FileColumn column_;
  bool by_partition_ = false;
};

// The range as DuckDB's statistics, which its filters can check. False: nothing useful is known.
bool FillStatistics(const ValueRange& range, const DataType& type,
                    duckdb::BaseStatistics& statistics) {
  if (!range.may_be_null) statistics.Set(duckdb::StatsInfo::CANNOT_HAVE_NULL_VALUES);
  if (!range.may_have_value) {
    statistics.Set(duckdb::StatsInfo::CANNOT_HAVE_VALID_VALUES);
    return true;
  }
  const duckdb::Value min = ToValue(range.min, type), max = ToValue(range.max, type);
  if (min.IsNull() || max.IsNull()) return !range.may_be_null;
  switch (statistics.GetStatsType()) {
    case duckdb::StatisticsType::NUMERIC_STATS:
      duckdb::NumericStats::SetMin(statistics, min);
      duckdb::NumericStats::SetMax(statistics, max);
      return true;
    case duckdb::StatisticsType::STRING_STATS:
      duckdb::StringStats::SetMin(statistics, duckdb::StringValue::Get(min));
      duckdb::StringStats::SetMax(statistics, duckdb::StringValue::Get(max));
      return true;
    default:
      return !range.may_be_null;
  }
}

// A filter that DuckDB asks of one column, known when the query runs.
class ColumnFilter {
 public:
  ColumnFilter(const LakeTable& table, size_t column, const duckdb::TableFilter& filter)
      : column_(table, {table.names[column]}), type_(table.types[column]), filter_(&filter) {}

  bool by_partition() const { return column_.by_partition(); }

  bool MayPass(size_t file, bool partitions_only) const {
    if (!column_.field()->type.is_primitive()) return true;
    auto statistics = duckdb::BaseStatistics::CreateUnknown(type_);
    const ValueRange range = column_.At(file, partitions_only);
    if (!FillStatistics(range, column_.field()->type, statistics)) return true;
    return filter_->CheckStatistics(statistics) !=
           duckdb::FilterPropagateResult::FILTER_ALWAYS_FALSE;
  }

 private:
  LakeColumn column_;
  duckdb::LogicalType type_;
  const duckdb::TableFilter* filter_;
};

}  // namespace

std::vector<uint32_t> LakeFileList::AllFiles(const LakeTable& table) {
  if (table.files) return *table.files;
  std::vector<uint32_t> files(table.scan->snapshot().files().size());
  std::iota(files.begin(), files.end(), 0);
  return files;
}

duckdb::unique_ptr<duckdb::MultiFileList> LakeFileList::Where(const FileTest& may_by_partition,
                                                              const FileTest& may_pass) const {
  std::vector<uint32_t> kept;
  int64_t bytes = 0;
  int64_t partitioned_out = partitioned_out_;
  for (uint32_t file : files_) {
    if (may_by_partition && !may_by_partition(file)) {
      ++partitioned_out;
    } else if (may_pass(file)) {
      kept.push_back(file);
      bytes += table_->scan->snapshot().files().size_bytes(file);
    }
  }
  table_->meter->Narrow(kept, bytes, partitioned_out);
  if (kept.size() == files_.size()) return nullptr;
  return duckdb::make_uniq<LakeFileList>(table_, std::move(kept), partitioned_out);
}

duckdb::unique_ptr<duckdb::MultiFileList> LakeFileList::ComplexFilterPushdown(
    duckdb::ClientContext& context, const duckdb::MultiFileOptions&,
    duckdb::MultiFilePushdownInfo& info,
    duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& filters) const {
  if (filters.empty()) return nullptr;
  ReadFilter filter = ReadFilters(context, table_->scan->snapshot().schema(), info, filters);
  if (filter.columns.empty()) return nullptr;
  std::vector<LakeColumn> columns;
  for (auto& path : filter.columns) columns.emplace_back(*table_, std::move(path));
  std::vector<ValueRange> ranges(columns.size());
  const auto test = [&](uint32_t file, bool partitions_only) {
    for (size_t i = 0; i < columns.size(); ++i) ranges[i] = columns[i].At(file, partitions_only);
    return RangeOf(filter.condition, ranges).MayBeTrue();
  };
  FileTest by_partition;
  if (std::ranges::any_of(columns, &LakeColumn::by_partition)) {
    by_partition = [&](uint32_t file) { return test(file, true); };
  }
  return Where(by_partition, [&](uint32_t file) { return test(file, false); });
}

duckdb::unique_ptr<duckdb::MultiFileList> LakeFileList::DynamicFilterPushdown(
    duckdb::ClientContext&, const duckdb::MultiFileOptions&, const duckdb::vector<duckdb::string>&,
    const duckdb::vector<duckdb::LogicalType>&, const duckdb::vector<duckdb::column_t>& column_ids,
    duckdb::TableFilterSet& filters) const {
  std::vector<ColumnFilter> by_column;
  for (const auto& [position, filter] : filters.filters) {
    const duckdb::column_t column = column_ids[position];
    if (column < table_->types.size()) by_column.emplace_back(*table_, column, *filter);
  }
  if (by_column.empty()) return nullptr;
  const auto test = [&](uint32_t file, bool partitions_only) {
    return std::ranges::all_of(by_column, [&](const ColumnFilter& filter) {
      return (partitions_only && !filter.by_partition()) || filter.MayPass(file, partitions_only);
    });
  };
  FileTest by_partition;
  if (std::ranges::any_of(by_column, &ColumnFilter::by_partition)) {
    by_partition = [&](uint32_t file) { return test(file, true); };
  }
  return Where(by_partition, [&](uint32_t file) { return test(file, false); });
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
  return duckdb::make_uniq<LakeFileList>(table_, files_, partitioned_out_);
}

}  // namespace millpond::data
