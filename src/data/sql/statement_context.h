// What engine, session and the executors of statements share.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/resources/arbiter.h"
#include "data/catalog/catalog.h"
#include "data/sql/prepared_query_internal.h"
#include "data/sql/query_engine.h"
#include "data/sql/session.h"
#include "data/sql/session_tables_internal.h"
#include "data/sql/table_changes.h"

namespace millpond::data {

struct SqlEngine::Impl {
  explicit Impl(Catalog& catalog_in) : catalog(catalog_in) {}

  Catalog& catalog;
  AllowAll allow_all;
  AccessPolicy* access = nullptr;
  MemoryReservation memory;  // what DuckDB may hold
  std::unique_ptr<QueryEngine> queries;
  std::vector<StatementHandler*> handlers;
  TableChanges changes{false}, changes_by_path{true};
  std::map<std::string, RelationFunction*> functions = {  // by lower-case name
      {changes.name(), &changes},
      {changes_by_path.name(), &changes_by_path}};
};

struct SqlSession::Impl {
  SqlEngine& engine;
  SqlEngine::Impl& shared;  // engine's own
  Principal principal;
  SessionNames names;
  Progress* progress = nullptr;
};

struct Explanation {
  bool run = false;
  std::optional<QueryPlan> plan = {};
};

// One statement at work: the session's names, the tables it resolved, the engine.
class StatementContext {
 public:
  StatementContext(SqlSession::Impl& session, const SourceText& source)
      : session_(session),
        source_(source),
        tables_(std::make_shared<SessionTables>(session.shared.catalog, *session.shared.access,
                                                session.principal, session.names)) {}

  StatementContext(SqlSession& session, const SourceText& source)
      : StatementContext(*session.impl_, source) {}

  // Of another layer's statement; null if it is one of SQL's own.
  StatementHandler* FindHandler(const Statement& statement) const;
  Catalog& catalog() { return session_.shared.catalog; }
  SessionTables& tables() { return *tables_; }
  const SourceText& source() const { return source_; }
  Progress* progress() { return session_.progress; }  // null: nobody waits
  Status Check(Privilege privilege, const std::string& object) {
    return session_.shared.access->Check(session_.principal, privilege, object);
  }

  Result<PreparedQuery> Prepare(std::string_view part, std::vector<Replacement> replacements = {});
  Result<std::shared_ptr<arrow::RecordBatchReader>> Run(std::string_view part,
                                                        std::vector<Replacement> replacements = {},
                                                        RunOptions options = {});
  // A query put together from parts of the user's text.
  Result<std::shared_ptr<arrow::RecordBatchReader>> Run(const RewrittenSql& composed,
                                                        RunOptions options = {});
  // Does such a query give any row?
  Result<bool> HasRows(const RewrittenSql& composed);
  // `run`: the query runs, and the plan says what was read.
  Result<QueryPlan> Explain(std::string_view part, bool run,
                            std::vector<Replacement> replacements = {});
  Result<QueryPlan> Explain(const RewrittenSql& composed, bool run);
  // EXPLAIN of a statement that changes rows: not null, and the statement puts the plan of the
  // query that finds its rows there instead of changing anything.
  Explanation* explanation() { return explanation_; }
  void SetExplanation(Explanation* explanation) { explanation_ = explanation; }
  Result<std::shared_ptr<arrow::Schema>> Describe(std::string_view part,
                                                  std::vector<Replacement> replacements = {});
  Result<std::shared_ptr<arrow::Schema>> Describe(const RewrittenSql& composed);
  Result<BoundCalls> Calls(std::string_view part, std::vector<Replacement> replacements);
  // "WITH a AS (…), …" in front of INSERT, MERGE, UPDATE or DELETE: each query of the statement
  // sees these names.
  void SetCommonTables(std::string_view with) { common_tables_ = with; }
  RelationFunction* FindFunction(const std::string& name) const;  // null: not registered

 private:
  SqlSession::Impl& session_;
  Result<PreparedQuery> Prepare(const RewrittenSql& composed);

  const SourceText& source_;
  std::string_view common_tables_;
  std::shared_ptr<SessionTables> tables_;
  Explanation* explanation_ = nullptr;
};

// What a write says: "3 rows inserted into main.default.t, version 1".
QueryResult WrittenRows(const TableName& name, const CommitResult& commit, std::string_view verb);
// `result` with what the table that was made needs: "…; it needs the feature clustering". Nothing
// is added where the table cannot be opened now: it was made all the same.
QueryResult Made(QueryResult result, Result<DeltaTable> table);

// Executors, one file each. `statement` begins with the words that the name says.
Result<QueryResult> ExecuteCreateTable(const Statement& statement, StatementContext& context);
Result<QueryResult> ExecuteInsert(const Statement& statement, StatementContext& context);
Result<QueryResult> ExecuteDelete(const Statement& statement, StatementContext& context);
Result<QueryResult> ExecuteUpdate(const Statement& statement, StatementContext& context);
Result<QueryResult> ExecuteMerge(const Statement& statement, StatementContext& context);
Result<QueryResult> ExecuteOptimize(const Statement& statement, StatementContext& context);
Result<QueryResult> ExecuteReorg(const Statement& statement, StatementContext& context);
Result<QueryResult> ExecuteVacuum(const Statement& statement, StatementContext& context);
// CREATE TABLE with LOCATION, LIKE or SHALLOW CLONE, which ExecuteCreateTable gives on.
struct TableHead;
class TokenCursor;
Result<QueryResult> CreateAtLocation(const TableHead& head, TokenCursor& at,
                                     StatementContext& context);
Result<QueryResult> CreateLike(TableHead head, TokenCursor& at, StatementContext& context);
Result<QueryResult> CreateClone(TableHead head, TokenCursor& at, StatementContext& context);
// Without AS SELECT; also by CREATE TABLE … LIKE.
Result<QueryResult> CreateEmptyTable(const TableHead& head, const CreateOptions& options,
                                     StatementContext& context);
// INSERT OVERWRITE, and INSERT INTO … REPLACE WHERE, which ExecuteInsert gives on.
Result<QueryResult> ExecuteInsertOverwrite(const Statement& statement, StatementContext& context);
Result<QueryResult> ExecuteReplaceWhere(const Statement& statement, StatementContext& context);
Result<QueryResult> ExecuteTruncate(const Statement& statement, StatementContext& context);
Result<QueryResult> ExecuteRestore(const Statement& statement, StatementContext& context);
Result<QueryResult> ExecuteCopyInto(const Statement& statement, StatementContext& context);
Result<QueryResult> ExecuteUndrop(const Statement& statement, StatementContext& context);
Result<QueryResult> ExecuteDropTable(const Statement& statement, StatementContext& context);
Result<QueryResult> ExecuteComment(const Statement& statement, StatementContext& context);
Result<QueryResult> ExecuteAlter(const Statement& statement, StatementContext& context);
Result<QueryResult> ExecuteDescribe(const Statement& statement, StatementContext& context);
Result<QueryResult> ExecuteShow(const Statement& statement, StatementContext& context);
Result<QueryResult> ExecuteExplain(const Statement& statement, StatementContext& context);

}  // namespace millpond::data
