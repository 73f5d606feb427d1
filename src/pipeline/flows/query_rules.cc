#include "pipeline/flows/query_rules.h"

#include <algorithm>
#include <array>

#include "pipeline/flows/plan_time.h"
#include "pipeline/flows/query_rules_internal.h"

namespace millpond::pipeline {
namespace {

using data::SelectTree;
using data::SourceText;
using data::SqlExpr;
using data::SqlExprKind;
using data::TableRef;

constexpr ErrorKind kBad = ErrorKind::kInvalidArgument;

constexpr std::array<std::string_view, 10> kDifferentEachTime = {
    "random", "rand",    "uuid",    "gen_random_uuid", "uuidv4",
    "uuidv7", "setseed", "nextval", "currval",         "txid_current"};

// Which of several rows they take depends on the order in which threads meet them.
constexpr std::array<std::string_view, 11> kNeedOrder = {
    "first",      "last",         "any_value", "arbitrary",   "list",      "array_agg",
    "string_agg", "group_concat", "listagg",   "first_value", "last_value"};
constexpr std::array<std::string_view, 16> kWindowsThatNeedOrder = {
    "row_number", "ntile",      "lag",          "lead",   "first_value", "last_value",
    "nth_value",  "first",      "last",         "list",   "array_agg",   "any_value",
    "arbitrary",  "string_agg", "group_concat", "listagg"};

// Aggregates that differ from run to run whatever the query says, and what to write instead: they
// draw a sample, merge sketches as threads come, or take any of several rows that tie.
struct Unrepeatable {
  std::string_view name, instead;
};
constexpr std::array<Unrepeatable, 15> kUnrepeatable = {{
    {"reservoir_quantile", "quantile_disc(x, p)"},
    {"approx_quantile", "quantile_disc(x, p)"},
    {"approx_top_k", "a GROUP BY with count(*), ORDER BY count(*) DESC, x LIMIT k"},
    {"mode", "a GROUP BY with count(*), then first(x ORDER BY n DESC, x)"},
    {"entropy", "a GROUP BY with count(*)"},
    {"arg_min", "first(x ORDER BY y, x)"},
    {"argmin", "first(x ORDER BY y, x)"},
    {"min_by", "first(x ORDER BY y, x)"},
    {"arg_min_null", "first(x ORDER BY y, x)"},
    {"arg_min_nulls_last", "first(x ORDER BY y, x)"},
    {"arg_max", "first(x ORDER BY y DESC, x)"},
    {"argmax", "first(x ORDER BY y DESC, x)"},
    {"max_by", "first(x ORDER BY y DESC, x)"},
    {"arg_max_null", "first(x ORDER BY y DESC, x)"},
    {"arg_max_nulls_last", "first(x ORDER BY y DESC, x)"},
}};

const Unrepeatable* FindUnrepeatable(std::string_view name) {
  auto found = std::ranges::find(kUnrepeatable, name, &Unrepeatable::name);
  return found == kUnrepeatable.end() ? nullptr : &*found;
}

// Aggregates that add up their argument.
constexpr std::array<std::string_view, 29> kAdding = {"sum",        "sum_no_overflow",
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
                                                      "regr_avgx",  "regr_avgy",
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

// What reads the clock where the plan's time does not stand in its place.
void CheckTime(const SqlExpr& e, const std::set<size_t>& told, const SourceText& source,
               Finding& finding) {
  if (!ReadsTheClock(e) || told.contains(e.offset)) return;
  if (e.name == "age") {
    finding.Note(FailAt(source, e.offset, kBad,
                        "age(x) counts from the wall clock: an epoch that is repeated after a "
                        "crash must give the same rows. Write age(CAST(now() AS TIMESTAMP), x)"));
    return;
  }
  finding.Note(FailAt(
      source, e.offset, kBad,
      "{} reads the wall clock here: an epoch that is repeated after a crash must "
      "give the same rows. Write now(), current_date or localtimestamp, without "
      "quotes or a schema: the time of the epoch's plan stands for them{}",
      e.kind == SqlExprKind::kColumn ? e.names[0] : e.name + "()",
      e.kind == SqlExprKind::kColumn ? "; if it is a column, put its table's name before it" : ""));
}

void CheckExpressionRepeatable(const SqlExpr& e, const SourceText& source, Finding& finding) {
  if (e.kind != SqlExprKind::kFunction && e.kind != SqlExprKind::kWindow) return;
  if (IsOneOf(e.name, kDifferentEachTime)) {
    finding.Note(FailAt(source, e.offset, kBad,
                        "{}() gives another value each time: an epoch that is repeated after a "
                        "crash must give the same rows. Make it from the row, for example "
                        "md5(concat(file, line_number))",
                        e.name));
  } else if (const Unrepeatable* found = FindUnrepeatable(e.name)) {
    finding.Note(FailAt(source, e.offset, kBad,
                        "{}() gives another result each time where rows tie or threads take turns; "
                        "write {}",
                        e.name, found->instead));
  } else if (e.kind == SqlExprKind::kWindow) {
    bool ordered = e.window != nullptr && !e.window->order_by.empty();
    if (!ordered && IsOneOf(e.name, kWindowsThatNeedOrder)) {
      finding.Note(FailAt(source, e.offset, kBad,
                          "{}() over rows without an order gives another result each time; add "
                          "ORDER BY to its window",
                          e.name));
    }
  } else if (IsOneOf(e.name, kNeedOrder) && e.order_by.empty()) {
    finding.Note(FailAt(source, e.offset, kBad,
                        "{0}() takes rows as they come, which is another way each time; write "
                        "{0}(x ORDER BY …), or min() or max()",
                        e.name));
  }
}

// Clauses that choose among rows without saying which.
void CheckChoice(const SelectTree& tree, const SourceText& source, Finding& finding) {
  if (tree.order_by.empty()) {
    const auto* limit = tree.limit != nullptr ? &tree.limit : &tree.limit_offset;
    if (*limit != nullptr) {
      finding.Note(FailAt(source, (*limit)->offset, kBad,
                          "LIMIT without ORDER BY takes other rows each time; add ORDER BY, here "
                          "in the same query"));
    }
    if (!tree.distinct_on.empty()) {
      finding.Note(FailAt(source, tree.distinct_on[0].offset, kBad,
                          "DISTINCT ON without ORDER BY takes another row each time; add ORDER BY "
                          "with enough columns to tell the rows apart"));
    }
  }
  if (tree.sampled) {
    finding.Note(FailAt(source, tree.offset, kBad,
                        "USING SAMPLE takes other rows each time; choose by a column, for example "
                        "WHERE hash(id) % 100 < 5"));
  }
}

void CheckRelation(const TableRef& ref, const SourceText& source, Finding& finding) {
  if (ref.sampled) {
    finding.Note(FailAt(source, ref.offset, kBad,
                        "TABLESAMPLE takes other rows each time; choose by a column, for example "
                        "WHERE hash(id) % 100 < 5"));
  }
  if (ref.join == "positional") {
    finding.Note(FailAt(source, ref.right->offset, kBad,
                        "a POSITIONAL JOIN pairs rows as they come, which is another way each "
                        "time; join on a column"));
  }
}

// Where the statement says `name`; the table's name if nowhere: a macro or a view hides it.
std::unexpected<Error> FailAtCall(const FlowStatement& statement, std::string_view name,
                                  ErrorKind kind, const std::string& message) {
  size_t offset = statement.name_offset;
  auto tree = data::ParseSelect(statement.body, statement.source);
  if (!tree.has_value()) return std::unexpected(tree.error());
  data::ForEachExpression(*tree, [&](const SqlExpr& e) {
    if (e.name == name && offset == statement.name_offset) offset = e.offset;
  });
  return FailAt(statement.source, offset, kind, "{}", message);
}

Status CheckAggregate(const data::BoundAggregate& aggregate, const FlowStatement& statement,
                      const std::set<std::string>& streams) {
  const auto& [function, types, window, ordered, readers] = aggregate;
  bool inexact = std::ranges::any_of(
      types, [](const std::string& type) { return type == "DOUBLE" || type == "FLOAT"; });
  if (inexact && IsOneOf(function, kAdding)) {
    return FailAtCall(
        statement, function, ErrorKind::kUnsupported,
        fmt::format("{0}() adds up {1} values here, whose last digits depend on the order of rows "
                    "and so differ from run to run. Cast its argument, for example {0}(CAST(x AS "
                    "DECIMAL(18,4))); the features of a model are exact for DOUBLE as well",
                    function, fmt::join(types, ", ")));
  }
  if (const Unrepeatable* found = FindUnrepeatable(function)) {
    return FailAtCall(
        statement, function, kBad,
        fmt::format("{}() gives another result each time; write {}", function, found->instead));
  }
  // A scalar subquery is bound as first() of its one row.
  if (!ordered && function != "first" && IsOneOf(function, kNeedOrder)) {
    return FailAtCall(statement, function, kBad,
                      fmt::format("{0}() takes rows as they come, which is another way each time; "
                                  "write {0}(x ORDER BY …)",
                                  function));
  }
  bool of_stream = std::ranges::any_of(
      readers, [&](const std::string& reader) { return streams.contains(reader); });
  if (!of_stream) return OkStatus();
  return FailAtCall(
      statement, function, ErrorKind::kUnsupported,
      fmt::format("the aggregate {}() over a STREAM needs rows that have been read before, which a "
                  "streaming table does not keep yet; do it in a MATERIALIZED VIEW over this table",
                  function));
}

}  // namespace

bool IsAggregate(const SqlExpr& e) {
  return e.kind == SqlExprKind::kFunction &&
         (IsOneOf(e.name, kAggregates) || IsOneOf(e.name, kNeedOrder) ||
          FindUnrepeatable(e.name) != nullptr || e.distinct || e.filter != nullptr);
}

Status CheckRepeatable(const SelectTree& tree, std::string_view part, const SourceText& source) {
  MP_ASSIGN_OR_RETURN(auto told, TimesTold(part, source));
  Finding finding;
  data::ForEachExpression(tree, [&](const SqlExpr& e) {
    CheckExpressionRepeatable(e, source, finding);
    CheckTime(e, told, source, finding);
  });
  data::ForEachQuery(tree, [&](const SelectTree& one) { CheckChoice(one, source, finding); });
  data::ForEachRelation(tree, [&](const TableRef& ref) { CheckRelation(ref, source, finding); });
  return finding.status;
}

Status CheckBound(const data::BoundCalls& calls, const FlowStatement& statement,
                  const std::set<std::string>& streams) {
  for (const std::string& function : calls.unstable) {
    if (function == "error") continue;  // it ends the epoch, the same way each time
    return FailAtCall(statement, function, kBad,
                      fmt::format("{}() gives another value each time: an epoch that is repeated "
                                  "after a crash must give the same rows; leave it out, or write "
                                  "now() if it tells the time",
                                  function));
  }
  for (const data::BoundAggregate& aggregate : calls.aggregates) {
    MP_RETURN_IF_ERROR(CheckAggregate(aggregate, statement, streams));
  }
  return OkStatus();
}

Status CheckCondition(const SqlExpr& condition, std::string_view part, const SourceText& source) {
  MP_ASSIGN_OR_RETURN(auto told, TimesTold(part, source));
  Finding finding;
  data::ForEachExpression(condition, [&](const SqlExpr& e) {
    CheckExpressionRepeatable(e, source, finding);
    CheckTime(e, told, source, finding);
    if (e.kind == SqlExprKind::kSubquery || e.kind == SqlExprKind::kWindow || IsAggregate(e)) {
      finding.Note(FailAt(source, e.offset, kBad,
                          "an expectation speaks of one row: it has no subquery, aggregate or "
                          "window; join what it needs in the table's query"));
    }
  });
  return finding.status;
}

}  // namespace millpond::pipeline
