// Millpond's own small tree of a SELECT, shared by the feature compiler, lineage, access checks and
// pipelines. DuckDB's parser reads the text (after data/sql/rewrite.h); this tree undoes what that
// parser folds away: intervals are whole again, named windows have their names back, constants are
// exact text. Nothing is bound: columns, functions and aliases are as written, and an earlier alias
// (`spend / orders`) is a column reference like any other.
//
// Every offset is a byte offset into the source text that the user wrote. Trees are values;
// sub-trees are shared and immutable.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/sql/rewrite.h"
#include "data/sql/source_text.h"

namespace millpond::data {

struct SqlExpr;
struct SelectTree;

enum class SqlExprKind {
  kColumn,      // names: {"amount"} or {"orders", "amount"}
  kConstant,    // literal
  kInterval,    // interval
  kFunction,    // name (lower case), children, distinct, filter, order_by; count(*) has no children
  kWindow,      // as kFunction, with window set
  kOperator,    // name: + - * / // % ** || ~~ (LIKE) !~~ ~~* !~~* …; one or two children
  kComparison,  // name: = <> < <= > >= "is distinct from" "is not distinct from"
  kAnd,         // two or more children
  kOr,
  kNot,
  kIsNull,
  kIsNotNull,
  kIn,        // children[0] IN (children[1..]); a subquery is the second child
  kNotIn,     // likewise
  kBetween,   // value, low, high
  kCase,      // when, then, when, then, …, else (a NULL constant if there is none)
  kCast,      // type_name, try_cast, one child
  kStar,      // *, t.* (names), and EXCLUDE and the like (name is then "modified")
  kSubquery,  // subquery; name: "scalar", "exists", "not exists", or an operator with ANY/ALL
  kOther,     // parsed, and of no use to Millpond itself: name says what (lambda, parameter, …)
};

struct SqlLiteral {
  enum class Kind { kNull, kBoolean, kInteger, kDecimal, kDouble, kString, kDate, kTimestamp };
  Kind kind = Kind::kNull;
  // Exact: "true", "-3", "3.50" (its digits give precision and scale), "it's", "1998-07-01".
  // kDouble: the shortest text that reads back to the same double.
  std::string text;
};

// INTERVAL 90 DAYS is {0, 90, 0}; months are never days, days are never microseconds.
struct SqlInterval {
  int32_t months = 0;
  int32_t days = 0;
  int64_t micros = 0;
};

struct SqlOrderTerm;

struct FrameBound {
  enum class Kind { kUnboundedPreceding, kPreceding, kCurrentRow, kFollowing, kUnboundedFollowing };
  Kind kind = Kind::kUnboundedPreceding;
  std::shared_ptr<const SqlExpr> distance;  // for kPreceding and kFollowing
};

struct WindowSpec {
  enum class Unit { kRows, kRange, kGroups };
  std::string name;  // w of OVER w; empty for OVER (…)
  std::vector<SqlExpr> partition_by;
  std::vector<SqlOrderTerm> order_by;
  Unit unit = Unit::kRange;  // without a frame: RANGE UNBOUNDED PRECEDING to CURRENT ROW
  FrameBound start;
  FrameBound end{FrameBound::Kind::kCurrentRow, nullptr};
  bool has_exclude = false;
};

struct SqlExpr {
  SqlExprKind kind = SqlExprKind::kOther;
  size_t offset = 0;
  std::string alias;               // AS name
  std::string name;                // function, operator or comparison
  std::vector<std::string> names;  // column path
  std::vector<SqlExpr> children;
  SqlLiteral literal;
  SqlInterval interval;
  std::string type_name;  // of a cast, as DuckDB spells it: "DECIMAL(10,2)", "VARCHAR"
  bool try_cast = false;
  bool distinct = false;
  std::shared_ptr<const SqlExpr> filter;  // FILTER (WHERE …)
  std::vector<SqlOrderTerm> order_by;     // inside the parentheses of an aggregate
  bool ignore_nulls = false;
  std::shared_ptr<const WindowSpec> window;
  std::shared_ptr<const SelectTree> subquery;
  // Arguments written as name => value keep their name here, "" for the others; empty if all are.
  std::vector<std::string> argument_names;
};

struct SqlOrderTerm {
  SqlExpr expression;
  bool descending = false;
  std::optional<bool> nulls_first;
};

struct TableRef {
  enum class Kind { kNone, kTable, kFunction, kSubquery, kJoin, kValues, kOther };
  Kind kind = Kind::kNone;
  size_t offset = 0;  // [offset, end) is the relation in the source, alias and AT not included;
  size_t end = 0;     // with STREAM( ) if it is there
  std::string alias;
  std::vector<std::string> column_aliases;
  bool sampled = false;            // TABLESAMPLE
  bool stream = false;             // STREAM t, STREAM(t), STREAM read_files(…)
  std::vector<std::string> names;  // kTable: {"main", "default", "orders"}, {"delta", "/path"}
  bool at_version = false;         // AT (VERSION => at), else AT (TIMESTAMP => at)
  std::shared_ptr<const SqlExpr> at;
  std::shared_ptr<const SqlExpr> function;   // kFunction
  std::vector<std::vector<SqlExpr>> values;  // kValues
  std::shared_ptr<const SelectTree> subquery;
  std::string join;  // "inner", "left", "right", "full", "semi", "anti", "cross", "asof …"
  std::shared_ptr<const TableRef> left, right;
  std::shared_ptr<const SqlExpr> condition;
  std::vector<std::string> using_columns;
};

struct CommonTable {
  std::string name;
  std::shared_ptr<const SelectTree> query;
};

struct SelectTree {
  size_t offset = 0;
  std::vector<CommonTable> ctes;
  bool recursive = false;

  // UNION, EXCEPT, INTERSECT: operands in order and nothing of the next group but order and limit.
  std::string set_operation;  // "union", "union all", "except", …; "" for a plain SELECT
  std::vector<SelectTree> operands;

  bool distinct = false;
  std::vector<SqlExpr> distinct_on;
  std::vector<SqlExpr> select;
  TableRef from;
  std::shared_ptr<const SqlExpr> where;
  std::vector<SqlExpr> group_by;
  bool group_by_all = false;
  std::shared_ptr<const SqlExpr> having;
  std::shared_ptr<const SqlExpr> qualify;

  std::vector<SqlOrderTerm> order_by;
  std::shared_ptr<const SqlExpr> limit, limit_offset;
  bool sampled = false;  // USING SAMPLE
};

// `part` must point into source.text() and hold exactly one query.
Result<SelectTree> ParseSelect(std::string_view part, const SourceText& source);
// With the replacements that a session makes too; a replacement's text is the name of a relation.
Result<SelectTree> ParseSelect(std::string_view part, const SourceText& source,
                               const std::vector<Replacement>& replacements);
inline Result<SelectTree> ParseSelect(const SourceText& source) {
  return ParseSelect(source.text(), source);
}
// One expression, for example the condition of an expectation or KNOWN AT.
Result<SqlExpr> ParseExpression(std::string_view part, const SourceText& source);

// What a query reads: tables and table functions, at any depth (subqueries, CTE bodies, IN, EXISTS
// included). Names of CTEs are resolved and left out.
struct ReferencedRelation {
  bool is_function = false;
  std::string alias;
  std::vector<std::string> names;           // table
  std::shared_ptr<const SqlExpr> function;  // function call
  bool stream = false;
  bool at_version = false;
  std::shared_ptr<const SqlExpr> at;
  size_t offset = 0, end = 0;
};
std::vector<ReferencedRelation> Relations(const SelectTree& tree);

// Calls `visit` for every relation of the query at any depth, joins and subqueries included.
void ForEachRelation(const SelectTree& tree, const std::function<void(const TableRef&)>& visit);

// Calls `visit` for the query and every query in it at any depth, inner before outer.
void ForEachQuery(const SelectTree& tree, const std::function<void(const SelectTree&)>& visit);

// Calls `visit` for every expression of the query at any depth, outer before inner.
void ForEachExpression(const SelectTree& tree, const std::function<void(const SqlExpr&)>& visit);
void ForEachExpression(const SqlExpr& expression, const std::function<void(const SqlExpr&)>& visit);

// Canonical SQL text of an expression, fully parenthesised: for messages and comparison, not for
// hashes.
std::string ToString(const SqlExpr& expression);

}  // namespace millpond::data
