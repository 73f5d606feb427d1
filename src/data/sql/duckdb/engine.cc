// QueryEngine by DuckDB: one locked-down instance, one connection a statement.
#include <arrow/record_batch.h>

#include <algorithm>
#include <atomic>
#include <duckdb.hpp>
#include <duckdb/common/virtual_file_system.hpp>
#include <duckdb/main/client_config.hpp>
#include <duckdb/main/client_context.hpp>
#include <duckdb/main/prepared_statement.hpp>
#include <filesystem>

#include "base/log.h"
#include "data/sql/duckdb/bound_calls_internal.h"
#include "data/sql/duckdb/clock_functions_internal.h"
#include "data/sql/duckdb/errors_internal.h"
#include "data/sql/duckdb/exact_cast_internal.h"
#include "data/sql/duckdb/lake_catalog.h"
#include "data/sql/duckdb/results_internal.h"
#include "data/sql/duckdb/row_expressions_internal.h"
#include "data/sql/duckdb/timestamps_internal.h"
#include "data/sql/duckdb/types_internal.h"
#include "data/sql/duckdb/variant_functions_internal.h"
#include "data/sql/duckdb/watchdog_internal.h"
#include "data/sql/query_engine.h"
#include "data/sql/tokenizer.h"

namespace millpond::data {
namespace {

constexpr std::string_view kVersion = "v1.5.6";
// DuckDB holds up to this much outside the pool that memory_limit bounds (measured: 100-250 MB).
constexpr int64_t kOutsidePool = int64_t{256} << 20;

// Of rows that wait for whoever takes them. A table's writer takes many at a time, and the query
// does not stop meanwhile; a reader may stop after the first.
constexpr int64_t kBytesForWriter = int64_t{32} << 20;
constexpr int64_t kBytesForReader = int64_t{8} << 20;

// A connection with the tables of its one statement.
struct Running {
  Running(duckdb::DuckDB& db, std::shared_ptr<TableSource> source,
          std::shared_ptr<PlannedScans> scans, std::shared_ptr<Watchdog> watchdog_in)
      : connection(db),
        tables(duckdb::make_shared_ptr<StatementTables>(std::move(source), std::move(scans))),
        watchdog(std::move(watchdog_in)) {
    connection.context->registered_state->Insert(StatementTables::kKey, tables);
    watch = watchdog->Watch([this] { connection.Interrupt(); });
  }
  ~Running() { watchdog->Forget(watch); }

  duckdb::Connection connection;
  duckdb::shared_ptr<StatementTables> tables;
  std::shared_ptr<Watchdog> watchdog;
  uint64_t watch = 0;
};

class DuckEngine : public QueryEngine {
 public:
  DuckEngine(const Environment& env, std::shared_ptr<PlannedScans> scans, duckdb::DBConfig& config,
             std::string temp)
      : env_(env),
        temp_(std::move(temp)),
        scans_(std::move(scans)),
        db_(nullptr, &config),
        watchdog_(std::make_shared<Watchdog>(env.cancellation)) {}
  ~DuckEngine() override {
    if (!temp_.empty() && !env_.fs.RemoveTree(temp_)) LogWarn("sql", "cannot remove {}", temp_);
  }

  Status LockDown(const QueryEngineOptions& options);

  Result<std::shared_ptr<arrow::RecordBatchReader>> Run(const QueryText& query,
                                                        std::shared_ptr<TableSource> tables,
                                                        const RunOptions& options) override {
    MP_RETURN_IF_ERROR(env_.cancellation.Check());
    const TextOfDuckDB where{query.source, query.rewritten, 0, &options};
    auto running = Start(std::move(tables));
    const bool keeps_variants = std::ranges::any_of(
        options.columns, [](const auto& column) { return column.type.Holds(TypeKind::kVariant); });
    if (keeps_variants) {
      running->tables->SetVariants(VariantForm::kJoined);
      MP_RETURN_IF_ERROR(Catching(where, [&] {
        CheckVariantUses(running->connection, query.rewritten.text());
        return true;
      }));
    }
    const bool to_table = !options.columns.empty();
    auto result = std::make_shared<CollectedResult>(to_table ? kBytesForWriter : kBytesForReader);
    auto& config = duckdb::ClientConfig::GetConfig(*running->connection.context);
    config.get_result_collector = CollectInto(result, query, options);
    config.enable_progress_bar = options.progress != nullptr;
    config.print_progress_bar = false;
    MP_ASSIGN_OR_RETURN(auto pending, Catching(where, [&] {
                          auto planned = running->connection.PendingQuery(query.rewritten.text());
                          if (planned->HasError()) planned->GetErrorObject().Throw();
                          return planned;
                        }));
    config.get_result_collector = nullptr;
    auto interrupt = [weak = std::weak_ptr(running)] {
      if (const auto still = weak.lock()) still->connection.Interrupt();
    };
    auto percent = [&connection = running->connection] { return connection.GetQueryProgress(); };
    return MakeResultReader(
        {std::move(running), std::move(interrupt), std::move(percent), std::move(pending)},
        std::move(result));
  }

  Result<std::shared_ptr<arrow::Schema>> Describe(const QueryText& query,
                                                  std::shared_ptr<TableSource> tables) override {
    const TextOfDuckDB where{query.source, query.rewritten};
    const auto running = Start(std::move(tables));
    MP_ASSIGN_OR_RETURN(auto statement, Catching(where, [&] {
                          auto prepared = running->connection.Prepare(query.rewritten.text());
                          if (prepared->HasError()) prepared->GetErrorObject().Throw();
                          return prepared;
                        }));
    duckdb::vector<duckdb::LogicalType> types;
    for (const auto& type : statement->GetTypes()) types.push_back(ResultType(type));
    const auto& names = statement->GetNames();
    return ResultSchema({names.begin(), names.end()}, std::move(types),
                        running->connection.context->GetClientProperties());
  }

  Result<BoundCalls> Calls(const QueryText& query, std::shared_ptr<TableSource> tables) override {
    const TextOfDuckDB where{query.source, query.rewritten};
    const auto running = Start(std::move(tables));
    return Catching(where, [&] { return CallsOf(running->connection, query.rewritten.text()); });
  }

  std::shared_ptr<RowExpressionEngine> row_expressions() override {
    return MakeRowExpressions(env_, {db_.instance, scans_, watchdog_});
  }

  Result<QueryPlan> Explain(const QueryText& query, std::shared_ptr<TableSource> tables,
                            bool run) override {
    const std::string prefix = run ? "EXPLAIN ANALYZE " : "EXPLAIN ";
    const TextOfDuckDB where{query.source, query.rewritten, prefix.size()};
    const auto running = Start(std::move(tables));
    MP_ASSIGN_OR_RETURN(auto result, Send(*running, prefix + query.rewritten.text(), where));
    return Catching(where, [&] {
      QueryPlan plan;
      while (auto chunk = result->Fetch()) {
        if (chunk->size() == 0) break;
        for (duckdb::idx_t row = 0; row < chunk->size(); ++row) {
          plan.text += chunk->GetValue(1, row).ToString();
        }
      }
      if (result->HasError()) result->GetErrorObject().Throw();
      if (!run) running->tables->ReadFooters();
      plan.scans = running->tables->Reports();
      return plan;
    });
  }

 private:
  std::shared_ptr<Running> Start(std::shared_ptr<TableSource> tables) {
    return std::make_shared<Running>(db_, std::move(tables), scans_, watchdog_);
  }

  static Result<duckdb::unique_ptr<duckdb::QueryResult>> Send(Running& running,
                                                              const std::string& text,
                                                              const TextOfDuckDB& where) {
    return Catching(where, [&] {
      auto result = running.connection.SendQuery(text);
      if (result->HasError()) result->GetErrorObject().Throw();
      return result;
    });
  }

  Environment env_;
  std::string temp_;
  std::shared_ptr<PlannedScans> scans_;
  duckdb::DuckDB db_;
  std::shared_ptr<Watchdog> watchdog_;
};

Status DuckEngine::LockDown(const QueryEngineOptions& options) {
  const int64_t pool = std::max(options.memory_bytes - kOutsidePool, options.memory_bytes / 2);
  // The order matters: nothing can be set after the last one, and extensions must not load while
  // files are still open to DuckDB.
  const std::string script = fmt::format(
      R"(SET GLOBAL temp_directory = {};
      SET GLOBAL memory_limit = '{}B';
      SET GLOBAL threads = {};
      SET GLOBAL TimeZone = 'UTC';
      SET GLOBAL Calendar = 'gregorian';
      SET GLOBAL enable_external_file_cache = false;
      SET GLOBAL errors_as_json = true;
      SET GLOBAL autoinstall_known_extensions = false;
      SET GLOBAL autoload_known_extensions = false;
      SET GLOBAL allow_community_extensions = false;
      ATTACH '' AS {} (TYPE millpond);
      SET GLOBAL allowed_directories = ['{}'];
      SET GLOBAL enable_external_access = false;
      SET GLOBAL lock_configuration = true;)",
      QuoteString(temp_), pool, options.threads, kLakeCatalog, kLakePrefix);
  MP_RETURN_IF_ERROR(RegisterExact(*db_.instance));
  MP_RETURN_IF_ERROR(RegisterVariants(db_));
  MP_RETURN_IF_ERROR(RegisterClocks(*db_.instance));
  RegisterTimestamps(*db_.instance);
  duckdb::Connection connection(db_);
  const auto result = connection.Query(script);
  if (!result->HasError()) return OkStatus();
  return Fail(ErrorKind::kInternal, "DuckDB cannot be set up: {}", result->GetError());
}

// A folder of this instance alone under `parent`, named "<process>-<number>"; those of processes
// that are gone are removed with what they spilled.
Result<std::string> MakeTempDirectory(FileSystem& fs, const std::string& parent) {
  static std::atomic<int> number{0};
  MP_RETURN_IF_ERROR(fs.CreateDirectories(parent));
  MP_ASSIGN_OR_RETURN(const auto entries, fs.List(parent));
  for (const FileInfo& entry : entries) {
    const std::string_view name = FileName(entry.path);
    const std::string process(name.substr(0, name.find('-')));
    MP_ASSIGN_OR_RETURN(const bool runs, fs.Exists("/proc/" + process));
    if (!runs) MP_RETURN_IF_ERROR(fs.RemoveTree(entry.path));
  }
  std::error_code error;
  const std::string self = std::filesystem::read_symlink("/proc/self", error).string();
  if (error) return Fail(ErrorKind::kUnavailable, "cannot read /proc/self: {}", error.message());
  const std::string path = JoinPath(parent, fmt::format("{}-{}", self, number++));
  MP_RETURN_IF_ERROR(fs.CreateDirectories(path));
  return path;
}

}  // namespace

Result<std::unique_ptr<QueryEngine>> QueryEngine::Open(const Environment& env,
                                                       const QueryEngineOptions& options) {
  if (duckdb::DuckDB::LibraryVersion() != kVersion) {
    return Fail(ErrorKind::kUnsupported,
                "this program was built for DuckDB {} and found {}; run tools/setup to fetch the "
                "right library",
                kVersion, duckdb::DuckDB::LibraryVersion());
  }
  auto made = MakeTempDirectory(env.fs, options.temp_directory);
  if (!made) {  // a read-only or full disk: queries that fit into memory run
    LogInfo("sql", "queries cannot spill to disk: {}", made.error().ToString());
  }
  const std::string temp = made.value_or("");
  try {
    auto scans = std::make_shared<PlannedScans>(env);
    duckdb::DBConfig config;
    RegisterLakeStorage(config);
    auto files = duckdb::make_uniq<duckdb::VirtualFileSystem>();
    files->RegisterSubSystem(MakeLakeFileSystem(env, scans));
    config.file_system = std::move(files);
    auto engine = std::make_unique<DuckEngine>(env, std::move(scans), config, temp);
    MP_RETURN_IF_ERROR(engine->LockDown(options));
    return engine;
  } catch (const std::exception& exception) {
    return Fail(ErrorKind::kInternal, "DuckDB does not start: {}",
                duckdb::ErrorData(exception).RawMessage());
  }
}

}  // namespace millpond::data
