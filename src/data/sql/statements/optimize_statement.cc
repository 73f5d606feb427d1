// OPTIMIZE t [FULL] [WHERE partition predicate] [ZORDER BY (a, …) | a, …], REORG TABLE t APPLY
// (PURGE).
#include "base/json.h"
#include "data/delta/care/optimize.h"
#include "data/sql/statements/change_statement_internal.h"
#include "data/sql/statements/partition_predicate_internal.h"
#include "data/sql/statements/table_head_internal.h"

namespace millpond::data {
namespace {

std::string Size(int64_t files, int64_t bytes) {
  return fmt::format("{} file{} of {} bytes", files, files == 1 ? "" : "s", bytes);
}

std::string Describe(const std::string& name, const OptimizeResult& result) {
  std::string text;
  if (result.commits == 0 && result.bins_given_way == 0 && !result.stopped) {
    return fmt::format("nothing to do in {}: {}, version {}", name,
                       Size(result.files_before, result.bytes_before), result.version);
  }
  text = fmt::format("{} of {} became {}; the table had {} and has {}, version {}",
                     Size(result.files_removed, result.bytes_removed), name,
                     Size(result.files_added, result.bytes_added),
                     Size(result.files_before, result.bytes_before),
                     Size(result.files_after, result.bytes_after), result.version);
  if (result.bins_given_way > 0) {
    text += fmt::format("; {} groups of files gave way to other writers: run it again",
                        result.bins_given_way);
  }
  if (result.stopped) text += "; there is work left";
  return text;
}

// "(a, b)", or without the parentheses.
Result<std::vector<std::string>> TakeOrder(TokenCursor& at) {
  if (at.AtEnd() || at.Peek()->IsPunctuation("(")) return TakeColumnList(at);
  std::vector<std::string> columns;
  do {
    MP_ASSIGN_OR_RETURN(columns.emplace_back(), at.TakeName("a column"));
  } while (at.Accept(","));
  return columns;
}

}  // namespace

Result<QueryResult> ExecuteOptimize(const Statement& statement, StatementContext& context) {
  const SourceText& source = statement.source;
  TokenCursor at(statement.tokens, source);
  MP_RETURN_IF_ERROR(at.Expect("OPTIMIZE"));
  const size_t offset = at.offset();
  MP_ASSIGN_OR_RETURN(const auto path, at.TakeTable());
  auto opened = OpenTableToChange(path, context);
  if (!opened) return ErrorAt(source, offset, opened.error());
  OptimizeOptions options;
  options.full = at.Accept("FULL");
  std::string_view condition;
  if (at.Accept("WHERE")) {
    MP_ASSIGN_OR_RETURN(condition, at.TakeExpression("a condition", {"ZORDER"}));
    MP_ASSIGN_OR_RETURN(const auto snapshot, opened->table.Latest());
    MP_RETURN_IF_ERROR(CheckPartitionPredicate(condition, *snapshot, context));
  }
  options.progress = context.progress();
  if (at.Accept("ZORDER", "BY")) {
    MP_ASSIGN_OR_RETURN(options.zorder_by, TakeOrder(at));
  }
  MP_RETURN_IF_ERROR(at.ExpectEnd());

  Json predicate = Json::array();
  if (!condition.empty()) {
    predicate.push_back(condition);
    options.wanted = [&](const std::shared_ptr<const Snapshot>& snapshot) {
      return FilesOfPartitions(condition, snapshot, context);
    };
  }
  options.parameters = {{"predicate", DumpJson(predicate)},
                        {"zOrderBy", DumpJson(Json(options.zorder_by))},
                        {"auto", "false"}};
  if (options.full) options.parameters["isFull"] = "true";
  options.spill_folder = JoinPath(context.catalog().workspace().state_dir, "tmp/care");
  auto result = OptimizeTable(opened->table, options);
  if (!result) return ErrorAt(source, offset, result.error());
  return QueryResult{nullptr, Describe(opened->name, *result)};
}

Result<QueryResult> ExecuteReorg(const Statement& statement, StatementContext& context) {
  const SourceText& source = statement.source;
  TokenCursor at(statement.tokens, source);
  MP_RETURN_IF_ERROR(at.Expect("REORG"));
  MP_RETURN_IF_ERROR(at.Expect("TABLE"));
  const size_t offset = at.offset();
  MP_ASSIGN_OR_RETURN(const auto path, at.TakeTable());
  for (const char* word : {"APPLY", "(", "PURGE", ")"}) MP_RETURN_IF_ERROR(at.Expect(word));
  MP_RETURN_IF_ERROR(at.ExpectEnd());
  auto opened = OpenTableToChange(path, context);
  if (!opened) return ErrorAt(source, offset, opened.error());
  OptimizeOptions options;
  options.progress = context.progress();
  options.purge = true;
  options.operation = "REORG";
  options.parameters = {{"predicate", "[]"}, {"applyPurge", "true"}};
  auto result = OptimizeTable(opened->table, options);
  if (!result) return ErrorAt(source, offset, result.error());
  return QueryResult{nullptr, Describe(opened->name, *result)};
}

}  // namespace millpond::data
