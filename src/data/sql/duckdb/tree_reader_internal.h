// Reads DuckDB's parse tree into Millpond's (data/sql/syntax.h). One reader reads one text: it
// knows the user's tokens, so that it can give back what DuckDB's transformer drops (names of
// windows, ends of relations) and put every node at its place in the user's text.
#pragma once

#include <duckdb/parser/parsed_expression.hpp>
#include <duckdb/parser/query_node.hpp>
#include <duckdb/parser/result_modifier.hpp>
#include <duckdb/parser/tableref.hpp>

#include "data/sql/rewrite.h"
#include "data/sql/syntax.h"
#include "data/sql/tokenizer.h"

namespace duckdb {
class BaseTableRef;
class FunctionExpression;
class JoinRef;
class SelectNode;
class SelectStatement;
class TableFunctionRef;
class WindowExpression;
}  // namespace duckdb

namespace millpond::data {

class TreeReader {
 public:
  // `prefix`: how many bytes DuckDB's text has before the rewritten one.
  TreeReader(const SourceText& source, const RewrittenSql& rewritten, std::vector<Token> tokens,
             size_t prefix)
      : source_(source), rewritten_(rewritten), tokens_(std::move(tokens)), prefix_(prefix) {}

  SelectTree Query(const duckdb::QueryNode& node) const;
  SqlExpr Expression(const duckdb::ParsedExpression& expression) const;

 private:
  using ExpressionPtr = duckdb::unique_ptr<duckdb::ParsedExpression>;

  size_t Offset(const duckdb::optional_idx& location) const;
  std::shared_ptr<const SqlExpr> Optional(const ExpressionPtr& expression) const;
  std::vector<SqlExpr> List(const duckdb::vector<ExpressionPtr>& expressions) const;
  std::vector<SqlOrderTerm> Orders(const duckdb::vector<duckdb::OrderByNode>& orders) const;

  // tree_reader.cc
  std::shared_ptr<const SelectTree> Subquery(const duckdb::SelectStatement& statement) const;
  void Select(const duckdb::SelectNode& node, SelectTree& tree) const;
  void Modifiers(const duckdb::QueryNode& node, SelectTree& tree) const;
  TableRef Relation(const duckdb::TableRef& ref) const;
  void Join(const duckdb::JoinRef& ref, TableRef& out) const;
  void BaseTable(const duckdb::BaseTableRef& ref, TableRef& out) const;
  void Function(const duckdb::TableFunctionRef& ref, TableRef& out) const;
  size_t EndOfRelation(size_t offset) const;

  // expression_reader.cc
  void Dispatch(const duckdb::ParsedExpression& expression, SqlExpr& out) const;
  void Call(const duckdb::FunctionExpression& call, SqlExpr& out) const;
  void Window(const duckdb::WindowExpression& call, SqlExpr& out) const;
  void Operator(const duckdb::ParsedExpression& expression, SqlExpr& out) const;
  void SubqueryValue(const duckdb::ParsedExpression& expression, SqlExpr& out) const;
  void Star(const duckdb::ParsedExpression& expression, SqlExpr& out) const;
  void Rest(const duckdb::ParsedExpression& expression, SqlExpr& out) const;
  std::string WindowName(size_t offset) const;
  size_t TokenAt(size_t offset) const;  // tokens_.size() if no token begins there
  size_t AfterParentheses(size_t token) const;

  const SourceText& source_;
  const RewrittenSql& rewritten_;
  std::vector<Token> tokens_;  // of the user's text
  size_t prefix_;
};

// fold.cc: DuckDB spells INTERVAL 90 DAYS, DATE '…', TRUE and -3 as calls and casts; this puts them
// back together. An expression that is not such a thing stays as it is.
void Fold(SqlExpr& expression);

}  // namespace millpond::data
