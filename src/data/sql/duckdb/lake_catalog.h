// DuckDB's view of our tables: one attached read-only catalog "lake" whose entries are made while a
// statement is bound, from the statement's TableSource. Nothing in it outlives the statement.
#pragma once

#include <duckdb/main/client_context_state.hpp>
#include <duckdb/main/config.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "data/sql/duckdb/lake_scan.h"
#include "data/sql/table_source.h"

namespace duckdb {
class CatalogEntry;
class SchemaCatalogEntry;
}  // namespace duckdb

namespace millpond::data {

inline constexpr char kLakeCatalog[] = "lake";

// What one statement resolved; hangs on the statement's connection.
class StatementTables : public duckdb::ClientContextState {
 public:
  static constexpr char kKey[] = "millpond_statement";

  StatementTables(std::shared_ptr<TableSource> source, std::shared_ptr<PlannedScans> scans);
  ~StatementTables() override;

  static StatementTables& Of(duckdb::ClientContext& context);

  duckdb::SchemaCatalogEntry& Schema(duckdb::Catalog& catalog, const std::string& name);
  // Throws DuckDB's exceptions; never null.
  duckdb::CatalogEntry& Table(duckdb::ClientContext& context, duckdb::SchemaCatalogEntry& schema,
                              const std::string& name, const TableMoment& moment);
  // What was scanned; scans of tables that no plan kept are left out.
  std::vector<ScanReport> Reports() const;
  void ReadFooters();  // of scans that will not run
  void AddMeter(std::shared_ptr<ScanMeter> meter);
  Micros Now() const { return source_->Now(); }

  const std::shared_ptr<PlannedScans>& scans() const { return scans_; }

  // How scans give variant columns: as JSON, which is what one looks at, or, where the result is
  // stored in variant columns again, as they are. Before anything is resolved.
  void SetVariants(VariantForm form) { variants_ = form; }
  VariantForm variants() const { return variants_; }

 private:
  using Key = std::tuple<std::string, std::string, TableMoment>;
  std::shared_ptr<TableSource> source_;
  std::shared_ptr<PlannedScans> scans_;
  VariantForm variants_ = VariantForm::kJson;
  mutable std::mutex mutex_;
  std::map<std::string, duckdb::unique_ptr<duckdb::SchemaCatalogEntry>> schemas_;
  std::map<Key, duckdb::unique_ptr<duckdb::CatalogEntry>> tables_;
  std::vector<std::shared_ptr<ScanMeter>> meters_;
};

// Makes ATTACH '' AS lake (TYPE millpond) possible.
void RegisterLakeStorage(duckdb::DBConfig& config);

}  // namespace millpond::data
