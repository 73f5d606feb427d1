#include "data/sql/session.h"

#include <arrow/record_batch.h>

#include <algorithm>

#include "data/arrow/status.h"
#include "data/sql/change_behind_with.h"
#include "data/sql/execute_each.h"
#include "data/sql/rows.h"
#include "data/sql/statement_context.h"
#include "data/sql/syntax.h"
#include "data/sql/tokenizer.h"

namespace millpond::data {
namespace {

struct Refusal {
  std::string_view word;
  std::string_view remedy;
};

// Statements that SQL has and Millpond does not run yet: named, with what to do instead.
constexpr Refusal kNotBuilt[] = {
    {"PIVOT", "write aggregates with FILTER (WHERE …)"},
    {"UNPIVOT", "write a UNION ALL of SELECTs"},
};

std::unexpected<Error> Refuse(const Statement& statement) {
  const Token& first = statement.tokens.front();
  for (const Refusal& refusal : kNotBuilt) {
    if (!first.Is(refusal.word)) continue;
    return FailAt(statement.source, first.offset, ErrorKind::kUnsupported,
                  "{} is not built yet; {}", refusal.word, refusal.remedy);
  }
  return FailAt(
      statement.source, first.offset, ErrorKind::kInvalidArgument,
      "no statement begins with '{}'; there are SELECT (WITH, FROM, VALUES, TABLE), EXPLAIN, "
      "CREATE TABLE, CREATE FEATURE VIEW, INSERT, UPDATE, DELETE, MERGE, COPY INTO, "
      "TRUNCATE TABLE, ALTER TABLE, COMMENT ON, DROP TABLE, UNDROP TABLE, RESTORE TABLE, "
      "OPTIMIZE, REORG TABLE, VACUUM, DESCRIBE and SHOW (TABLES, TBLPROPERTIES, COLUMNS, "
      "CREATE TABLE)",
      first.text);
}

Result<QueryResult> ExecuteBuiltIn(const Statement& statement, StatementContext& context) {
  const Token& first = statement.tokens.front();
  if (const auto change = ChangeBehindWith(statement)) {
    const std::string_view all = statement.text;
    context.SetCommonTables(all.substr(0, all.size() - change->text.size()));
    return ExecuteBuiltIn(*change, context);
  }
  for (std::string_view word : {"SELECT", "WITH", "FROM", "VALUES", "TABLE"}) {
    if (!first.Is(word) && !first.IsPunctuation("(")) continue;
    MP_ASSIGN_OR_RETURN(auto rows, context.Run(statement.text));
    return QueryResult{std::move(rows), ""};
  }
  if (first.Is("EXPLAIN")) return ExecuteExplain(statement, context);
  if (statement.StartsWith({"CREATE", "TABLE"}) ||
      statement.StartsWith({"CREATE", "OR", "REPLACE", "TABLE"})) {
    return ExecuteCreateTable(statement, context);
  }
  if (first.Is("INSERT")) return ExecuteInsert(statement, context);
  if (first.Is("DELETE")) return ExecuteDelete(statement, context);
  if (first.Is("UPDATE")) return ExecuteUpdate(statement, context);
  if (first.Is("MERGE")) return ExecuteMerge(statement, context);
  if (first.Is("OPTIMIZE")) return ExecuteOptimize(statement, context);
  if (first.Is("REORG")) return ExecuteReorg(statement, context);
  if (first.Is("VACUUM")) return ExecuteVacuum(statement, context);
  if (statement.StartsWith({"COMMENT", "ON"})) return ExecuteComment(statement, context);
  if (first.Is("TRUNCATE")) return ExecuteTruncate(statement, context);
  if (first.Is("RESTORE")) return ExecuteRestore(statement, context);
  if (first.Is("COPY")) return ExecuteCopyInto(statement, context);
  if (statement.StartsWith({"ALTER", "TABLE"})) return ExecuteAlter(statement, context);
  if (first.Is("DROP")) return ExecuteDropTable(statement, context);
  if (first.Is("UNDROP")) return ExecuteUndrop(statement, context);
  if (first.Is("DESCRIBE") || first.Is("DESC")) return ExecuteDescribe(statement, context);
  if (first.Is("SHOW")) return ExecuteShow(statement, context);
  if (first.Is("CREATE")) {
    return FailAt(
        statement.source, first.offset, ErrorKind::kUnsupported,
        "of CREATE there are CREATE [OR REPLACE] TABLE [IF NOT EXISTS] t (…) | AS SELECT … "
        "and CREATE FEATURE VIEW; pipelines stand in transformations/*.sql");
  }
  return Refuse(statement);
}

}  // namespace

// -- engine

SqlEngine::SqlEngine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SqlEngine::~SqlEngine() = default;

Result<std::unique_ptr<SqlEngine>> SqlEngine::Open(Catalog& catalog, SqlOptions options) {
  auto impl = std::make_unique<Impl>(catalog);
  impl->access = options.access != nullptr ? options.access : &impl->allow_all;
  const Workspace& workspace = catalog.workspace();
  Arbiter& arbiter = workspace.env.arbiter;
  QueryEngineOptions query_options;
  query_options.memory_bytes =
      options.memory_bytes > 0 ? options.memory_bytes : arbiter.memory_bytes() / 2;
  query_options.threads = options.threads > 0 ? options.threads : arbiter.threads();
  query_options.temp_directory = JoinPath(workspace.state_dir, "tmp/sql");
  MP_ASSIGN_OR_RETURN(impl->memory, arbiter.Reserve(options.resource_class,
                                                    query_options.memory_bytes, "SQL queries"));
  MP_ASSIGN_OR_RETURN(impl->queries, QueryEngine::Open(workspace.env, query_options));
  catalog.SetExpressions(impl->queries->row_expressions());
  return std::unique_ptr<SqlEngine>(new SqlEngine(std::move(impl)));
}

void SqlEngine::Register(StatementHandler* handler) {
  impl_->handlers.push_back(handler);
}

void SqlEngine::Register(RelationFunction* function) {
  impl_->functions[function->name()] = function;
}

Result<std::unique_ptr<SqlSession>> SqlEngine::Connect(Principal principal) {
  auto impl = std::unique_ptr<SqlSession::Impl>(
      new SqlSession::Impl{*this, *impl_, std::move(principal), {}, nullptr});
  return std::unique_ptr<SqlSession>(new SqlSession(std::move(impl)));
}

Catalog& SqlEngine::catalog() {
  return impl_->catalog;
}

// -- one statement

RelationFunction* StatementContext::FindFunction(const std::string& name) const {
  auto found = session_.shared.functions.find(name);
  return found == session_.shared.functions.end() ? nullptr : found->second;
}

Result<PreparedQuery> StatementContext::Prepare(std::string_view part,
                                                std::vector<Replacement> replacements) {
  if (!common_tables_.empty()) {
    MP_RETURN_IF_ERROR(ParseSelect(part, source_, replacements));
    MP_ASSIGN_OR_RETURN(const auto query, Rewrite(part, source_, std::move(replacements)));
    return Prepare(query);
  }
  auto find = [this](const std::string& name) { return FindFunction(name); };
  return PrepareQuery(part, source_, std::move(replacements), tables_, find, catalog().workspace());
}

Result<PreparedQuery> StatementContext::Prepare(const RewrittenSql& composed) {
  auto find = [this](const std::string& name) { return FindFunction(name); };
  if (common_tables_.empty()) {
    return PrepareQuery(composed, source_, tables_, find, catalog().workspace());
  }
  MP_ASSIGN_OR_RETURN(RewrittenSql sql, Rewrite(common_tables_, source_));
  const size_t offset = composed.SourceOffset(0);
  sql.Append(" SELECT * FROM (", offset);  // the query may have a WITH of its own
  sql.Append(composed);
  sql.Append(")", offset);
  return PrepareQuery(sql, source_, tables_, find, catalog().workspace());
}

Result<std::shared_ptr<arrow::RecordBatchReader>> StatementContext::Run(
    const RewrittenSql& composed, RunOptions options) {
  MP_ASSIGN_OR_RETURN(auto query, Prepare(composed));
  options.progress = session_.progress;
  return session_.shared.queries->Run({source_, query.text}, query.tables, options);
}

Result<std::shared_ptr<arrow::RecordBatchReader>> StatementContext::Run(
    std::string_view part, std::vector<Replacement> replacements, RunOptions options) {
  MP_ASSIGN_OR_RETURN(auto query, Prepare(part, std::move(replacements)));
  options.progress = session_.progress;
  return session_.shared.queries->Run({source_, query.text}, query.tables, options);
}

Result<std::shared_ptr<arrow::Schema>> StatementContext::Describe(const RewrittenSql& composed) {
  MP_ASSIGN_OR_RETURN(auto query, Prepare(composed));
  return session_.shared.queries->Describe({source_, query.text}, query.tables);
}

Result<bool> StatementContext::HasRows(const RewrittenSql& composed) {
  MP_ASSIGN_OR_RETURN(auto rows, Run(composed));
  std::shared_ptr<arrow::RecordBatch> batch;
  do {
    MP_ARROW_RETURN_IF_ERROR(rows->ReadNext(&batch));
  } while (batch != nullptr && batch->num_rows() == 0);
  return batch != nullptr;
}

Result<QueryPlan> StatementContext::Explain(std::string_view part, bool run,
                                            std::vector<Replacement> replacements) {
  MP_ASSIGN_OR_RETURN(auto query, Prepare(part, std::move(replacements)));
  return session_.shared.queries->Explain({source_, query.text}, query.tables, run);
}

Result<QueryPlan> StatementContext::Explain(const RewrittenSql& composed, bool run) {
  MP_ASSIGN_OR_RETURN(auto query, Prepare(composed));
  return session_.shared.queries->Explain({source_, query.text}, query.tables, run);
}

Result<std::shared_ptr<arrow::Schema>> StatementContext::Describe(
    std::string_view part, std::vector<Replacement> replacements) {
  MP_ASSIGN_OR_RETURN(auto query, Prepare(part, std::move(replacements)));
  return session_.shared.queries->Describe({source_, query.text}, query.tables);
}

Result<BoundCalls> StatementContext::Calls(std::string_view part,
                                           std::vector<Replacement> replacements) {
  MP_ASSIGN_OR_RETURN(auto query, Prepare(part, std::move(replacements)));
  return session_.shared.queries->Calls({source_, query.text}, query.tables);
}

StatementHandler* StatementContext::FindHandler(const Statement& statement) const {
  const auto& handlers = session_.shared.handlers;
  const auto found = std::ranges::find_if(
      handlers, [&](StatementHandler* candidate) { return candidate->Accepts(statement); });
  return found == handlers.end() ? nullptr : *found;
}

Status ExecuteEach(SqlSession& session, const SourceText& source, const TakeResult& take) {
  MP_ASSIGN_OR_RETURN(const auto statements, SplitStatements(source));
  if (statements.empty()) {
    return Fail(ErrorKind::kInvalidArgument, "{}: there is no statement", source.file());
  }
  for (const Statement& statement : statements) {
    StatementContext context(session, source);
    StatementHandler* handler = context.FindHandler(statement);
    MP_ASSIGN_OR_RETURN(QueryResult result, handler != nullptr
                                                ? handler->Execute(statement, session)
                                                : ExecuteBuiltIn(statement, context));
    MP_RETURN_IF_ERROR(take(std::move(result), &statement == &statements.back()));
  }
  return OkStatus();
}

// -- session

SqlSession::SqlSession(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SqlSession::~SqlSession() = default;

const Principal& SqlSession::principal() const {
  return impl_->principal;
}
SqlEngine& SqlSession::engine() {
  return impl_->engine;
}

Result<QueryResult> SqlSession::Execute(std::string_view text, std::string file) {
  return Execute(SourceText(std::move(file), std::string(text)));
}

Result<QueryResult> SqlSession::Execute(const SourceText& source) {
  QueryResult last;
  MP_RETURN_IF_ERROR(ExecuteEach(*this, source, [&](QueryResult result, bool is_last) -> Status {
    if (!is_last) return result.rows ? DrainRows(*result.rows) : OkStatus();
    last = std::move(result);
    return OkStatus();
  }));
  return last;
}

Result<std::shared_ptr<arrow::RecordBatchReader>> SqlSession::Select(std::string_view select,
                                                                     std::string file) {
  const SourceText source(std::move(file), std::string(select));
  return Select(source.text(), source);
}

Result<std::shared_ptr<arrow::RecordBatchReader>> SqlSession::Select(
    std::string_view part, const SourceText& source, std::vector<Replacement> replacements) {
  return StatementContext(*impl_, source).Run(part, std::move(replacements));
}

Result<std::shared_ptr<arrow::Schema>> SqlSession::SchemaOf(std::string_view part,
                                                            const SourceText& source,
                                                            std::vector<Replacement> replacements) {
  return StatementContext(*impl_, source).Describe(part, std::move(replacements));
}

Result<BoundCalls> SqlSession::CallsOf(std::string_view part, const SourceText& source,
                                       std::vector<Replacement> replacements) {
  return StatementContext(*impl_, source).Calls(part, std::move(replacements));
}

Status SqlSession::RegisterReader(std::string name,
                                  std::shared_ptr<arrow::RecordBatchReader> reader) {
  MP_RETURN_IF_ERROR(ValidateNamePart(name, "relation"));
  auto& place = impl_->names.readers[LowerName(name)];
  place = std::make_shared<OnceReader>(std::move(reader), std::move(name));
  return OkStatus();
}

void SqlSession::SetProgress(Progress* progress) {
  impl_->progress = progress;
}

Status SqlSession::PinTable(const TableName& table, int64_t version) {
  impl_->names.pins[table] = version;
  return OkStatus();
}

}  // namespace millpond::data
