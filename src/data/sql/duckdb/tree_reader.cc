#include <algorithm>
#include <duckdb/common/string_util.hpp>
#include <duckdb/parser/expression/function_expression.hpp>
#include <duckdb/parser/query_node/list.hpp>
#include <duckdb/parser/statement/select_statement.hpp>
#include <duckdb/parser/tableref/list.hpp>

#include "data/sql/duckdb/tree_reader_internal.h"

namespace millpond::data {
namespace {

std::string SetOperation(const duckdb::SetOperationNode& node) {
  std::string name;
  switch (node.setop_type) {
    case duckdb::SetOperationType::UNION:
      name = "union";
      break;
    case duckdb::SetOperationType::EXCEPT:
      name = "except";
      break;
    case duckdb::SetOperationType::INTERSECT:
      name = "intersect";
      break;
    default:
      name = "union by name";
  }
  return node.setop_all ? name + " all" : name;
}

std::string JoinName(const duckdb::JoinRef& join) {
  const std::string type = duckdb::StringUtil::Lower(duckdb::JoinTypeToString(join.type));
  switch (join.ref_type) {
    case duckdb::JoinRefType::CROSS:
      return "cross";
    case duckdb::JoinRefType::NATURAL:
      return "natural " + type;
    case duckdb::JoinRefType::ASOF:
      return "asof " + type;
    case duckdb::JoinRefType::POSITIONAL:
      return "positional";
    default:
      return type;
  }
}

}  // namespace

std::shared_ptr<const SelectTree> TreeReader::Subquery(
    const duckdb::SelectStatement& statement) const {
  return std::make_shared<const SelectTree>(Query(*statement.node));
}

SelectTree TreeReader::Query(const duckdb::QueryNode& node) const {
  SelectTree tree;
  for (const auto& [name, info] : node.cte_map.map) {
    tree.ctes.push_back({name, Subquery(*info->query)});
  }
  switch (node.type) {
    case duckdb::QueryNodeType::SELECT_NODE:
      Select(node.Cast<duckdb::SelectNode>(), tree);
      break;
    case duckdb::QueryNodeType::SET_OPERATION_NODE: {
      const auto& operation = node.Cast<duckdb::SetOperationNode>();
      tree.set_operation = SetOperation(operation);
      for (const auto& child : operation.children) tree.operands.push_back(Query(*child));
      break;
    }
    case duckdb::QueryNodeType::RECURSIVE_CTE_NODE: {
      const auto& recursive = node.Cast<duckdb::RecursiveCTENode>();
      tree.recursive = true;
      tree.set_operation = recursive.union_all ? "union all" : "union";
      tree.ctes.push_back({recursive.ctename, nullptr});
      tree.operands = {Query(*recursive.left), Query(*recursive.right)};
      break;
    }
    case duckdb::QueryNodeType::CTE_NODE: {
      const auto& cte = node.Cast<duckdb::CTENode>();
      CommonTable table{cte.ctename, std::make_shared<const SelectTree>(Query(*cte.query))};
      tree = Query(*cte.child);
      tree.ctes.insert(tree.ctes.begin(), std::move(table));
      return tree;
    }
    default:
      tree.from.kind = TableRef::Kind::kOther;
  }
  Modifiers(node, tree);
  return tree;
}

void TreeReader::Select(const duckdb::SelectNode& node, SelectTree& tree) const {
  tree.select = List(node.select_list);
  if (node.from_table) tree.from = Relation(*node.from_table);
  tree.where = Optional(node.where_clause);
  tree.group_by = List(node.groups.group_expressions);
  tree.group_by_all = node.aggregate_handling == duckdb::AggregateHandling::FORCE_AGGREGATES;
  tree.having = Optional(node.having);
  tree.qualify = Optional(node.qualify);
  tree.sampled = node.sample != nullptr;
  tree.offset = tree.select.empty() ? tree.from.offset : tree.select[0].offset;
}

void TreeReader::Modifiers(const duckdb::QueryNode& node, SelectTree& tree) const {
  for (const auto& modifier : node.modifiers) {
    switch (modifier->type) {
      case duckdb::ResultModifierType::ORDER_MODIFIER:
        tree.order_by = Orders(modifier->Cast<duckdb::OrderModifier>().orders);
        break;
      case duckdb::ResultModifierType::LIMIT_MODIFIER: {
        const auto& limit = modifier->Cast<duckdb::LimitModifier>();
        tree.limit = Optional(limit.limit);
        tree.limit_offset = Optional(limit.offset);
        break;
      }
      case duckdb::ResultModifierType::LIMIT_PERCENT_MODIFIER: {
        const auto& limit = modifier->Cast<duckdb::LimitPercentModifier>();
        tree.limit = Optional(limit.limit);
        tree.limit_offset = Optional(limit.offset);
        break;
      }
      case duckdb::ResultModifierType::DISTINCT_MODIFIER:
        tree.distinct = true;
        tree.distinct_on = List(modifier->Cast<duckdb::DistinctModifier>().distinct_on_targets);
        break;
    }
  }
}

TableRef TreeReader::Relation(const duckdb::TableRef& ref) const {
  TableRef out;
  out.offset = out.end = Offset(ref.query_location);
  out.alias = ref.alias;
  out.sampled = ref.sample != nullptr;
  out.column_aliases.assign(ref.column_name_alias.begin(), ref.column_name_alias.end());
  switch (ref.type) {
    case duckdb::TableReferenceType::EMPTY_FROM:
      return out;
    case duckdb::TableReferenceType::BASE_TABLE:
      BaseTable(ref.Cast<duckdb::BaseTableRef>(), out);
      return out;
    case duckdb::TableReferenceType::TABLE_FUNCTION:
      Function(ref.Cast<duckdb::TableFunctionRef>(), out);
      return out;
    case duckdb::TableReferenceType::JOIN:
      Join(ref.Cast<duckdb::JoinRef>(), out);
      return out;
    case duckdb::TableReferenceType::SUBQUERY:
      out.kind = TableRef::Kind::kSubquery;
      out.subquery = Subquery(*ref.Cast<duckdb::SubqueryRef>().subquery);
      return out;
    case duckdb::TableReferenceType::EXPRESSION_LIST:
      out.kind = TableRef::Kind::kValues;
      for (const auto& row : ref.Cast<duckdb::ExpressionListRef>().values) {
        out.values.push_back(List(row));
      }
      return out;
    default:
      out.kind = TableRef::Kind::kOther;
      return out;
  }
}

void TreeReader::Join(const duckdb::JoinRef& ref, TableRef& out) const {
  out.kind = TableRef::Kind::kJoin;
  out.join = JoinName(ref);
  out.left = std::make_shared<const TableRef>(Relation(*ref.left));
  out.right = std::make_shared<const TableRef>(Relation(*ref.right));
  out.condition = Optional(ref.condition);
  out.using_columns.assign(ref.using_columns.begin(), ref.using_columns.end());
  out.offset = out.left->offset;
  out.end = out.right->end;
}

void TreeReader::BaseTable(const duckdb::BaseTableRef& ref, TableRef& out) const {
  out.kind = TableRef::Kind::kTable;
  for (const std::string& part : {ref.catalog_name, ref.schema_name, ref.table_name}) {
    if (!part.empty()) out.names.push_back(part);
  }
  if (ref.at_clause) {
    out.at_version = duckdb::StringUtil::Upper(ref.at_clause->Unit()) == "VERSION";
    out.at = Optional(ref.at_clause->ExpressionMutable());
  }
  out.end = EndOfRelation(out.offset);
}

void TreeReader::Function(const duckdb::TableFunctionRef& ref, TableRef& out) const {
  SqlExpr call = Expression(*ref.function);
  out.end = EndOfRelation(out.offset);
  if (ref.subquery) out.subquery = Subquery(*ref.subquery);
  // STREAM(t) and STREAM(f(…)): a mark on what is inside.
  if (call.name == "stream" && call.children.size() == 1) {
    SqlExpr inner = call.children[0];
    if (inner.kind == SqlExprKind::kColumn || inner.kind == SqlExprKind::kFunction) {
      out.stream = true;
      call = std::move(inner);
    }
  }
  if (call.kind == SqlExprKind::kColumn) {
    out.kind = TableRef::Kind::kTable;
    out.names = call.names;
    return;
  }
  out.kind = TableRef::Kind::kFunction;
  out.function = std::make_shared<const SqlExpr>(std::move(call));
}

// The end of name[.name…] or name(…) at `offset` of the user's text; STREAM t counts as one.
size_t TreeReader::EndOfRelation(size_t offset) const {
  size_t token = TokenAt(offset);
  if (token == tokens_.size()) return offset;
  const auto is_name = [&](size_t i) { return i < tokens_.size() && tokens_[i].IsName(); };
  const auto is = [&](size_t i, std::string_view what) {
    return i < tokens_.size() && tokens_[i].IsPunctuation(what);
  };
  if (tokens_[token].Is("STREAM") && is_name(token + 1) && !tokens_[token + 1].Is("AS")) ++token;
  while (is(token + 1, ".") && is_name(token + 2)) token += 2;
  if (is(token + 1, "(")) token = AfterParentheses(token + 1) - 1;
  return tokens_[std::min(token, tokens_.size() - 1)].end();
}

}  // namespace millpond::data
