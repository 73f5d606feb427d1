// The entries of the lake catalog: tables over a snapshot, and relations over a stream of rows.
#pragma once

#include <duckdb/catalog/catalog_entry/schema_catalog_entry.hpp>
#include <duckdb/catalog/catalog_entry/table_catalog_entry.hpp>
#include <duckdb/storage/statistics/base_statistics.hpp>

#include "data/sql/duckdb/lake_catalog.h"

namespace millpond::data {

class LakeTableEntry : public duckdb::TableCatalogEntry {
 public:
  LakeTableEntry(duckdb::SchemaCatalogEntry& schema, duckdb::CreateTableInfo& info,
                 ResolvedTable table, std::shared_ptr<DeletedRows> deleted)
      : TableCatalogEntry(schema.ParentCatalog(), schema, info),
        table_(std::move(table)),
        deleted_(std::move(deleted)) {}

  duckdb::TableFunction GetScanFunction(
      duckdb::ClientContext& context, duckdb::unique_ptr<duckdb::FunctionData>& bind_data) override;
  duckdb::TableFunction GetScanFunction(duckdb::ClientContext& context,
                                        duckdb::unique_ptr<duckdb::FunctionData>& bind_data,
                                        const duckdb::EntryLookupInfo&) override {
    return GetScanFunction(context, bind_data);
  }
  duckdb::unique_ptr<duckdb::BaseStatistics> GetStatistics(duckdb::ClientContext&,
                                                           duckdb::column_t) override {
    return nullptr;
  }
  duckdb::TableStorageInfo GetStorageInfo(duckdb::ClientContext&) override;
  duckdb::virtual_column_map_t GetVirtualColumns() const override;

 private:
  ResolvedTable table_;
  std::shared_ptr<DeletedRows> deleted_;  // of all scans of this table in the statement
};

// The columns that an entry for the table has.
duckdb::unique_ptr<duckdb::CatalogEntry> MakeLakeEntry(duckdb::ClientContext& context,
                                                       duckdb::SchemaCatalogEntry& schema,
                                                       const std::string& name,
                                                       ResolvedTable table);

// reader_scan.cc: DuckDB's scan of an Arrow stream, bound to the reader.
duckdb::TableFunction BindReaderScan(duckdb::ClientContext& context, OnceReader& reader,
                                     duckdb::unique_ptr<duckdb::FunctionData>& bind_data,
                                     duckdb::vector<duckdb::LogicalType>& types,
                                     duckdb::vector<duckdb::string>& names);

}  // namespace millpond::data
