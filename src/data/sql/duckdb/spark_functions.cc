#include "data/sql/duckdb/spark_functions_internal.h"

#include <algorithm>
#include <array>
#include <duckdb/common/string_util.hpp>
#include <duckdb/parser/expression/case_expression.hpp>
#include <duckdb/parser/expression/cast_expression.hpp>
#include <duckdb/parser/expression/columnref_expression.hpp>
#include <duckdb/parser/expression/comparison_expression.hpp>
#include <duckdb/parser/expression/constant_expression.hpp>
#include <duckdb/parser/expression/function_expression.hpp>
#include <duckdb/parser/expression/operator_expression.hpp>
#include <duckdb/parser/parsed_expression_iterator.hpp>

#include "data/sql/duckdb/errors_internal.h"

namespace millpond::data {

duckdb::unique_ptr<duckdb::ParsedExpression> Constant(duckdb::Value value) {
  return duckdb::make_uniq<duckdb::ConstantExpression>(std::move(value));
}

duckdb::unique_ptr<duckdb::ParsedExpression> Cast(
    duckdb::unique_ptr<duckdb::ParsedExpression> value, const duckdb::LogicalType& type) {
  return duckdb::make_uniq<duckdb::CastExpression>(type, std::move(value));
}

namespace {

using duckdb::ExpressionClass;
using duckdb::ExpressionType;
using duckdb::FunctionExpression;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::ParsedExpression;
using Ptr = duckdb::unique_ptr<ParsedExpression>;
using Arguments = duckdb::vector<Ptr>;

struct Function {
  std::string_view spark;
  size_t least, most;       // arguments
  std::string_view duckdb;  // its name there
};

// The same values in both.
constexpr std::array<Function, 62> kSame = {{
    {"abs", 1, 1, "abs"},
    {"ceil", 1, 1, "ceil"},
    {"ceiling", 1, 1, "ceil"},
    {"floor", 1, 1, "floor"},
    {"round", 1, 2, "round"},
    {"sqrt", 1, 1, "sqrt"},
    {"exp", 1, 1, "exp"},
    {"ln", 1, 1, "ln"},
    {"log10", 1, 1, "log10"},
    {"log2", 1, 1, "log2"},
    {"pow", 2, 2, "pow"},
    {"power", 2, 2, "pow"},
    {"sign", 1, 1, "sign"},
    {"signum", 1, 1, "sign"},
    {"greatest", 2, 64, "greatest"},
    {"least", 2, 64, "least"},
    {"isnan", 1, 1, "isnan"},
    {"lower", 1, 1, "lower"},
    {"lcase", 1, 1, "lower"},
    {"upper", 1, 1, "upper"},
    {"ucase", 1, 1, "upper"},
    {"trim", 1, 1, "trim"},
    {"ltrim", 1, 1, "ltrim"},
    {"rtrim", 1, 1, "rtrim"},
    {"length", 1, 1, "length"},
    {"len", 1, 1, "length"},
    {"char_length", 1, 1, "length"},
    {"character_length", 1, 1, "length"},
    {"left", 2, 2, "left"},
    {"right", 2, 2, "right"},
    {"replace", 3, 3, "replace"},
    {"reverse", 1, 1, "reverse"},
    {"repeat", 2, 2, "repeat"},
    {"lpad", 3, 3, "lpad"},
    {"rpad", 3, 3, "rpad"},
    {"instr", 2, 2, "instr"},
    {"ascii", 1, 1, "ascii"},
    {"md5", 1, 1, "md5"},
    {"startswith", 2, 2, "starts_with"},
    {"endswith", 2, 2, "ends_with"},
    {"contains", 2, 2, "contains"},
    {"regexp", 2, 2, "regexp_matches"},
    {"regexp_like", 2, 2, "regexp_matches"},
    {"rlike", 2, 2, "regexp_matches"},
    {"year", 1, 1, "year"},
    {"quarter", 1, 1, "quarter"},
    {"month", 1, 1, "month"},
    {"day", 1, 1, "day"},
    {"dayofmonth", 1, 1, "day"},
    {"dayofyear", 1, 1, "dayofyear"},
    {"weekofyear", 1, 1, "weekofyear"},
    {"hour", 1, 1, "hour"},
    {"minute", 1, 1, "minute"},
    {"second", 1, 1, "second"},
    {"array_contains", 2, 2, "list_contains"},
    {"size", 1, 1, "len"},
    {"cardinality", 1, 1, "len"},
    {"array", 0, 4096, "list_value"},
    // What the parser makes of LIKE … ESCAPE.
    {"like_escape", 3, 3, "like_escape"},
    {"not_like_escape", 3, 3, "not_like_escape"},
    {"ilike_escape", 3, 3, "ilike_escape"},
    {"not_ilike_escape", 3, 3, "not_ilike_escape"},
}};

Ptr Call(const std::string& name, Arguments arguments, bool is_operator = false) {
  return duckdb::make_uniq<FunctionExpression>(name, std::move(arguments), nullptr, nullptr, false,
                                               is_operator);
}

template <typename... Args>
Ptr Call(const std::string& name, Args... arguments) {
  Arguments list;
  (list.push_back(std::move(arguments)), ...);
  return Call(name, std::move(list));
}

Ptr Operator(const std::string& sign, Ptr a, Ptr b) {
  Arguments list;
  list.push_back(std::move(a));
  list.push_back(std::move(b));
  return Call(sign, std::move(list), true);
}

Ptr Integer(int64_t value) {
  return Constant(duckdb::Value::INTEGER(static_cast<int32_t>(value)));
}

Ptr If(Ptr condition, Ptr then, Ptr otherwise) {
  auto choice = duckdb::make_uniq<duckdb::CaseExpression>();
  duckdb::CaseCheck check;
  check.when_expr = std::move(condition);
  check.then_expr = std::move(then);
  choice->case_checks.push_back(std::move(check));
  choice->else_expr = std::move(otherwise);
  return choice;
}

// Spark's names of units, as trunc and date_trunc take them.
std::string UnitOf(const ParsedExpression& expression) {
  const std::string unit = duckdb::StringUtil::Lower(ConstantText(expression));
  for (const auto& [name, meant] :
       std::initializer_list<std::array<std::string_view, 2>>{{"year", "year"},
                                                              {"yyyy", "year"},
                                                              {"yy", "year"},
                                                              {"quarter", "quarter"},
                                                              {"month", "month"},
                                                              {"mon", "month"},
                                                              {"mm", "month"},
                                                              {"week", "week"},
                                                              {"day", "day"},
                                                              {"dd", "day"},
                                                              {"hour", "hour"},
                                                              {"minute", "minute"},
                                                              {"second", "second"}}) {
    if (unit == name) return std::string(meant);
  }
  Refuse(ErrorKind::kUnsupported, "'{}' is not a unit of time that is known here", unit);
}

// The patterns of date_format that have a counterpart.
std::string StrftimeOf(const ParsedExpression& expression) {
  const std::string pattern = ConstantText(expression);
  for (const auto& [spark, duckdb] : std::initializer_list<std::array<std::string_view, 2>>{
           {"yyyy", "%Y"},
           {"yyyy-MM", "%Y-%m"},
           {"yyyy-MM-dd", "%Y-%m-%d"},
           {"yyyyMMdd", "%Y%m%d"},
           {"yyyyMM", "%Y%m"},
           {"yyyy-MM-dd-HH", "%Y-%m-%d-%H"},
           {"yyyy-MM-dd HH:mm:ss", "%Y-%m-%d %H:%M:%S"},
           {"HH", "%H"},
           {"MM", "%m"},
           {"dd", "%d"}}) {
    if (pattern == spark) return std::string(duckdb);
  }
  Refuse(ErrorKind::kUnsupported,
         "date_format with '{}' is not known here; yyyy, yyyy-MM, yyyy-MM-dd and yyyy-MM-dd-HH are",
         pattern);
}

// Functions that are put together from others. `a` are the arguments; null: it is none of these.
Ptr ComposeValue(const std::string& name, Arguments& a) {
  const auto has = [&](std::string_view wanted, size_t count) {
    return name == wanted && a.size() == count;
  };
  if (name == "concat" && !a.empty()) {  // NULL if one of them is, which concat here passes over
    Ptr text = Cast(std::move(a[0]), LogicalType::VARCHAR);
    for (size_t i = 1; i < a.size(); ++i) {
      text = Operator("||", std::move(text), Cast(std::move(a[i]), LogicalType::VARCHAR));
    }
    return text;
  }
  if (has("nvl", 2) || has("ifnull", 2)) {
    return duckdb::make_uniq<duckdb::OperatorExpression>(ExpressionType::OPERATOR_COALESCE,
                                                         std::move(a[0]), std::move(a[1]));
  }
  if (has("if", 3) || has("iff", 3)) {
    return If(std::move(a[0]), std::move(a[1]), std::move(a[2]));
  }
  if (has("nullif", 2)) return Call("nullif", std::move(a));
  if (has("isnull", 1) || has("isnotnull", 1)) {
    return duckdb::make_uniq<duckdb::OperatorExpression>(
        name == "isnull" ? ExpressionType::OPERATOR_IS_NULL : ExpressionType::OPERATOR_IS_NOT_NULL,
        std::move(a[0]));
  }
  if ((name == "substring" || name == "substr") && (a.size() == 2 || a.size() == 3)) {
    // A start of 0 means the first character there.
    Ptr start = a[1]->Copy();
    a[1] = If(duckdb::make_uniq<duckdb::ComparisonExpression>(ExpressionType::COMPARE_EQUAL,
                                                              std::move(start), Integer(0)),
              Integer(1), std::move(a[1]));
    return Call("substring", std::move(a));
  }
  if (has("log", 1)) return Call("ln", std::move(a));
  if (has("log", 2)) return Call("log", std::move(a));
  if (has("mod", 2)) return Operator("%", std::move(a[0]), std::move(a[1]));
  if (has("pmod", 2)) {
    Ptr divisor = a[1]->Copy(), again = a[1]->Copy();
    Ptr rest = Operator("%", std::move(a[0]), std::move(a[1]));
    return Operator("%", Operator("+", std::move(rest), std::move(divisor)), std::move(again));
  }
  return nullptr;
}

// Likewise, dates and times.
Ptr ComposeTime(const std::string& name, Arguments& a) {
  const auto has = [&](std::string_view wanted, size_t count) {
    return name == wanted && a.size() == count;
  };
  if (has("to_date", 1) || has("date", 1)) return Cast(std::move(a[0]), LogicalType::DATE);
  if (has("to_timestamp", 1) || has("timestamp", 1)) {
    return Cast(std::move(a[0]), LogicalType::TIMESTAMP_TZ);
  }
  if (has("date_add", 2) || has("date_sub", 2)) {
    return Operator(name == "date_add" ? "+" : "-", Cast(std::move(a[0]), LogicalType::DATE),
                    Cast(std::move(a[1]), LogicalType::INTEGER));
  }
  if (has("datediff", 2) || has("date_diff", 2)) {
    return Operator("-", Cast(std::move(a[0]), LogicalType::DATE),
                    Cast(std::move(a[1]), LogicalType::DATE));
  }
  // Sunday is 1 there and 0 here; Monday is 0 there and 1 here.
  if (has("dayofweek", 1)) return Operator("+", Call("dayofweek", std::move(a)), Integer(1));
  if (has("weekday", 1)) return Operator("-", Call("isodow", std::move(a)), Integer(1));
  if (has("date_trunc", 2)) {
    Ptr unit = Constant(duckdb::Value(UnitOf(*a[0])));
    return Call("date_trunc", std::move(unit), Cast(std::move(a[1]), LogicalType::TIMESTAMP_TZ));
  }
  if (has("trunc", 2)) {
    Ptr unit = Constant(duckdb::Value(UnitOf(*a[1])));
    Ptr day = Cast(std::move(a[0]), LogicalType::DATE);
    return Cast(Call("date_trunc", std::move(unit), std::move(day)), LogicalType::DATE);
  }
  if (has("date_format", 2)) {
    Ptr pattern = Constant(duckdb::Value(StrftimeOf(*a[1])));
    return Call("strftime", Cast(std::move(a[0]), LogicalType::TIMESTAMP_TZ), std::move(pattern));
  }
  if (has("date_part", 2)) {  // EXTRACT(year FROM d)
    const std::string part = UnitOf(*a[0]);
    return Call(part == "week" ? "weekofyear" : part, std::move(a[1]));
  }
  return nullptr;
}

}  // namespace

std::string ConstantText(const ParsedExpression& expression) {
  if (expression.GetExpressionClass() != ExpressionClass::CONSTANT) return "";
  const auto& value = expression.Cast<duckdb::ConstantExpression>().value;
  if (value.IsNull() || value.type().id() != LogicalTypeId::VARCHAR) return "";
  return duckdb::StringValue::Get(value);
}

bool TranslateCall(Ptr& expression) {
  auto& call = expression->Cast<FunctionExpression>();
  const std::string name = duckdb::StringUtil::Lower(call.function_name);
  for (const auto& [spark, least, most, duckdb] : kSame) {
    if (name != spark || call.children.size() < least || call.children.size() > most) continue;
    call.function_name = std::string(duckdb);
    return true;
  }
  Ptr composed = ComposeValue(name, call.children);
  if (!composed) composed = ComposeTime(name, call.children);
  if (!composed) return false;
  expression = std::move(composed);
  return true;
}

}  // namespace millpond::data
