// A scan of one snapshot inside DuckDB: its Parquet reader over our file list. Filters, also those
// that joins send at run time, drop files by the log's statistics and partition values before a
// file is opened; partition values come as constants, rows of deletion vectors not at all; columns
// map by physical name or field id. A file's index is its position in the snapshot's list, however
// much was dropped.
#pragma once

#include <duckdb/function/table_function.hpp>
#include <memory>

#include "data/delta/rows/variant_cursor.h"
#include "data/sql/duckdb/lake_file_system.h"
#include "data/sql/duckdb/scan_meter.h"
#include "data/sql/statements/generated_partitions.h"
#include "data/sql/table_source.h"

namespace millpond::data {

class DeletedRows;

struct LakeTable {
  std::shared_ptr<PlannedScan> scan;
  std::shared_ptr<DeletedRows> deleted;
  std::shared_ptr<const GeneratedPartitions> generated;
  std::shared_ptr<ScanMeter> meter;
  std::optional<std::vector<uint32_t>> files = {};  // to look at; nullopt: all of the snapshot's
  duckdb::vector<std::string> names;
  duckdb::vector<duckdb::LogicalType> types;
  std::shared_ptr<VariantCursors> cursors;     // of columns with variants
  duckdb::TableCatalogEntry* entry = nullptr;  // of a table with hidden columns, else null
};

std::shared_ptr<LakeTable> MakeLakeTable(const std::shared_ptr<PlannedScans>& scans,
                                         const ResolvedTable& table,
                                         std::shared_ptr<DeletedRows> deleted,
                                         VariantForm variants);

// A bound scan of the table: DuckDB's parquet_scan with our reader in it.
duckdb::TableFunction BindLakeScan(duckdb::ClientContext& context,
                                   std::shared_ptr<const LakeTable> table,
                                   duckdb::unique_ptr<duckdb::FunctionData>& bind_data);

}  // namespace millpond::data
