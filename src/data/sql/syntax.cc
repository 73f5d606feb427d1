#include "data/sql/syntax.h"

#include <algorithm>

#include "data/sql/tokenizer.h"

namespace millpond::data {
namespace {

// Walks every part of a query once, outer before inner. Subclass and override.
class Walker {
 public:
  virtual ~Walker() = default;
  virtual void OnExpression(const SqlExpr&) {}
  virtual void OnRelation(const TableRef&) {}
  // A CTE's name is known to what follows it, not to its own body (but for a recursive one, whose
  // tree names itself).
  virtual void OnCommonTable(const CommonTable&) {}
  virtual void Leave(const SelectTree&) {}

  void Walk(const SelectTree& tree) {
    for (const CommonTable& cte : tree.ctes) {
      if (cte.query) Walk(*cte.query);
      OnCommonTable(cte);
    }
    for (const SelectTree& operand : tree.operands) Walk(operand);
    Walk(tree.from);
    Walk(tree.select);
    Walk(tree.distinct_on);
    Walk(tree.group_by);
    for (const auto* part :
         {&tree.where, &tree.having, &tree.qualify, &tree.limit, &tree.limit_offset}) {
      if (*part) Walk(**part);
    }
    Walk(tree.order_by);
    Leave(tree);
  }

  void Walk(const SqlExpr& expression) {
    OnExpression(expression);
    Walk(expression.children);
    if (expression.filter) Walk(*expression.filter);
    Walk(expression.order_by);
    if (expression.window) {
      Walk(expression.window->partition_by);
      Walk(expression.window->order_by);
      for (const FrameBound* bound : {&expression.window->start, &expression.window->end}) {
        if (bound->distance) Walk(*bound->distance);
      }
    }
    if (expression.subquery) Walk(*expression.subquery);
  }

 private:
  void Walk(const std::vector<SqlExpr>& list) {
    for (const SqlExpr& expression : list) Walk(expression);
  }
  void Walk(const std::vector<SqlOrderTerm>& terms) {
    for (const SqlOrderTerm& term : terms) Walk(term.expression);
  }
  void Walk(const TableRef& ref) {
    OnRelation(ref);
    for (const auto* side : {&ref.left, &ref.right}) {
      if (*side) Walk(**side);
    }
    if (ref.subquery) Walk(*ref.subquery);
    for (const auto* part : {&ref.at, &ref.function, &ref.condition}) {
      if (*part) Walk(**part);
    }
    for (const auto& row : ref.values) Walk(row);
  }
};

// Names are looked up without regard to ASCII case.
bool SameName(const std::string& a, const std::string& b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

class RelationCollector : public Walker {
 public:
  std::vector<ReferencedRelation> found;

  void OnCommonTable(const CommonTable& cte) override { scopes_.push_back(cte.name); }
  void Leave(const SelectTree& tree) override { scopes_.resize(scopes_.size() - tree.ctes.size()); }

  void OnRelation(const TableRef& ref) override {
    const bool table = ref.kind == TableRef::Kind::kTable;
    if (!table && ref.kind != TableRef::Kind::kFunction) return;
    if (table && ref.names.size() == 1 && IsCommonTable(ref.names[0])) return;
    found.push_back({!table, ref.alias, ref.names, ref.function, ref.stream, ref.at_version, ref.at,
                     ref.offset, ref.end});
  }

 private:
  bool IsCommonTable(const std::string& name) const {
    return std::ranges::any_of(scopes_,
                               [&](const std::string& cte) { return SameName(cte, name); });
  }
  std::vector<std::string> scopes_;
};

class ExpressionVisitor : public Walker {
 public:
  explicit ExpressionVisitor(const std::function<void(const SqlExpr&)>& visit) : visit_(visit) {}
  void OnExpression(const SqlExpr& expression) override { visit_(expression); }

 private:
  const std::function<void(const SqlExpr&)>& visit_;
};

class RefVisitor : public Walker {
 public:
  explicit RefVisitor(const std::function<void(const TableRef&)>& visit) : visit_(visit) {}
  void OnRelation(const TableRef& ref) override { visit_(ref); }

 private:
  const std::function<void(const TableRef&)>& visit_;
};

class QueryVisitor : public Walker {
 public:
  explicit QueryVisitor(const std::function<void(const SelectTree&)>& visit) : visit_(visit) {}
  void Leave(const SelectTree& tree) override { visit_(tree); }

 private:
  const std::function<void(const SelectTree&)>& visit_;
};

}  // namespace

std::vector<ReferencedRelation> Relations(const SelectTree& tree) {
  RelationCollector collector;
  collector.Walk(tree);
  return std::move(collector.found);
}

void ForEachExpression(const SelectTree& tree, const std::function<void(const SqlExpr&)>& visit) {
  ExpressionVisitor(visit).Walk(tree);
}

void ForEachExpression(const SqlExpr& expression,
                       const std::function<void(const SqlExpr&)>& visit) {
  ExpressionVisitor(visit).Walk(expression);
}

void ForEachQuery(const SelectTree& tree, const std::function<void(const SelectTree&)>& visit) {
  QueryVisitor(visit).Walk(tree);
}

void ForEachRelation(const SelectTree& tree, const std::function<void(const TableRef&)>& visit) {
  RefVisitor(visit).Walk(tree);
}

}  // namespace millpond::data
