#include <duckdb/catalog/catalog.hpp>
#include <duckdb/common/table_column.hpp>
#include <duckdb/parser/parsed_data/create_table_info.hpp>
#include <duckdb/storage/table_storage_info.hpp>

#include "data/delta/rows/row_ids.h"
#include "data/sql/duckdb/lake_deletes_internal.h"
#include "data/sql/duckdb/lake_entries_internal.h"
#include "data/sql/duckdb/lake_hidden_internal.h"
#include "data/sql/duckdb/types_internal.h"

namespace millpond::data {

duckdb::TableFunction LakeTableEntry::GetScanFunction(
    duckdb::ClientContext& context, duckdb::unique_ptr<duckdb::FunctionData>& bind_data) {
  if (table_.reader) {
    duckdb::vector<duckdb::LogicalType> types;
    duckdb::vector<duckdb::string> names;
    return BindReaderScan(context, *table_.reader, bind_data, types, names);
  }
  StatementTables& statement = StatementTables::Of(context);
  const auto lake = MakeLakeTable(statement.scans(), table_, deleted_, statement.variants());
  if (table_.with_places || RowTrackingOf(*table_.snapshot)) lake->entry = this;
  statement.AddMeter(lake->meter);
  return BindLakeScan(context, lake, bind_data);
}

duckdb::TableStorageInfo LakeTableEntry::GetStorageInfo(duckdb::ClientContext&) {
  return duckdb::TableStorageInfo();
}

// The one that count(*) reads, and those that no table shows: DuckDB's own (file names, row
// numbers) are not for queries.
duckdb::virtual_column_map_t LakeTableEntry::GetVirtualColumns() const {
  duckdb::virtual_column_map_t columns;
  if (table_.reader) return columns;
  columns.insert(
      {duckdb::COLUMN_IDENTIFIER_EMPTY, duckdb::TableColumn("", duckdb::LogicalType::BOOLEAN)});
  AddHiddenColumns(*table_.snapshot, table_.with_places, &columns);
  return columns;
}

duckdb::unique_ptr<duckdb::CatalogEntry> MakeLakeEntry(duckdb::ClientContext& context,
                                                       duckdb::SchemaCatalogEntry& schema,
                                                       const std::string& name,
                                                       ResolvedTable table) {
  duckdb::CreateTableInfo info(schema, name);
  if (table.reader) {
    duckdb::vector<duckdb::LogicalType> types;
    duckdb::vector<duckdb::string> names;
    duckdb::unique_ptr<duckdb::FunctionData> ignored;
    BindReaderScan(context, *table.reader, ignored, types, names);
    for (size_t i = 0; i < types.size(); ++i) {
      info.columns.AddColumn(duckdb::ColumnDefinition(names[i], types[i]));
    }
  } else {
    const VariantForm variants = StatementTables::Of(context).variants();
    for (const StructField& field : table.snapshot->schema().fields()) {
      info.columns.AddColumn(
          duckdb::ColumnDefinition(field.name, WithNtzNamed(ToLogicalType(field.type, variants))));
    }
  }
  std::shared_ptr<DeletedRows> deleted;
  if (table.snapshot) {
    const Environment& env = StatementTables::Of(context).scans()->env();
    deleted = std::make_shared<DeletedRows>(env, table.snapshot);
  }
  return duckdb::make_uniq<LakeTableEntry>(schema, info, std::move(table), std::move(deleted));
}

}  // namespace millpond::data
