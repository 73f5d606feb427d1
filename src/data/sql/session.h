// SQL over the catalog's tables. One SqlEngine a process (it owns one locked-down DuckDB instance);
// one SqlSession a user or job. A statement goes through three walls: Millpond parses it and
// refuses what is not on its lists; the AccessPolicy is asked for every table and path; DuckDB
// itself has no way to files, extensions or configuration.
//
//   auto engine = SqlEngine::Open(catalog, {});
//   auto session = (*engine)->Connect({"local"});
//   auto result = (*session)->Execute("SELECT count(*) FROM orders", "<sql>");
//
// A statement sees one version of each table: the snapshot is resolved once per statement.
// Errors of statements begin with "file:line:column: ".
// Engine: thread-safe after the Register calls. Session: one thread at a time; readers that it gave
// out may outlive it and be read on another thread, but not outlive the engine.
// Cancelling workspace.env.cancellation interrupts running statements with kCancelled.
// The zone of the session is UTC: TIMESTAMP columns of tables are instants (TIMESTAMP WITH TIME
// ZONE in DuckDB's words) and come out as UTC.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/resources/arbiter.h"
#include "base/result.h"
#include "data/sql/access.h"
#include "data/sql/bound_calls.h"
#include "data/sql/query_result.h"
#include "data/sql/relation_function.h"
#include "data/sql/rewrite.h"
#include "data/sql/source_text.h"
#include "data/sql/statement.h"

namespace millpond {
class Progress;
}

namespace millpond::data {

class Catalog;
class SqlSession;
struct TableName;

struct SqlOptions {
  int64_t memory_bytes = 0;  // 0: half of the arbiter's budget
  int threads = 0;           // 0: the arbiter's
  ResourceClass resource_class = ResourceClass::kInteractive;
  AccessPolicy* access = nullptr;  // null: AllowAll
};

class SqlEngine {
 public:
  // The catalog must outlive the engine.
  static Result<std::unique_ptr<SqlEngine>> Open(Catalog& catalog, SqlOptions options);
  ~SqlEngine();
  SqlEngine(const SqlEngine&) = delete;
  SqlEngine& operator=(const SqlEngine&) = delete;

  // Borrowed; must outlive the engine. Before the first statement.
  void Register(StatementHandler* handler);
  void Register(RelationFunction* function);

  Result<std::unique_ptr<SqlSession>> Connect(Principal principal);
  Catalog& catalog();

 private:
  friend class SqlSession;
  friend class StatementContext;
  struct Impl;
  explicit SqlEngine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

class SqlSession {
 public:
  ~SqlSession();
  SqlSession(const SqlSession&) = delete;
  SqlSession& operator=(const SqlSession&) = delete;

  // One or several statements; gives the last one's result. The first error ends the text.
  Result<QueryResult> Execute(std::string_view text, std::string file = "<sql>");
  Result<QueryResult> Execute(const SourceText& source);

  // One query, streaming.
  Result<std::shared_ptr<arrow::RecordBatchReader>> Select(std::string_view select,
                                                           std::string file = "<sql>");
  // As above for a query that is part of a larger text (a pipeline statement's AS SELECT …); `part`
  // points into source.text(). Replacements put other relations in the place of some, for example
  // a registered reader in the place of STREAM(t); errors keep the user's places.
  Result<std::shared_ptr<arrow::RecordBatchReader>> Select(
      std::string_view part, const SourceText& source, std::vector<Replacement> replacements = {});
  // The columns that such a query would give, without running it.
  Result<std::shared_ptr<arrow::Schema>> SchemaOf(std::string_view part, const SourceText& source,
                                                  std::vector<Replacement> replacements = {});

  // What such a query calls once it is bound, without running it.
  Result<BoundCalls> CallsOf(std::string_view part, const SourceText& source,
                             std::vector<Replacement> replacements = {});

  // A private relation of this session, readable by exactly one statement; a name given again
  // replaces the old one. Names of tables in the catalog are hidden by it.
  Status RegisterReader(std::string name, std::shared_ptr<arrow::RecordBatchReader> reader);

  // Long statements (rows written, OPTIMIZE, VACUUM) say there where they are. Null: nobody waits.
  void SetProgress(Progress* progress);

  // Every later mention of the table without a version of its own reads this version.
  Status PinTable(const TableName& table, int64_t version);

  const Principal& principal() const;
  SqlEngine& engine();

 private:
  friend class SqlEngine;
  friend class StatementContext;
  struct Impl;
  explicit SqlSession(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace millpond::data
