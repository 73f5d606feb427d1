// EXPLAIN [ANALYZE | EXTENDED | FORMATTED | COST | CODEGEN] query, DELETE, UPDATE, MERGE or INSERT:
// which files and row groups are looked at, and the plan. Of a statement that changes rows it is
// the query that finds them; ANALYZE runs that query, and nothing is changed. Spark's other words
// all say EXPLAIN.
#include <arrow/record_batch.h>

#include <algorithm>
#include <iterator>

#include "data/sql/rows.h"
#include "data/sql/statement_context.h"
#include "data/sql/token_cursor.h"

namespace millpond::data {
namespace {

// "scan of main.default.t version 3: 2 of 12 files (by partitions 4), 517 of 9012 bytes, 3 of 8 row
// groups".
std::string ScanText(const ScanReport& scan) {
  std::string text = fmt::format("scan of {} version {}: {} of {} files", scan.table, scan.version,
                                 scan.files_read, scan.files);
  if (scan.files_by_partition < scan.files) {
    text += fmt::format(" (by partitions {})", scan.files_by_partition);
  }
  text += fmt::format(", {} of {} bytes", scan.bytes_read, scan.bytes);
  if (scan.row_groups_read) {
    text += fmt::format(", {} of {} row groups", *scan.row_groups_read, *scan.row_groups);
  } else if (scan.row_groups) {
    text += fmt::format(", {} row groups in them", *scan.row_groups);
  }
  return text;
}

using Executor = Result<QueryResult> (*)(const Statement&, StatementContext&);

// Null: a query, or what is none.
Executor ChangeOf(const Token& first) {
  if (first.Is("DELETE")) return ExecuteDelete;
  if (first.Is("UPDATE")) return ExecuteUpdate;
  if (first.Is("MERGE")) return ExecuteMerge;
  if (first.Is("INSERT")) return ExecuteInsert;
  return nullptr;
}

Result<QueryPlan> PlanOf(std::string_view text, const Statement& statement, bool run,
                         StatementContext& context) {
  Statement inner{statement.source, text, {}};
  const size_t begin = statement.source.OffsetOf(text);
  std::ranges::copy_if(statement.tokens, std::back_inserter(inner.tokens),
                       [&](const Token& token) { return token.offset >= begin; });
  const Executor change = inner.tokens.empty() ? nullptr : ChangeOf(inner.tokens.front());
  if (change == nullptr) return context.Explain(text, run);
  Explanation explanation{run};
  context.SetExplanation(&explanation);
  const auto changed = change(inner, context);
  context.SetExplanation(nullptr);
  MP_RETURN_IF_ERROR(changed);
  if (explanation.plan) return *std::move(explanation.plan);
  return Fail(ErrorKind::kInternal, "EXPLAIN of {} gave no plan", inner.tokens.front().text);
}

}  // namespace

Result<QueryResult> ExecuteExplain(const Statement& statement, StatementContext& context) {
  TokenCursor at(statement.tokens, statement.source);
  at.Skip();
  const bool run = at.Accept("ANALYZE");
  for (const char* word : {"EXTENDED", "FORMATTED", "COST", "CODEGEN"}) {
    if (!run && at.Accept(word)) break;
  }
  MP_ASSIGN_OR_RETURN(const auto plan, PlanOf(at.TakeRest(), statement, run, context));
  std::vector<std::vector<Cell>> rows;
  for (const auto& scan : plan.scans) {
    rows.push_back({ScanText(scan)});
  }
  std::string_view rest = plan.text;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    rows.push_back({std::string(rest.substr(0, end))});
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  MP_ASSIGN_OR_RETURN(auto reader, MakeRows({{"plan"}}, rows));
  return QueryResult{std::move(reader), ""};
}

}  // namespace millpond::data
