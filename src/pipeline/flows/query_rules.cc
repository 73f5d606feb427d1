#include "pipeline/flows/query_rules.h"

#include <algorithm>
#include <array>

namespace millpond::pipeline {
namespace {

using data::SelectTree;
using data::SourceText;
using data::SqlExpr;
using data::SqlExprKind;
using data::TableRef;

constexpr ErrorKind kBad = ErrorKind::kInvalidArgument;

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), ::tolower);
  return text;
}

template <size_t N>
bool IsOneOf(std::string_view name, const std::array<std::string_view, N>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

constexpr std::array<std::string_view, 12> kDifferentEachTime = {
    "random",  "rand",    "uuid",    "gen_random_uuid", "uuidv4",       "uuidv7",
    "setseed", "nextval", "currval", "txid_current",    "current_time", "get_current_time"};

// Which of several rows they take depends on the order in which threads meet them.
constexpr std::array<std::string_view, 13> kNeedOrder = {
    "first",        "last",    "any_value", "arbitrary", "list",        "array_agg", "string_agg",
    "group_concat", "listagg", "arg_min",   "arg_max",   "first_value", "last_value"};
constexpr std::array<std::string_view, 11> kWindowsThatNeedOrder = {
    "row_number", "ntile", "lag",  "lead",       "first_value", "last_value",
    "nth_value",  "first", "last", "string_agg", "list"};

// Aggregates that add up their argument.
constexpr std::array<std::string_view, 27> kAdding = {"sum",        "sum_no_overflow",
                                                      "fsum",       "kahan_sum",
                                                      "sumkahan",   "avg",
                                                      "mean",       "favg",
                                                      "product",    "stddev",
                                                      "stddev_pop", "stddev_samp",
                                                      "variance",   "var_pop",
                                                      "var_samp",   "corr",
                                                      "covar_pop",  "covar_samp",
                                                      "regr_slope", "regr_intercept",
                                                      "regr_r2",    "regr_sxx",
                                                      "regr_sxy",   "regr_syy",
                                                      "skewness",   "kurtosis",
                                                      "sem"};

constexpr std::array<std::string_view, 45> kAggregates = {"count",
                                                          "count_star",
                                                          "count_if",
                                                          "countif",
                                                          "sum",
                                                          "fsum",
                                                          "sum_no_overflow",
                                                          "kahan_sum",
                                                          "sumkahan",
                                                          "avg",
                                                          "mean",
                                                          "favg",
                                                          "min",
                                                          "max",
                                                          "median",
                                                          "mode",
                                                          "quantile",
                                                          "quantile_cont",
                                                          "quantile_disc",
                                                          "approx_quantile",
                                                          "approx_count_distinct",
                                                          "approx_top_k",
                                                          "stddev",
                                                          "stddev_pop",
                                                          "stddev_samp",
                                                          "variance",
                                                          "var_pop",
                                                          "var_samp",
                                                          "corr",
                                                          "covar_pop",
                                                          "covar_samp",
                                                          "bool_and",
                                                          "bool_or",
                                                          "bit_and",
                                                          "bit_or",
                                                          "bit_xor",
                                                          "histogram",
                                                          "entropy",
                                                          "kurtosis",
                                                          "skewness",
                                                          "mad",
                                                          "product",
                                                          "min_by",
                                                          "max_by",
                                                          "reservoir_quantile"};

bool IsAggregate(const SqlExpr& e) {
  return e.kind == SqlExprKind::kFunction &&
         (IsOneOf(e.name, kAggregates) || IsOneOf(e.name, kNeedOrder) || e.distinct ||
          e.filter != nullptr);
}

// The first error of a walk over expressions.
class Finding {
 public:
  Status status = OkStatus();
  void Note(std::unexpected<Error> error) {
    if (status.has_value()) status = std::move(error);
  }
};

void CheckExpressionRepeatable(const SqlExpr& e, const SourceText& source, Finding& finding) {
  if (e.kind != SqlExprKind::kFunction && e.kind != SqlExprKind::kWindow) return;
  if (IsOneOf(e.name, kDifferentEachTime)) {
    finding.Note(FailAt(source, e.offset, kBad,
                        "{}() gives another value each time: an epoch that is repeated after a "
                        "crash must give the same rows. Make it from the row, for example "
                        "md5(concat(file, line_number))",
                        e.name));
  } else if (e.kind == SqlExprKind::kWindow) {
    bool ordered = e.window != nullptr && !e.window->order_by.empty();
    if (!ordered && IsOneOf(e.name, kWindowsThatNeedOrder)) {
      finding.Note(FailAt(source, e.offset, kBad,
                          "{}() over rows without an order gives another result each time; add "
                          "ORDER BY to its window",
                          e.name));
    }
  } else if (IsOneOf(e.name, kNeedOrder) && e.order_by.empty() &&
             !(e.name.starts_with("arg_") || e.name == "list_value")) {
    finding.Note(FailAt(source, e.offset, kBad,
                        "{0}() takes rows as they come, which is another way each time; write "
                        "{0}(x ORDER BY …), or min() or max()",
                        e.name));
  }
}

class StatelessCheck {
 public:
  StatelessCheck(const SourceText& source, std::set<std::string> streams)
      : source_(source), streams_(std::move(streams)) {}

  // Whether the query reads a stream; an error if it keeps state over it.
  Result<bool> Query(const SelectTree& tree) {
    std::set<std::string> outer = streams_;
    for (const auto& cte : tree.ctes) {
      MP_ASSIGN_OR_RETURN(bool stream, Query(*cte.query));
      if (stream) {
        streams_.insert(Lower(cte.name));
      } else {
        streams_.erase(Lower(cte.name));
      }
    }
    bool stream = false;
    for (const SelectTree& operand : tree.operands) {
      MP_ASSIGN_OR_RETURN(bool one, Query(operand));
      stream |= one;
    }
    MP_ASSIGN_OR_RETURN(bool from, Relation(tree.from));
    stream |= from;
    MP_RETURN_IF_ERROR(Subqueries(tree));
    streams_ = std::move(outer);
    if (stream) MP_RETURN_IF_ERROR(Clauses(tree));
    return stream;
  }

 private:
  std::unexpected<Error> Refuse(size_t offset, std::string_view what) const {
    return FailAt(source_, offset, ErrorKind::kUnsupported,
                  "{} over a STREAM needs rows that have been read before, which a streaming table "
                  "does not keep yet; do it in a MATERIALIZED VIEW over this table",
                  what);
  }

  Result<bool> Relation(const TableRef& ref) {
    switch (ref.kind) {
      case TableRef::Kind::kTable:
        return ref.stream || (ref.names.size() == 1 && streams_.contains(Lower(ref.names[0])));
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
    bool either = ref.join == "inner" || ref.join == "cross";
    bool keeps_left = either || ref.join == "left" || ref.join == "semi" || ref.join == "anti" ||
                      ref.join.starts_with("asof");
    bool keeps_right = either || ref.join == "right";
    if ((left && !keeps_left) || (right && !keeps_right)) {
      return Refuse(ref.right->offset,
                    fmt::format("a {} join that keeps the other side's rows", ref.join));
    }
    return left || right;
  }

  // A stream in IN (SELECT …) or a scalar subquery would be compared with what is new only.
  Status Subqueries(const SelectTree& tree) {
    Finding finding;
    auto visit = [&](const SqlExpr& e) {
      if (e.kind != SqlExprKind::kSubquery || e.subquery == nullptr) return;
      for (const auto& relation : data::Relations(*e.subquery)) {
        if (relation.stream) finding.Note(Refuse(relation.offset, "a subquery in an expression"));
      }
    };
    for (const SqlExpr& e : tree.select) data::ForEachExpression(e, visit);
    if (tree.where != nullptr) data::ForEachExpression(*tree.where, visit);
    return finding.status;
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
  static void VisitOwn(const SqlExpr& e, const std::function<void(const SqlExpr&)>& visit) {
    if (e.kind == SqlExprKind::kSubquery) return;
    visit(e);
    for (const SqlExpr& child : e.children) VisitOwn(child, visit);
  }

  const SourceText& source_;
  std::set<std::string> streams_;
};

}  // namespace

Status CheckRepeatable(const SelectTree& tree, const SourceText& source) {
  Finding finding;
  data::ForEachExpression(tree,
                          [&](const SqlExpr& e) { CheckExpressionRepeatable(e, source, finding); });
  MP_RETURN_IF_ERROR(finding.status);
  if (tree.limit != nullptr && tree.order_by.empty()) {
    return FailAt(source, tree.limit->offset, kBad,
                  "LIMIT without ORDER BY takes other rows each time; add ORDER BY");
  }
  return OkStatus();
}

Status CheckStateless(const SelectTree& tree, const SourceText& source,
                      const std::set<std::string>& stream_views) {
  auto stream = StatelessCheck(source, stream_views).Query(tree);
  if (!stream.has_value()) return std::unexpected(stream.error());
  return OkStatus();
}

Status CheckExactSums(const std::vector<data::BoundAggregate>& aggregates,
                      const FlowStatement& statement) {
  for (const data::BoundAggregate& aggregate : aggregates) {
    const auto& types = aggregate.argument_types;
    bool inexact = std::any_of(types.begin(), types.end(), [](const std::string& type) {
      return type == "DOUBLE" || type == "FLOAT";
    });
    if (!inexact || !IsOneOf(aggregate.function, kAdding)) continue;
    MP_ASSIGN_OR_RETURN(auto tree, data::ParseSelect(statement.body, statement.source));
    size_t offset = statement.name_offset;
    data::ForEachExpression(tree, [&](const SqlExpr& e) {
      if (e.name == aggregate.function && offset == statement.name_offset) offset = e.offset;
    });
    return FailAt(
        statement.source, offset, ErrorKind::kUnsupported,
        "{0}() adds up {1} values here, whose last digits depend on the order of rows and "
        "so differ from run to run. Cast its argument, for example {0}(CAST(x AS "
        "DECIMAL(18,4))); the features of a model are exact for DOUBLE as well",
        aggregate.function, fmt::join(types, ", "));
  }
  return OkStatus();
}

Status CheckCondition(const SqlExpr& condition, const SourceText& source) {
  Finding finding;
  data::ForEachExpression(condition, [&](const SqlExpr& e) {
    CheckExpressionRepeatable(e, source, finding);
    if (e.kind == SqlExprKind::kSubquery || e.kind == SqlExprKind::kWindow || IsAggregate(e)) {
      finding.Note(FailAt(source, e.offset, kBad,
                          "an expectation speaks of one row: it has no subquery, aggregate or "
                          "window; join what it needs in the table's query"));
    }
  });
  return finding.status;
}

}  // namespace millpond::pipeline
