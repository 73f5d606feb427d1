#include <algorithm>
#include <array>
#include <duckdb/common/string_util.hpp>
#include <duckdb/parser/expression/cast_expression.hpp>
#include <duckdb/parser/expression/columnref_expression.hpp>
#include <duckdb/parser/expression/constant_expression.hpp>
#include <duckdb/parser/expression/function_expression.hpp>
#include <duckdb/parser/parsed_expression_iterator.hpp>

#include "data/sql/duckdb/spark_functions_internal.h"

namespace millpond::data {
namespace {

using duckdb::ExpressionClass;
using duckdb::FunctionExpression;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::ParsedExpression;
using Ptr = duckdb::unique_ptr<ParsedExpression>;

constexpr std::array<std::string_view, 13> kOperators = {
    "+", "-", "*", "/", "%", "//", "||", "~~", "!~~", "~~*", "!~~*", "&", "|"};

constexpr std::array<std::string_view, 7> kIntervals = {
    "to_years", "to_months", "to_weeks", "to_days", "to_hours", "to_minutes", "to_seconds"};

class Translator {
 public:
  explicit Translator(SparkScope& scope) : scope_(scope) {}

  void Translate(Ptr& expression) {
    switch (expression->GetExpressionClass()) {
      case ExpressionClass::COLUMN_REF:
        return Column(expression);
      case ExpressionClass::FUNCTION:
        return Function(expression);
      case ExpressionClass::CAST:
        CheckCast(expression->Cast<duckdb::CastExpression>());
        break;
      case ExpressionClass::SUBQUERY:
        Refuse(ErrorKind::kUnsupported, "a table's expressions look at one row: no subquery");
      case ExpressionClass::WINDOW:
        Refuse(ErrorKind::kUnsupported, "a table's expressions look at one row: no OVER (…)");
      case ExpressionClass::CASE:
      case ExpressionClass::COMPARISON:
      case ExpressionClass::CONJUNCTION:
      case ExpressionClass::CONSTANT:
      case ExpressionClass::OPERATOR:
      case ExpressionClass::BETWEEN:
        break;
      default:
        Refuse(ErrorKind::kUnsupported, "{} is not for a table's expressions",
               expression->ToString());
    }
    duckdb::ParsedExpressionIterator::EnumerateChildren(*expression,
                                                        [&](Ptr& child) { Translate(child); });
  }

 private:
  void Column(Ptr& expression) {
    const auto& names = expression->Cast<duckdb::ColumnRefExpression>().column_names;
    const int column = scope_.schema.IndexOf(names[0]);
    if (column >= 0) {
      scope_.columns.insert(column);
      return;
    }
    // current_date and its like may stand without parentheses.
    if (names.size() == 1 && Moment(names[0], expression)) return;
    Refuse(ErrorKind::kInvalidArgument, "there is no column {} that it may look at", names[0]);
  }

  // A name of the time of the call.
  bool Moment(const std::string& written, Ptr& expression) const {
    const std::string name = duckdb::StringUtil::Lower(written);
    const bool day = name == "current_date" || name == "curdate" || name == "today";
    const bool instant =
        name == "current_timestamp" || name == "now" || name == "get_current_timestamp";
    if (!day && !instant) return false;
    if (!scope_.now) {
      Refuse(ErrorKind::kUnsupported, "{}() gives another value each time: only a DEFAULT may ask",
             name);
    }
    Ptr at = Constant(duckdb::Value::TIMESTAMPTZ(duckdb::timestamp_tz_t(*scope_.now)));
    expression = day ? Cast(std::move(at), LogicalType::DATE) : std::move(at);
    return true;
  }

  void Function(Ptr& expression) {
    auto& call = expression->Cast<FunctionExpression>();
    const std::string name = duckdb::StringUtil::Lower(call.function_name);
    if (call.distinct || call.filter || (call.order_bys && !call.order_bys->orders.empty())) {
      Refuse(ErrorKind::kUnsupported, "a table's expressions look at one row: no aggregate {}()",
             name);
    }
    if (call.children.empty() && Moment(name, expression)) return;
    if (call.children.size() == 1 && std::ranges::find(kIntervals, name) != kIntervals.end()) {
      // What the parser makes of INTERVAL 1 DAY.
      if (IsNumber(*call.children[0])) return;
      Refuse(ErrorKind::kUnsupported, "an INTERVAL is a constant in a table's expressions");
    }
    for (Ptr& child : call.children) Translate(child);
    if (call.is_operator && std::ranges::find(kOperators, name) != kOperators.end()) {
      return;
    }
    if (IsMatch(name, call)) return;
    const size_t arguments = call.children.size();
    if (TranslateCall(expression)) return;
    Refuse(ErrorKind::kUnsupported,
           "function {} with {} argument{} is not one that a table's expressions may use here: it "
           "is an aggregate, changes from call to call, or is not known to mean what Spark means",
           name, arguments, arguments == 1 ? "" : "s");
  }

  // A constant under the casts that the parser puts around the number of an interval.
  static bool IsNumber(const ParsedExpression& expression) {
    if (expression.GetExpressionClass() == ExpressionClass::CONSTANT) return true;
    if (expression.GetExpressionClass() == ExpressionClass::CAST) {
      return IsNumber(*expression.Cast<duckdb::CastExpression>().child);
    }
    if (expression.GetExpressionClass() != ExpressionClass::FUNCTION) return false;
    const auto& call = expression.Cast<FunctionExpression>();
    const bool wraps = call.function_name == "trunc" || call.function_name == "-";
    return wraps && call.children.size() == 1 && IsNumber(*call.children[0]);
  }

  // RLIKE, as FromSparkSql spells it.
  static bool IsMatch(const std::string& name, const FunctionExpression& call) {
    return name == "regexp_full_match" && call.children.size() == 2 &&
           ConstantText(*call.children[1]).starts_with("(?s:.*)(?:");
  }

  static void CheckCast(duckdb::CastExpression& cast) {
    if (cast.cast_type.IsUnbound()) {
      cast.cast_type = duckdb::UnboundType::TryDefaultBind(cast.cast_type);
    }
    switch (cast.cast_type.id()) {
      case LogicalTypeId::BOOLEAN:
      case LogicalTypeId::TINYINT:
      case LogicalTypeId::SMALLINT:
      case LogicalTypeId::INTEGER:
      case LogicalTypeId::BIGINT:
      case LogicalTypeId::FLOAT:
      case LogicalTypeId::DOUBLE:
      case LogicalTypeId::DECIMAL:
      case LogicalTypeId::VARCHAR:
      case LogicalTypeId::BLOB:
      case LogicalTypeId::DATE:
      case LogicalTypeId::TIMESTAMP:
      case LogicalTypeId::TIMESTAMP_TZ:
      case LogicalTypeId::INTERVAL:
        return;
      default:
        Refuse(ErrorKind::kUnsupported, "a cast to {} is not for a table's expressions",
               cast.cast_type.ToString());
    }
  }

  SparkScope& scope_;
};

}  // namespace

void TranslateSpark(duckdb::unique_ptr<duckdb::ParsedExpression>& expression, SparkScope& scope) {
  Translator(scope).Translate(expression);
}

}  // namespace millpond::data
