// ParseSelect and ParseExpression of data/sql/syntax.h, by DuckDB's parser (13 µs a statement).
#include <duckdb/parser/expression/star_expression.hpp>
#include <duckdb/parser/parser.hpp>
#include <duckdb/parser/query_node/select_node.hpp>
#include <duckdb/parser/statement/select_statement.hpp>

#include "data/sql/duckdb/errors_internal.h"
#include "data/sql/duckdb/tree_reader_internal.h"

namespace millpond::data {
namespace {

constexpr ErrorKind kBad = ErrorKind::kInvalidArgument;
constexpr std::string_view kPrefix = "SELECT ";

// A text that DuckDB can read, with the user's tokens beside it.
struct Prepared {
  RewrittenSql rewritten;
  std::vector<Token> tokens;
};

Result<Prepared> Prepare(std::string_view part, const SourceText& source,
                         const std::vector<Replacement>& replacements = {}) {
  Prepared prepared;
  MP_ASSIGN_OR_RETURN(prepared.tokens, Tokenize(part, source));
  if (prepared.tokens.empty()) {
    return FailAt(source, source.OffsetOf(part), kBad, "an expression or a query is missing here");
  }
  for (const Token& token : prepared.tokens) {
    if (token.IsPunctuation(";")) return FailAt(source, token.offset, kBad, "unexpected \";\"");
  }
  MP_ASSIGN_OR_RETURN(prepared.rewritten, Rewrite(part, source, replacements));
  return prepared;
}

Result<duckdb::unique_ptr<duckdb::SQLStatement>> Parse(const std::string& text,
                                                       const TextOfDuckDB& where) {
  return Catching(where, [&] {
    duckdb::Parser parser;
    parser.ParseQuery(text);
    if (parser.statements.size() != 1) throw duckdb::ParserException("expected one statement");
    return std::move(parser.statements[0]);
  });
}

}  // namespace

Result<SelectTree> ParseSelect(std::string_view part, const SourceText& source) {
  return ParseSelect(part, source, {});
}

Result<SelectTree> ParseSelect(std::string_view part, const SourceText& source,
                               const std::vector<Replacement>& replacements) {
  MP_ASSIGN_OR_RETURN(const Prepared prepared, Prepare(part, source, replacements));
  const TextOfDuckDB where{source, prepared.rewritten};
  MP_ASSIGN_OR_RETURN(const auto statement, Parse(prepared.rewritten.text(), where));
  if (statement->type != duckdb::StatementType::SELECT_STATEMENT) {
    return FailAt(source, prepared.tokens[0].offset, kBad, "expected a query (SELECT …), found {}",
                  prepared.tokens[0].text);
  }
  const TreeReader reader(source, prepared.rewritten, prepared.tokens, 0);
  return Catching(where,
                  [&] { return reader.Query(*statement->Cast<duckdb::SelectStatement>().node); });
}

Result<SqlExpr> ParseExpression(std::string_view part, const SourceText& source) {
  MP_ASSIGN_OR_RETURN(const Prepared prepared, Prepare(part, source));
  const TextOfDuckDB where{source, prepared.rewritten, kPrefix.size()};
  MP_ASSIGN_OR_RETURN(const auto statement,
                      Parse(std::string(kPrefix) + prepared.rewritten.text(), where));
  const auto not_one = [&] {
    return FailAt(source, prepared.tokens[0].offset, kBad, "expected one expression");
  };
  if (statement->type != duckdb::StatementType::SELECT_STATEMENT) return not_one();
  const auto& query = *statement->Cast<duckdb::SelectStatement>().node;
  const TreeReader reader(source, prepared.rewritten, prepared.tokens, kPrefix.size());
  MP_ASSIGN_OR_RETURN(SelectTree tree, Catching(where, [&] { return reader.Query(query); }));
  const bool plain = tree.set_operation.empty() && tree.from.kind == TableRef::Kind::kNone &&
                     !tree.where && tree.group_by.empty() && !tree.having && !tree.qualify &&
                     tree.order_by.empty() && !tree.limit && !tree.limit_offset && !tree.distinct;
  if (!plain || tree.select.size() != 1) return not_one();
  return std::move(tree.select[0]);
}

}  // namespace millpond::data
