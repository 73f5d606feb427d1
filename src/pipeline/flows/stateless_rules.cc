// A streaming table's query keeps no state over its STREAM, and gives no row of another input
// twice.
#include <algorithm>
#include <functional>

#include "data/sql/tokenizer.h"
#include "pipeline/flows/query_rules.h"
#include "pipeline/flows/query_rules_internal.h"

namespace millpond::pipeline {
namespace {

using data::SelectTree;
using data::SourceText;
using data::SqlExpr;
using data::SqlExprKind;
using data::TableRef;

class StatelessCheck {
 public:
  StatelessCheck(const SourceText& source, std::set<std::string> streams)
      : source_(source), streams_(std::move(streams)) {}

  // Whether the query reads a stream; an error if it keeps state over it.
  Result<bool> Query(const SelectTree& tree) {
    std::set<std::string> outer = streams_;
    for (const auto& cte : tree.ctes) {
      if (cte.query == nullptr) continue;  // a recursive query's own name
      MP_ASSIGN_OR_RETURN(bool stream, Query(*cte.query));
      if (stream) {
        streams_.insert(data::LowerName(cte.name));
      } else {
        streams_.erase(data::LowerName(cte.name));
      }
    }
    MP_ASSIGN_OR_RETURN(bool stream, Operands(tree));
    MP_ASSIGN_OR_RETURN(bool from, Relation(tree.from));
    stream |= from;
    MP_RETURN_IF_ERROR(Subqueries(tree));
    streams_ = std::move(outer);
    if (stream) MP_RETURN_IF_ERROR(Clauses(tree));
    return stream;
  }

 private:
  // All of them or none: what reads no stream would be appended again by every epoch.
  Result<bool> Operands(const SelectTree& tree) {
    const SelectTree* without = nullptr;
    bool stream = false;
    for (const SelectTree& operand : tree.operands) {
      MP_ASSIGN_OR_RETURN(bool one, Query(operand));
      stream |= one;
      if (!one && without == nullptr) without = &operand;
    }
    if (!stream) return false;
    if (tree.recursive) return Refuse(tree.operands[0].offset, "WITH RECURSIVE");
    if (without == nullptr || tree.set_operation != "union all") return true;  // see Clauses
    return FailAt(source_, without->offset, ErrorKind::kInvalidArgument,
                  "this side of UNION ALL reads no STREAM, so its rows would be appended again "
                  "each time the other side has new ones. Write STREAM before its table too, or "
                  "unite both in a MATERIALIZED VIEW");
  }

  std::unexpected<Error> Refuse(size_t offset, std::string_view what) const {
    return FailAt(source_, offset, ErrorKind::kUnsupported,
                  "{} over a STREAM needs rows that have been read before, which a streaming table "
                  "does not keep yet; do it in a MATERIALIZED VIEW over this table",
                  what);
  }

  Result<bool> Relation(const TableRef& ref) {
    switch (ref.kind) {
      case TableRef::Kind::kTable:
        return ref.stream ||
               (ref.names.size() == 1 && streams_.contains(data::LowerName(ref.names[0])));
      case TableRef::Kind::kFunction:
        return ref.stream;
      case TableRef::Kind::kSubquery:
        return Query(*ref.subquery);
      case TableRef::Kind::kJoin:
        return Join(ref);
      default:
        return false;
    }
  }

  Result<bool> Join(const TableRef& ref) {
    MP_ASSIGN_OR_RETURN(bool left, Relation(*ref.left));
    MP_ASSIGN_OR_RETURN(bool right, Relation(*ref.right));
    if (left && right) return Refuse(ref.right->offset, "a join of two STREAMs");
    std::string join = ref.join.starts_with("natural ") ? ref.join.substr(8) : ref.join;
    bool either = join == "inner" || join == "cross";
    bool keeps_left = either || join == "left" || join == "semi" || join == "anti" ||
                      join == "asof inner" || join == "asof left";
    bool keeps_right = either || join == "right";
    if ((left && !keeps_left) || (right && !keeps_right)) {
      return Refuse(ref.right->offset,
                    fmt::format("a {} join that keeps the other side's rows", ref.join));
    }
    return left || right;
  }

  // A stream in IN (SELECT …), EXISTS or a scalar subquery would be compared with what is new only,
  // and the rows beside it would be read again each time. Wherever the expression stands, and
  // however the stream is hidden: as a CTE, a temporary view, in a join.
  Status Subqueries(const SelectTree& tree) {
    std::vector<const SqlExpr*> found;
    auto visit = [&](const SqlExpr& e) {
      if (e.kind == SqlExprKind::kSubquery && e.subquery != nullptr) found.push_back(&e);
    };
    for (const auto* list : {&tree.select, &tree.distinct_on, &tree.group_by}) {
      for (const SqlExpr& e : *list) VisitOwn(e, visit);
    }
    for (const auto* part :
         {&tree.where, &tree.having, &tree.qualify, &tree.limit, &tree.limit_offset}) {
      if (*part != nullptr) VisitOwn(**part, visit);
    }
    VisitOwn(tree.order_by, visit);
    VisitOwn(tree.from, visit);
    for (const SqlExpr* e : found) {
      MP_ASSIGN_OR_RETURN(bool stream, Query(*e->subquery));
      if (stream) return Refuse(e->offset, "a subquery in an expression");
    }
    return OkStatus();
  }

  Status Clauses(const SelectTree& tree) const {
    if (tree.distinct) return Refuse(tree.offset, "DISTINCT");
    if (!tree.group_by.empty() || tree.group_by_all) return Refuse(tree.offset, "GROUP BY");
    if (tree.having != nullptr) return Refuse(tree.having->offset, "HAVING");
    if (!tree.order_by.empty()) return Refuse(tree.order_by[0].expression.offset, "ORDER BY");
    if (tree.limit != nullptr) return Refuse(tree.limit->offset, "LIMIT");
    if (!tree.set_operation.empty() && tree.set_operation != "union all") {
      return Refuse(tree.operands[0].offset, tree.set_operation);
    }
    Finding finding;
    auto visit = [&](const SqlExpr& e) {
      if (e.kind == SqlExprKind::kWindow) {
        finding.Note(Refuse(e.offset, fmt::format("the window function {}()", e.name)));
      } else if (IsAggregate(e)) {
        finding.Note(Refuse(e.offset, fmt::format("the aggregate {}()", e.name)));
      }
    };
    for (const SqlExpr& e : tree.select) VisitOwn(e, visit);
    if (tree.qualify != nullptr) return Refuse(tree.qualify->offset, "QUALIFY");
    return finding.status;
  }

  // Not into subqueries: they have rows of their own.
  using Visit = std::function<void(const SqlExpr&)>;
  static void VisitOwn(const SqlExpr& e, const Visit& visit) {
    visit(e);
    for (const SqlExpr& child : e.children) VisitOwn(child, visit);
    if (e.filter != nullptr) VisitOwn(*e.filter, visit);
    VisitOwn(e.order_by, visit);
    if (e.window == nullptr) return;
    for (const SqlExpr& one : e.window->partition_by) VisitOwn(one, visit);
    VisitOwn(e.window->order_by, visit);
  }
  static void VisitOwn(const std::vector<data::SqlOrderTerm>& terms, const Visit& visit) {
    for (const auto& term : terms) VisitOwn(term.expression, visit);
  }
  static void VisitOwn(const TableRef& ref, const Visit& visit) {
    for (const auto* side : {&ref.left, &ref.right}) {
      if (*side != nullptr) VisitOwn(**side, visit);
    }
    for (const auto* part : {&ref.function, &ref.condition}) {
      if (*part != nullptr) VisitOwn(**part, visit);
    }
    for (const auto& row : ref.values) {
      for (const SqlExpr& e : row) VisitOwn(e, visit);
    }
  }

  const SourceText& source_;
  std::set<std::string> streams_;
};

}  // namespace

Status CheckStateless(const SelectTree& tree, const SourceText& source,
                      const std::set<std::string>& stream_views) {
  auto stream = StatelessCheck(source, stream_views).Query(tree);
  if (!stream.has_value()) return std::unexpected(stream.error());
  return OkStatus();
}

}  // namespace millpond::pipeline
