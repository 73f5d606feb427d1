#include "data/sql/duckdb/lake_catalog.h"

#include <charconv>
#include <duckdb/catalog/catalog.hpp>
#include <duckdb/catalog/entry_lookup_info.hpp>
#include <duckdb/common/types/timestamp.hpp>
#include <duckdb/main/attached_database.hpp>
#include <duckdb/main/client_context.hpp>
#include <duckdb/parser/parsed_data/create_schema_info.hpp>
#include <duckdb/parser/parsed_data/drop_info.hpp>
#include <duckdb/planner/tableref/bound_at_clause.hpp>
#include <duckdb/storage/database_size.hpp>
#include <duckdb/storage/storage_extension.hpp>
#include <duckdb/transaction/transaction.hpp>
#include <duckdb/transaction/transaction_manager.hpp>

#include "data/sql/duckdb/errors_internal.h"
#include "data/sql/duckdb/lake_entries_internal.h"

namespace millpond::data {
namespace {

using EntryPtr = duckdb::optional_ptr<duckdb::CatalogEntry>;

[[noreturn]] void ReadOnly() {
  throw duckdb::NotImplementedException("the lake catalog is read-only");
}

// A number with a fraction would be rounded to a version that nobody asked for.
int64_t VersionOf(const duckdb::Value& value) {
  const std::string text = value.ToString();
  int64_t version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error == std::errc() && end == text.data() + text.size()) return version;
  throw duckdb::BinderException("a version is a whole number, found %s", text);
}

TableMoment MomentOf(const duckdb::EntryLookupInfo& lookup) {
  TableMoment moment;
  const auto at = lookup.GetAtClause();
  if (!at) return moment;
  const duckdb::Value& value = at->GetValue();
  if (value.IsNull()) throw duckdb::BinderException("AT must not be NULL");
  if (duckdb::StringUtil::Upper(at->Unit()) == "VERSION") {
    moment.version = VersionOf(value);
  } else if (value.type().id() == duckdb::LogicalTypeId::VARCHAR) {
    const auto parsed = ParseTimestamp(duckdb::StringValue::Get(value));
    if (!parsed) Throw(parsed.error());
    moment.at = *parsed;
  } else {
    const auto micros = value.DefaultCastAs(duckdb::LogicalType::TIMESTAMP);
    moment.at = duckdb::TimestampValue::Get(micros).value;
  }
  return moment;
}

class LakeSchema : public duckdb::SchemaCatalogEntry {
 public:
  LakeSchema(duckdb::Catalog& catalog, duckdb::CreateSchemaInfo& info)
      : SchemaCatalogEntry(catalog, info) {}

  EntryPtr LookupEntry(duckdb::CatalogTransaction transaction,
                       const duckdb::EntryLookupInfo& lookup) override {
    if (lookup.GetCatalogType() != duckdb::CatalogType::TABLE_ENTRY || !transaction.HasContext()) {
      return nullptr;
    }
    try {
      duckdb::ClientContext& context = transaction.GetContext();
      return &StatementTables::Of(context).Table(context, *this, lookup.GetEntryName(),
                                                 MomentOf(lookup));
    } catch (const std::exception& exception) {
      duckdb::ErrorData error(exception);
      error.AddQueryLocation(lookup.GetErrorContext());
      error.Throw();
    }
  }

  void Scan(duckdb::ClientContext&, duckdb::CatalogType,
            const std::function<void(duckdb::CatalogEntry&)>&) override {}
  void Scan(duckdb::CatalogType, const std::function<void(duckdb::CatalogEntry&)>&) override {}
  EntryPtr CreateIndex(duckdb::CatalogTransaction, duckdb::CreateIndexInfo&,
                       duckdb::TableCatalogEntry&) override {
    ReadOnly();
  }
  EntryPtr CreateFunction(duckdb::CatalogTransaction, duckdb::CreateFunctionInfo&) override {
    ReadOnly();
  }
  EntryPtr CreateTable(duckdb::CatalogTransaction, duckdb::BoundCreateTableInfo&) override {
    ReadOnly();
  }
  EntryPtr CreateView(duckdb::CatalogTransaction, duckdb::CreateViewInfo&) override { ReadOnly(); }
  EntryPtr CreateSequence(duckdb::CatalogTransaction, duckdb::CreateSequenceInfo&) override {
    ReadOnly();
  }
  EntryPtr CreateTableFunction(duckdb::CatalogTransaction,
                               duckdb::CreateTableFunctionInfo&) override {
    ReadOnly();
  }
  EntryPtr CreateCopyFunction(duckdb::CatalogTransaction,
                              duckdb::CreateCopyFunctionInfo&) override {
    ReadOnly();
  }
  EntryPtr CreatePragmaFunction(duckdb::CatalogTransaction,
                                duckdb::CreatePragmaFunctionInfo&) override {
    ReadOnly();
  }
  EntryPtr CreateCollation(duckdb::CatalogTransaction, duckdb::CreateCollationInfo&) override {
    ReadOnly();
  }
  EntryPtr CreateType(duckdb::CatalogTransaction, duckdb::CreateTypeInfo&) override { ReadOnly(); }
  void DropEntry(duckdb::ClientContext&, duckdb::DropInfo&) override { ReadOnly(); }
  void Alter(duckdb::CatalogTransaction, duckdb::AlterInfo&) override { ReadOnly(); }
};

class LakeCatalog : public duckdb::Catalog {
 public:
  explicit LakeCatalog(duckdb::AttachedDatabase& db) : Catalog(db) {}

  void Initialize(bool) override {}
  std::string GetCatalogType() override { return "millpond"; }
  bool SupportsTimeTravel() const override { return true; }
  bool InMemory() override { return true; }
  std::string GetDBPath() override { return ""; }
  duckdb::DatabaseSize GetDatabaseSize(duckdb::ClientContext&) override { return {}; }
  std::string GetDefaultSchema() const override { return "main.default"; }
  duckdb::CatalogLookupBehavior CatalogTypeLookupRule(duckdb::CatalogType type) const override {
    return type == duckdb::CatalogType::TABLE_ENTRY ? duckdb::CatalogLookupBehavior::STANDARD
                                                    : duckdb::CatalogLookupBehavior::NEVER_LOOKUP;
  }

  duckdb::optional_ptr<duckdb::SchemaCatalogEntry> LookupSchema(
      duckdb::CatalogTransaction transaction, const duckdb::EntryLookupInfo& lookup,
      duckdb::OnEntryNotFound) override {
    if (!transaction.HasContext()) return nullptr;
    duckdb::ClientContext& context = transaction.GetContext();
    return &StatementTables::Of(context).Schema(*this, lookup.GetEntryName());
  }
  void ScanSchemas(duckdb::ClientContext&,
                   std::function<void(duckdb::SchemaCatalogEntry&)>) override {}

  EntryPtr CreateSchema(duckdb::CatalogTransaction, duckdb::CreateSchemaInfo&) override {
    ReadOnly();
  }
  duckdb::PhysicalOperator& PlanCreateTableAs(duckdb::ClientContext&,
                                              duckdb::PhysicalPlanGenerator&,
                                              duckdb::LogicalCreateTable&,
                                              duckdb::PhysicalOperator&) override {
    ReadOnly();
  }
  duckdb::PhysicalOperator& PlanInsert(duckdb::ClientContext&, duckdb::PhysicalPlanGenerator&,
                                       duckdb::LogicalInsert&,
                                       duckdb::optional_ptr<duckdb::PhysicalOperator>) override {
    ReadOnly();
  }
  using Catalog::PlanDelete;
  duckdb::PhysicalOperator& PlanDelete(duckdb::ClientContext&, duckdb::PhysicalPlanGenerator&,
                                       duckdb::LogicalDelete&, duckdb::PhysicalOperator&) override {
    ReadOnly();
  }
  using Catalog::PlanUpdate;
  duckdb::PhysicalOperator& PlanUpdate(duckdb::ClientContext&, duckdb::PhysicalPlanGenerator&,
                                       duckdb::LogicalUpdate&, duckdb::PhysicalOperator&) override {
    ReadOnly();
  }

 private:
  void DropSchema(duckdb::ClientContext&, duckdb::DropInfo&) override { ReadOnly(); }
};

// Versions are chosen when a statement is bound; there is nothing to commit here.
class LakeTransactions : public duckdb::TransactionManager {
 public:
  explicit LakeTransactions(duckdb::AttachedDatabase& db) : TransactionManager(db) {}

  duckdb::Transaction& StartTransaction(duckdb::ClientContext& context) override {
    auto transaction = duckdb::make_uniq<duckdb::Transaction>(*this, context);
    duckdb::Transaction& out = *transaction;
    const std::lock_guard lock(mutex_);
    running_.emplace(&out, std::move(transaction));
    return out;
  }
  duckdb::ErrorData CommitTransaction(duckdb::ClientContext&,
                                      duckdb::Transaction& transaction) override {
    RollbackTransaction(transaction);
    return duckdb::ErrorData();
  }
  void RollbackTransaction(duckdb::Transaction& transaction) override {
    const std::lock_guard lock(mutex_);
    running_.erase(&transaction);
  }
  void Checkpoint(duckdb::ClientContext&, bool) override {}

 private:
  std::mutex mutex_;
  std::map<duckdb::Transaction*, duckdb::unique_ptr<duckdb::Transaction>> running_;
};

duckdb::unique_ptr<duckdb::Catalog> Attach(duckdb::optional_ptr<duckdb::StorageExtensionInfo>,
                                           duckdb::ClientContext&, duckdb::AttachedDatabase& db,
                                           const duckdb::string&, duckdb::AttachInfo&,
                                           duckdb::AttachOptions&) {
  return duckdb::make_uniq<LakeCatalog>(db);
}

duckdb::unique_ptr<duckdb::TransactionManager> MakeTransactions(
    duckdb::optional_ptr<duckdb::StorageExtensionInfo>, duckdb::AttachedDatabase& db,
    duckdb::Catalog&) {
  return duckdb::make_uniq<LakeTransactions>(db);
}

}  // namespace

StatementTables::StatementTables(std::shared_ptr<TableSource> source,
                                 std::shared_ptr<PlannedScans> scans)
    : source_(std::move(source)), scans_(std::move(scans)) {}
StatementTables::~StatementTables() = default;

StatementTables& StatementTables::Of(duckdb::ClientContext& context) {
  const auto state = context.registered_state->Get<StatementTables>(kKey);
  if (!state) throw duckdb::InternalException("no statement of Millpond's runs here");
  return *state;  // the context keeps it
}

duckdb::SchemaCatalogEntry& StatementTables::Schema(duckdb::Catalog& catalog,
                                                    const std::string& name) {
  const std::lock_guard lock(mutex_);
  auto& schema = schemas_[name];
  if (!schema) {
    duckdb::CreateSchemaInfo info;
    info.schema = name;
    schema = duckdb::make_uniq<LakeSchema>(catalog, info);
  }
  return *schema;
}

duckdb::CatalogEntry& StatementTables::Table(duckdb::ClientContext& context,
                                             duckdb::SchemaCatalogEntry& schema,
                                             const std::string& name, const TableMoment& moment) {
  const Key key{schema.name, name, moment};
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = tables_.find(key); found != tables_.end()) return *found->second;
  }
  Result<ResolvedTable> table = source_->Resolve(schema.name, name, moment);
  if (!table) Throw(table.error());
  auto entry = MakeLakeEntry(context, schema, name, std::move(*table));
  const std::lock_guard lock(mutex_);
  return *tables_.emplace(key, std::move(entry)).first->second;
}

std::vector<ScanReport> StatementTables::Reports() const {
  const std::lock_guard lock(mutex_);
  std::vector<ScanReport> reports;
  for (const auto& meter : meters_) reports.push_back(meter->report());
  return reports;
}

void StatementTables::ReadFooters() {
  const std::lock_guard lock(mutex_);
  for (const auto& meter : meters_) meter->ReadFooters(scans_->env());
}

void StatementTables::AddMeter(std::shared_ptr<ScanMeter> meter) {
  const std::lock_guard lock(mutex_);
  meters_.push_back(std::move(meter));
}

void RegisterLakeStorage(duckdb::DBConfig& config) {
  auto storage = duckdb::make_shared_ptr<duckdb::StorageExtension>();
  storage->attach = Attach;
  storage->create_transaction_manager = MakeTransactions;
  duckdb::StorageExtension::Register(config, "millpond", std::move(storage));
}

}  // namespace millpond::data
