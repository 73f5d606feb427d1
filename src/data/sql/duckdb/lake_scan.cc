#include "data/sql/duckdb/lake_scan.h"

#include <duckdb/catalog/catalog.hpp>
#include <duckdb/catalog/catalog_entry/table_function_catalog_entry.hpp>
#include <duckdb/common/multi_file/multi_file_reader.hpp>
#include <duckdb/common/multi_file/multi_file_states.hpp>
#include <duckdb/parser/tableref/table_function_ref.hpp>

#include "data/delta/rows/column_cast.h"
#include "data/delta/rows/deletion_vector.h"
#include "data/sql/duckdb/errors_internal.h"
#include "data/sql/duckdb/lake_columns_internal.h"
#include "data/sql/duckdb/lake_deletes_internal.h"
#include "data/sql/duckdb/lake_file_list_internal.h"
#include "data/sql/duckdb/lake_hidden_internal.h"
#include "data/sql/duckdb/lake_variants_internal.h"
#include "data/sql/duckdb/nan_filters_internal.h"
#include "data/sql/duckdb/types_internal.h"

namespace millpond::data {
namespace {

// What of DuckDB's own Parquet scan ours calls.
struct ParquetScan {
  duckdb::table_function_t scan;
  duckdb::table_function_get_virtual_columns_t virtual_columns;
  duckdb::table_function_get_metrics_t metrics;
};

struct LakeScanInfo : public duckdb::TableFunctionInfo {
  LakeScanInfo(std::shared_ptr<const LakeTable> table_in, ParquetScan parquet_in)
      : table(std::move(table_in)), parquet(parquet_in) {}
  std::shared_ptr<const LakeTable> table;
  ParquetScan parquet;
};

// What DuckDB says while it reads a file names no file, or not ours: a corrupt one is told by
// table, version and path. What is the query's own (a cast in a filter, a cancellation) goes on as
// it is.
[[noreturn]] void RethrowFor(const LakeTable& table, const duckdb::OpenFileInfo& file,
                             const std::exception& exception) {
  const duckdb::ErrorData error(exception);
  if (!MayBeOfAFile(error)) error.Throw();
  const Snapshot& snapshot = table.scan->snapshot();
  Throw(Error(
      ErrorKind::kCorrupt,
      fmt::format("data file {} of {} version {} cannot be read: {}; bring the file back from "
                  "a copy, or read a version that does not have it",
                  snapshot.files().path(FileIndex(file)), table.meter->report().table,
                  snapshot.version(), error.RawMessage())));
}

class LakeReader : public duckdb::MultiFileReader {
 public:
  LakeReader(std::shared_ptr<const LakeTable> table, ParquetScan parquet)
      : table_(std::move(table)), parquet_(parquet) {
    function_name = "lake_scan";
  }

  static duckdb::unique_ptr<duckdb::MultiFileReader> Create(const duckdb::TableFunction& function) {
    const auto& info = function.function_info->Cast<LakeScanInfo>();
    return duckdb::make_uniq<LakeReader>(info.table, info.parquet);
  }

  static const LakeReader& Of(const duckdb::FunctionData& data) {
    const auto& bound = data.Cast<duckdb::MultiFileBindData>();
    return static_cast<const LakeReader&>(*bound.multi_file_reader);
  }

  // What the scan can read besides the table's columns. The bound data keeps it, and knows nothing
  // of it before it is asked.
  static duckdb::virtual_column_map_t VirtualColumns(
      duckdb::ClientContext& context, duckdb::optional_ptr<duckdb::FunctionData> data) {
    const LakeReader& reader = Of(*data);
    auto columns = reader.parquet_.virtual_columns(context, data);
    AddHiddenColumns(reader.table_->scan->snapshot(), /*with_places=*/true, &columns);
    data->Cast<duckdb::MultiFileBindData>().virtual_columns = columns;
    return columns;
  }

  // DuckDB asks the table's entry for virtual columns, and finds the entry by this.
  static duckdb::BindInfo BindInfoOf(const duckdb::optional_ptr<duckdb::FunctionData> data) {
    return duckdb::BindInfo(*Of(*data).table_->entry);
  }

  // The scan's function: DuckDB's, with the file's name to its errors.
  static void Scan(duckdb::ClientContext& context, duckdb::TableFunctionInput& input,
                   duckdb::DataChunk& output) {
    const LakeReader& reader = Of(*input.bind_data);
    try {
      reader.parquet_.scan(context, input, output);
    } catch (const std::exception& exception) {
      if (const auto failed = reader.table_->cursors->failed()) Throw(*failed);
      if (!input.local_state) throw;
      const auto& file = input.local_state->Cast<duckdb::MultiFileLocalState>().reader;
      if (!file) throw;
      RethrowFor(*reader.table_, file->file, exception);
    }
  }

  // DuckDB asks each thread's part of a scan once, at its end, if the query is profiled: how many
  // row groups that part read, of how many in the files opened so far.
  static void Metrics(duckdb::ClientContext& context, const duckdb::FunctionData* data,
                      duckdb::GlobalTableFunctionState& global,
                      duckdb::LocalTableFunctionState& local,
                      const duckdb::profiler_settings_t& requested,
                      duckdb::profiler_metrics_t& metrics) {
    const LakeReader& reader = Of(*data);
    using duckdb::MetricType;
    const duckdb::profiler_settings_t wanted = {MetricType::OPERATOR_ROW_GROUPS_SCANNED,
                                                MetricType::OPERATOR_TOTAL_ROW_GROUPS_TO_SCAN};
    duckdb::profiler_metrics_t counts;
    reader.parquet_.metrics(context, data, global, local, wanted, counts);
    const auto read = counts.find(MetricType::OPERATOR_ROW_GROUPS_SCANNED);
    const auto all = counts.find(MetricType::OPERATOR_TOTAL_ROW_GROUPS_TO_SCAN);
    if (read != counts.end() && all != counts.end()) {
      reader.table_->meter->AddRowGroups(read->second.GetValue<int64_t>(),
                                         all->second.GetValue<int64_t>());
    }
    reader.parquet_.metrics(context, data, global, local, requested, metrics);
  }

  // Opens the file and reads its footer.
  using MultiFileReader::CreateReader;
  duckdb::shared_ptr<duckdb::BaseFileReader> CreateReader(
      duckdb::ClientContext& context, duckdb::GlobalTableFunctionState& state,
      const duckdb::OpenFileInfo& file, duckdb::idx_t index,
      const duckdb::MultiFileBindData& bound) override {
    try {
      return MultiFileReader::CreateReader(context, state, file, index, bound);
    } catch (const std::exception& exception) {
      RethrowFor(*table_, file, exception);
    }
  }

  duckdb::shared_ptr<duckdb::MultiFileList> CreateFileList(duckdb::ClientContext&,
                                                           const duckdb::vector<duckdb::string>&,
                                                           const duckdb::FileGlobInput&) override {
    return duckdb::make_shared_ptr<LakeFileList>(table_, LakeFileList::AllFiles(*table_));
  }

  bool Bind(duckdb::MultiFileOptions& options, duckdb::MultiFileList&,
            duckdb::vector<duckdb::LogicalType>& types, duckdb::vector<duckdb::string>& names,
            duckdb::MultiFileReaderBindData& bind_data) override {
    options.auto_detect_hive_partitioning = false;
    options.hive_partitioning = false;
    bind_data.schema =
        ColumnDefinitions(table_->scan->snapshot().schema(), table_->cursors->form());
    bind_data.mapping = duckdb::MultiFileColumnMappingMode::BY_NAME;
    types = table_->types;
    names = table_->names;
    return true;
  }

  void FinalizeBind(duckdb::MultiFileReaderData& reader_data,
                    const duckdb::MultiFileOptions& file_options,
                    const duckdb::MultiFileReaderBindData& options,
                    const duckdb::vector<duckdb::MultiFileColumnDefinition>& global_columns,
                    const duckdb::vector<duckdb::ColumnIndex>& global_column_ids,
                    duckdb::ClientContext& context,
                    duckdb::optional_ptr<duckdb::MultiFileReaderGlobalState> state) override {
    const size_t file = FileIndex(reader_data.reader->file);
    // Before the base class takes it: the index in the table, not in the narrowed list.
    reader_data.reader->file_list_idx = file;
    MultiFileReader::FinalizeBind(reader_data, file_options, options, global_columns,
                                  global_column_ids, context, state);
    const Snapshot& snapshot = table_->scan->snapshot();
    FilterDeleted(snapshot, file, *reader_data.reader);
    for (size_t i = 0; i < global_column_ids.size(); ++i) {
      const size_t column = global_column_ids[i].GetPrimaryIndex();
      if (column >= table_->types.size()) continue;  // a virtual column
      const StructField& field = snapshot.schema().fields()[column];
      if (!snapshot.IsPartitionColumn(field.name)) continue;
      reader_data.constant_map.Add(duckdb::MultiFileGlobalIndex(i),
                                   PartitionValue(snapshot, file, field));
    }
  }

  // Which column of this file is which of the table: found here, so that DuckDB, which knows names
  // or field ids, has only names to look up.
  duckdb::ReaderInitializeType CreateMapping(
      duckdb::ClientContext& context, duckdb::MultiFileReaderData& reader_data,
      const duckdb::vector<duckdb::MultiFileColumnDefinition>&,
      const duckdb::vector<duckdb::ColumnIndex>& global_column_ids,
      duckdb::optional_ptr<duckdb::TableFilterSet> filters, duckdb::MultiFileList& files,
      const duckdb::MultiFileReaderBindData& bind_data,
      const duckdb::virtual_column_map_t& virtual_columns,
      duckdb::MultiFileColumnMappingMode mode) override {
    const Snapshot& snapshot = table_->scan->snapshot();
    NameParts(reader_data.reader->columns);
    const auto columns = ColumnsInFile(snapshot.schema(), reader_data.reader->columns,
                                       MatchInFiles(snapshot.metadata()), table_->cursors->form());
    const VariantScan variants(snapshot, table_->types, global_column_ids, virtual_columns);
    try {
      std::set<duckdb::idx_t> held;
      const auto& file = reader_data.reader->columns;
      if (filters) held = HeldFilters::Choose(*filters, variants.column_ids(), columns, file);
      duckdb::TableFilterSet changed;
      const bool same =
          !filters || !Change(*filters, held, variants.column_ids(), columns, &changed);
      const auto mapped = MultiFileReader::CreateMapping(
          context, reader_data, columns, variants.column_ids(), same ? filters : &changed, files,
          bind_data, variants.virtual_columns(), mode);
      // A file that need not be read has no expressions that matter.
      if (!held.empty() && mapped == duckdb::ReaderInitializeType::INITIALIZED) {
        held_.Hold(*filters, held, reader_data);
      }
      return mapped;
    } catch (const std::exception& exception) {
      RethrowFor(*table_, reader_data.reader->file, exception);
    }
  }

  void FinalizeChunk(duckdb::ClientContext& context, const duckdb::MultiFileBindData& bind_data,
                     duckdb::BaseFileReader& reader, const duckdb::MultiFileReaderData& reader_data,
                     duckdb::DataChunk& input, duckdb::DataChunk& output,
                     duckdb::ExpressionExecutor& executor,
                     duckdb::optional_ptr<duckdb::MultiFileReaderGlobalState> state) override {
    MultiFileReader::FinalizeChunk(context, bind_data, reader, reader_data, input, output, executor,
                                   state);
    held_.Apply(context, reader, input, output);
  }

  duckdb::unique_ptr<duckdb::Expression> GetVirtualColumnExpression(
      duckdb::ClientContext& context, duckdb::MultiFileReaderData& reader_data,
      const duckdb::vector<duckdb::MultiFileColumnDefinition>& local_columns, duckdb::idx_t& column,
      const duckdb::LogicalType& type, duckdb::MultiFileLocalIndex local_index,
      duckdb::optional_ptr<duckdb::MultiFileColumnDefinition>& reference) override {
    if (IsVariantColumn(column)) {
      return VariantExpression({table_->scan, table_->cursors, FileIndex(reader_data.reader->file)},
                               column, local_index);
    }
    if (!IsRowTrackingColumn(column)) {
      return MultiFileReader::GetVirtualColumnExpression(context, reader_data, local_columns,
                                                         column, type, local_index, reference);
    }
    duckdb::BaseFileReader& reader = *reader_data.reader;
    return RowTrackingExpression(context, table_->scan->snapshot(), FileIndex(reader.file), reader,
                                 column, local_index);
  }

  const LakeTable& table() const { return *table_; }

  duckdb::unique_ptr<duckdb::MultiFileReader> Copy() const override {
    return duckdb::make_uniq<LakeReader>(table_, parquet_);
  }

 private:
  // The filters that DuckDB's reader gets, where they are not just those of the query.
  static bool Change(const duckdb::TableFilterSet& filters, const std::set<duckdb::idx_t>& held,
                     const duckdb::vector<duckdb::ColumnIndex>& scanned,
                     const duckdb::vector<duckdb::MultiFileColumnDefinition>& columns,
                     duckdb::TableFilterSet* changed) {
    std::set<duckdb::idx_t> of_rows;
    for (const auto& [index, filter] : filters.filters) {
      const duckdb::column_t id = scanned[index].GetPrimaryIndex();
      if (id < columns.size() && MayHideNaN(*filter, columns[id].type)) of_rows.insert(index);
    }
    if (held.empty() && of_rows.empty()) return false;
    for (const auto& [index, filter] : filters.filters) {
      if (held.contains(index)) continue;
      if (!of_rows.contains(index)) {
        changed->filters[index] = filter->Copy();
      } else if (auto kept = OfRowsOnly(*filter, columns[scanned[index].GetPrimaryIndex()].type)) {
        changed->filters[index] = std::move(kept);
      }
    }
    return true;
  }

  void FilterDeleted(const Snapshot& snapshot, size_t file, duckdb::BaseFileReader& reader) const {
    auto deleted = table_->deleted->Of(file);
    if (!deleted) Throw(std::move(deleted).error());
    if (*deleted == nullptr) return;
    if (const auto rows = snapshot.files().num_records(file)) {
      const auto status = CheckDeletedRows(snapshot, file, deleted->get(), *rows);
      if (!status) Throw(status.error());
    }
    reader.deletion_filter = MakeDeleteFilter(std::move(*deleted));
  }

  static duckdb::Value PartitionValue(const Snapshot& snapshot, size_t file,
                                      const StructField& field) {
    const auto type = WithNtzNamed(ToLogicalType(field.type));
    const auto text = snapshot.files().partition_value(file, field.name);
    if (!text) return duckdb::Value(type);
    const auto parsed = ParsePartitionValue(*text, field.type);
    if (!parsed) Throw(parsed.error());
    duckdb::Value value = ToValue(*parsed, field.type);
    value.Reinterpret(type);
    return value;
  }

  std::shared_ptr<const LakeTable> table_;
  ParquetScan parquet_;
  HeldFilters held_;
};

}  // namespace

std::shared_ptr<LakeTable> MakeLakeTable(const std::shared_ptr<PlannedScans>& scans,
                                         const ResolvedTable& table,
                                         std::shared_ptr<DeletedRows> deleted,
                                         VariantForm variants) {
  const Snapshot& snapshot = *table.snapshot;
  auto lake = std::make_shared<LakeTable>();
  lake->scan = std::make_shared<PlannedScan>(scans, table.snapshot);
  lake->files = table.files;
  lake->cursors = std::make_shared<VariantCursors>(scans->env(), variants);
  lake->deleted = std::move(deleted);
  lake->generated = std::make_shared<GeneratedPartitions>(snapshot);
  lake->meter = std::make_shared<ScanMeter>(table.name, table.snapshot);
  for (const StructField& field : snapshot.schema().fields()) {
    lake->names.push_back(field.name);
    lake->types.push_back(ToLogicalType(field.type, variants));
  }
  return lake;
}

duckdb::TableFunction BindLakeScan(duckdb::ClientContext& context,
                                   std::shared_ptr<const LakeTable> table,
                                   duckdb::unique_ptr<duckdb::FunctionData>& bind_data) {
  auto& system = duckdb::Catalog::GetSystemCatalog(context);
  auto& entry =
      system.GetEntry<duckdb::TableFunctionCatalogEntry>(context, DEFAULT_SCHEMA, "parquet_scan");
  duckdb::TableFunction function =
      entry.functions.GetFunctionByArguments(context, {duckdb::LogicalType::VARCHAR});
  function.name = "lake_scan";
  function.get_multi_file_reader = LakeReader::Create;
  const bool has_entry = table->entry != nullptr;
  function.function_info = duckdb::make_shared_ptr<LakeScanInfo>(
      std::move(table),
      ParquetScan{function.function, function.get_virtual_columns, function.get_metrics});
  function.function = LakeReader::Scan;
  function.get_virtual_columns = LakeReader::VirtualColumns;
  if (function.get_metrics != nullptr) function.get_metrics = LakeReader::Metrics;
  // These look at the first file only, or cannot carry a snapshot.
  function.statistics = nullptr;
  function.statistics_extended = nullptr;
  function.get_partition_stats = nullptr;
  function.serialize = nullptr;
  function.deserialize = nullptr;

  duckdb::vector<duckdb::Value> inputs{duckdb::Value("")};
  duckdb::named_parameter_map_t parameters;
  duckdb::vector<duckdb::LogicalType> input_types;
  duckdb::vector<duckdb::string> input_names;
  duckdb::TableFunctionRef ref;
  duckdb::TableFunctionBindInput input(inputs, parameters, input_types, input_names,
                                       function.function_info.get(), nullptr, function, ref);
  duckdb::vector<duckdb::LogicalType> types;
  duckdb::vector<duckdb::string> names;
  bind_data = function.bind(context, input, types, names);
  LakeReader::VirtualColumns(context, bind_data.get());
  if (has_entry) function.get_bind_info = LakeReader::BindInfoOf;
  return function;
}

}  // namespace millpond::data
