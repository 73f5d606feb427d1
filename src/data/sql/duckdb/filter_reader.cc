#include "data/sql/duckdb/filter_reader_internal.h"

#include <duckdb/execution/expression_executor.hpp>
#include <duckdb/function/scalar/struct_utils.hpp>
#include <duckdb/main/client_context.hpp>
#include <duckdb/planner/expression/list.hpp>
#include <map>

#include "data/sql/duckdb/types_internal.h"

namespace millpond::data {
namespace {

using duckdb::Expression;
using duckdb::ExpressionType;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using Kind = FilterNode::Kind;
using Path = std::vector<std::string>;

std::optional<DatePart> PartNamed(const std::string& name) {
  static const std::map<std::string, DatePart> kParts = {
      {"year", DatePart::kYear},      {"quarter", DatePart::kQuarter},
      {"month", DatePart::kMonth},    {"day", DatePart::kDay},
      {"dayofmonth", DatePart::kDay}, {"dayofyear", DatePart::kDayOfYear},
      {"doy", DatePart::kDayOfYear},  {"dayofweek", DatePart::kDayOfWeek},
      {"dow", DatePart::kDayOfWeek},  {"isodow", DatePart::kIsoDayOfWeek},
      {"hour", DatePart::kHour},      {"minute", DatePart::kMinute},
      {"second", DatePart::kSecond}};
  const auto found = kParts.find(duckdb::StringUtil::Lower(name));
  return found == kParts.end() ? std::nullopt : std::optional(found->second);
}

std::optional<DatePart> UnitNamed(const std::string& name) {
  const std::string unit = duckdb::StringUtil::Lower(name);
  if (unit == "week") return DatePart::kWeek;
  if (unit == "millisecond" || unit == "milliseconds") return DatePart::kMillisecond;
  for (const char* known : {"year", "quarter", "month", "day", "hour", "minute", "second"}) {
    if (unit == known || unit == std::string(known) + "s") return PartNamed(known);
  }
  return std::nullopt;
}

class Reader {
 public:
  Reader(duckdb::ClientContext& context, const Schema& schema,
         const duckdb::MultiFilePushdownInfo& info, std::vector<Path>& columns)
      : context_(context), schema_(schema), info_(info), columns_(columns) {
    duckdb::Value zone;
    // Days of instants are those of UTC.
    utc_ = context.TryGetCurrentSetting("TimeZone", zone) && zone.ToString() == "UTC";
  }

  FilterNode Read(const Expression& expression) {
    if (expression.IsFoldable()) return ReadConstant(expression);
    switch (expression.GetExpressionClass()) {
      case duckdb::ExpressionClass::BOUND_COLUMN_REF:
        return ReadColumn(expression);
      case duckdb::ExpressionClass::BOUND_COMPARISON:
        return ReadComparison(expression.Cast<duckdb::BoundComparisonExpression>());
      case duckdb::ExpressionClass::BOUND_CONJUNCTION:
        return ReadConjunction(expression.Cast<duckdb::BoundConjunctionExpression>());
      case duckdb::ExpressionClass::BOUND_OPERATOR:
        return ReadOperator(expression.Cast<duckdb::BoundOperatorExpression>());
      case duckdb::ExpressionClass::BOUND_BETWEEN:
        return ReadBetween(expression.Cast<duckdb::BoundBetweenExpression>());
      case duckdb::ExpressionClass::BOUND_CAST:
        return ReadCast(expression.Cast<duckdb::BoundCastExpression>());
      case duckdb::ExpressionClass::BOUND_FUNCTION:
        return ReadFunction(expression.Cast<duckdb::BoundFunctionExpression>());
      default:
        return {};
    }
  }

 private:
  std::optional<ColumnValue> ConstantOf(const Expression& expression) {
    duckdb::Value value;
    if (!expression.IsFoldable() ||
        !duckdb::ExpressionExecutor::TryEvaluateScalar(context_, expression, value)) {
      return std::nullopt;
    }
    return FromValue(value);
  }

  FilterNode ReadConstant(const Expression& expression) {
    auto value = ConstantOf(expression);
    return value ? FilterNode::Constant(std::move(*value)) : FilterNode();
  }

  // The text of a constant argument.
  std::optional<std::string> TextOf(const Expression& expression) {
    auto value = ConstantOf(expression);
    auto* text = value ? std::get_if<std::string>(&*value) : nullptr;
    return text == nullptr ? std::nullopt : std::optional(std::move(*text));
  }

  std::optional<int64_t> NumberOf(const Expression& expression) {
    const auto value = ConstantOf(expression);
    const auto* number = value ? std::get_if<int64_t>(&*value) : nullptr;
    return number == nullptr ? std::nullopt : std::optional(*number);
  }

  // Where a column or a field of a struct is in the schema, and its type there.
  std::optional<std::pair<Path, DataType>> PathOf(const Expression& expression) {
    if (expression.GetExpressionClass() == duckdb::ExpressionClass::BOUND_COLUMN_REF) {
      const auto& column = expression.Cast<duckdb::BoundColumnRefExpression>();
      const auto at = column.binding.column_index;
      if (column.binding.table_index != info_.table_index || column.depth != 0 ||
          at >= info_.column_ids.size() || info_.column_ids[at] >= schema_.size()) {
        return std::nullopt;
      }
      const StructField& field = schema_.fields()[info_.column_ids[at]];
      return std::pair(Path{field.name}, field.type);
    }
    if (expression.GetExpressionClass() != duckdb::ExpressionClass::BOUND_FUNCTION) {
      return std::nullopt;
    }
    const auto& call = expression.Cast<duckdb::BoundFunctionExpression>();
    const std::string& name = call.function.name;
    if ((name != "struct_extract" && name != "struct_extract_at") || !call.bind_info) {
      return std::nullopt;
    }
    auto outer = PathOf(*call.children[0]);
    const auto index = call.bind_info->Cast<duckdb::StructExtractBindData>().index;
    if (!outer || outer->second.kind() != TypeKind::kStruct ||
        index >= outer->second.fields().size()) {
      return std::nullopt;
    }
    const StructField field = outer->second.fields()[index];
    outer->first.push_back(field.name);
    return std::pair(std::move(outer->first), field.type);
  }

  FilterNode ReadColumn(const Expression& expression) {
    auto found = PathOf(expression);
    // What the scan gives must be the column itself, not a part of it.
    if (!found || !found->second.is_primitive() ||
        !IsSameType(ToLogicalType(found->second), expression.return_type)) {
      return {};
    }
    const auto there = std::ranges::find(columns_, found->first);
    if (there != columns_.end()) return FilterNode::Column(there - columns_.begin());
    columns_.push_back(std::move(found->first));
    return FilterNode::Column(columns_.size() - 1);
  }

  FilterNode Pair(Kind kind, const Expression& left, const Expression& right) {
    if (!IsSameType(left.return_type, right.return_type)) return {};
    if (!FromLogicalType(left.return_type)) return {};
    std::vector<FilterNode> sides;
    sides.push_back(Read(left));
    sides.push_back(Read(right));
    return FilterNode::Of(kind, std::move(sides));
  }

  static FilterNode Not(FilterNode node) {
    if (node.kind == Kind::kUnknown) return node;
    std::vector<FilterNode> children;
    children.push_back(std::move(node));
    return FilterNode::Of(Kind::kNot, std::move(children));
  }

  FilterNode Compare(ExpressionType type, const Expression& left, const Expression& right) {
    switch (type) {
      case ExpressionType::COMPARE_EQUAL:
        return Pair(Kind::kEqual, left, right);
      case ExpressionType::COMPARE_NOTEQUAL:
        return Not(Pair(Kind::kEqual, left, right));
      case ExpressionType::COMPARE_LESSTHAN:
        return Pair(Kind::kLess, left, right);
      case ExpressionType::COMPARE_LESSTHANOREQUALTO:
        return Pair(Kind::kLessOrEqual, left, right);
      case ExpressionType::COMPARE_GREATERTHAN:
        return Pair(Kind::kLess, right, left);
      case ExpressionType::COMPARE_GREATERTHANOREQUALTO:
        return Pair(Kind::kLessOrEqual, right, left);
      case ExpressionType::COMPARE_NOT_DISTINCT_FROM:
        return Pair(Kind::kSame, left, right);
      case ExpressionType::COMPARE_DISTINCT_FROM:
        return Not(Pair(Kind::kSame, left, right));
      default:
        return {};
    }
  }

  FilterNode ReadComparison(const duckdb::BoundComparisonExpression& comparison) {
    return Compare(comparison.GetExpressionType(), *comparison.left, *comparison.right);
  }

  FilterNode ReadConjunction(const duckdb::BoundConjunctionExpression& conjunction) {
    const bool all = conjunction.GetExpressionType() == ExpressionType::CONJUNCTION_AND;
    std::vector<FilterNode> children;
    for (const auto& child : conjunction.children) children.push_back(Read(*child));
    return FilterNode::Of(all ? Kind::kAnd : Kind::kOr, std::move(children));
  }

  FilterNode ReadBetween(const duckdb::BoundBetweenExpression& between) {
    std::vector<FilterNode> sides;
    sides.push_back(Compare(between.LowerComparisonType(), *between.input, *between.lower));
    sides.push_back(Compare(between.UpperComparisonType(), *between.input, *between.upper));
    return FilterNode::Of(Kind::kAnd, std::move(sides));
  }

  FilterNode ReadOperator(const duckdb::BoundOperatorExpression& expression) {
    const Expression& first = *expression.children[0];
    switch (expression.GetExpressionType()) {
      case ExpressionType::OPERATOR_NOT:
        return Not(Read(first));
      case ExpressionType::OPERATOR_IS_NULL:
      case ExpressionType::OPERATOR_IS_NOT_NULL: {
        std::vector<FilterNode> children;
        children.push_back(Read(first));
        FilterNode node = FilterNode::Of(Kind::kIsNull, std::move(children));
        const bool is = expression.GetExpressionType() == ExpressionType::OPERATOR_IS_NULL;
        return is ? std::move(node) : Not(std::move(node));
      }
      case ExpressionType::OPERATOR_COALESCE: {
        std::vector<FilterNode> children;
        for (const auto& child : expression.children) children.push_back(Read(*child));
        return FilterNode::Of(Kind::kFirst, std::move(children));
      }
      case ExpressionType::COMPARE_IN:
        return ReadIn(expression);
      case ExpressionType::COMPARE_NOT_IN:
        return Not(ReadIn(expression));
      default:
        return {};
    }
  }

  FilterNode ReadIn(const duckdb::BoundOperatorExpression& expression) {
    const LogicalType& type = expression.children[0]->return_type;
    if (!FromLogicalType(type)) return {};
    FilterNode node;
    for (size_t i = 1; i < expression.children.size(); ++i) {
      if (!IsSameType(expression.children[i]->return_type, type)) return {};
      auto value = ConstantOf(*expression.children[i]);
      if (!value) return {};
      if (HasValue(*value)) {
        node.values.push_back(std::move(*value));
      } else {
        node.has_null = true;
      }
    }
    SortValues(node.values);
    node.kind = Kind::kIsIn;
    node.children.push_back(Read(*expression.children[0]));
    return node;
  }

  FilterNode Function(RangeFunction function, const Expression& argument,
                      const LogicalType& result) {
    const auto from = FromLogicalType(argument.return_type), to = FromLogicalType(result);
    if (!from || !to) return {};
    const bool instants =
        from->kind() == TypeKind::kTimestamp || to->kind() == TypeKind::kTimestamp;
    if (instants && !utc_) return {};
    function.from = *from;
    function.to = *to;
    FilterNode node;
    node.kind = Kind::kFunction;
    node.function = std::move(function);
    node.children.push_back(Read(argument));
    return node;
  }

  FilterNode ReadCast(const duckdb::BoundCastExpression& cast) {
    return Function({RangeFunction::Kind::kCast}, *cast.child, cast.return_type);
  }

  FilterNode StartsWith(const Expression& text, std::string prefix) {
    FilterNode node;
    node.kind = Kind::kStartsWith;
    node.children.push_back(Read(text));
    node.value = std::move(prefix);
    return node;
  }

  // What the pattern begins with; whether there is more to it than "any text behind" is left to
  // the rows.
  FilterNode Like(const Expression& text, const std::string& pattern, const std::string& escape) {
    const size_t end = pattern.find_first_of("%_\\" + escape);
    std::vector<FilterNode> both;
    both.push_back(StartsWith(text, pattern.substr(0, end)));
    if (end == pattern.npos || end + 1 != pattern.size() || pattern[end] != '%') {
      both.emplace_back();
    }
    return FilterNode::Of(Kind::kAnd, std::move(both));
  }

  FilterNode ReadPart(const duckdb::BoundFunctionExpression& call) {
    const bool named = call.children.size() == 2;
    const Expression& argument = *call.children.back();
    std::optional<std::string> name = call.function.name;
    if (named) name = TextOf(*call.children[0]);
    const auto part = name ? PartNamed(*name) : std::nullopt;
    if (!part || call.return_type.id() != LogicalTypeId::BIGINT) return {};
    return OfTime({RangeFunction::Kind::kPart, {}, {}, *part}, argument, call.return_type);
  }

  FilterNode OfTime(RangeFunction function, const Expression& argument, const LogicalType& result) {
    switch (argument.return_type.id()) {
      case LogicalTypeId::DATE:
      case LogicalTypeId::TIMESTAMP:
      case LogicalTypeId::TIMESTAMP_TZ:
        return Function(std::move(function), argument, result);
      default:
        return {};
    }
  }

  // strftime(c, '%Y-%m'), or the other way round.
  FilterNode ReadFormat(const duckdb::BoundFunctionExpression& call) {
    const bool first = call.children[0]->return_type.id() == LogicalTypeId::VARCHAR;
    auto format = TextOf(*call.children[first ? 0 : 1]);
    if (!format) return {};
    return OfTime({RangeFunction::Kind::kFormat, {}, {}, {}, 0, std::move(*format)},
                  *call.children[first ? 1 : 0], call.return_type);
  }

  FilterNode ReadFunction(const duckdb::BoundFunctionExpression& call) {
    const std::string& name = call.function.name;
    const auto& arguments = call.children;
    if (arguments.empty()) return {};
    if (name == "struct_extract" || name == "struct_extract_at") return ReadColumn(call);
    if (name == "prefix" || name == "starts_with" || name == "^@") {
      const auto prefix = TextOf(*arguments[1]);
      return prefix ? StartsWith(*arguments[0], *prefix) : FilterNode();
    }
    if (name == "~~" || name == "!~~" || name == "like_escape" || name == "not_like_escape") {
      const auto pattern = TextOf(*arguments[1]);
      const auto escape = arguments.size() > 2 ? TextOf(*arguments[2]) : std::string();
      if (!pattern || !escape) return {};
      FilterNode like = Like(*arguments[0], *pattern, *escape);
      return name == "~~" || name == "like_escape" ? std::move(like) : Not(std::move(like));
    }
    if (name == "date_trunc" || name == "datetrunc") {
      const auto unit = TextOf(*arguments[0]);
      const auto part = unit ? UnitNamed(*unit) : std::nullopt;
      if (!part) return {};
      return OfTime({RangeFunction::Kind::kTruncate, {}, {}, *part}, *arguments[1],
                    call.return_type);
    }
    if (name == "strftime") return ReadFormat(call);
    const bool left = name == "left" && arguments.size() == 2;
    const bool substring = (name == "substring" || name == "substr") && arguments.size() == 3 &&
                           NumberOf(*arguments[1]) == 1;
    if (left || substring) {
      const auto count = NumberOf(*arguments.back());
      if (!count || *count < 0) return {};
      return Function({RangeFunction::Kind::kPrefix, {}, {}, {}, *count}, *arguments[0],
                      call.return_type);
    }
    const bool part = name == "date_part" || name == "datepart";
    return part || arguments.size() == 1 ? ReadPart(call) : FilterNode();
  }

  duckdb::ClientContext& context_;
  const Schema& schema_;
  const duckdb::MultiFilePushdownInfo& info_;
  std::vector<Path>& columns_;
  bool utc_ = false;
};

}  // namespace

ReadFilter ReadFilters(duckdb::ClientContext& context, const Schema& schema,
                       const duckdb::MultiFilePushdownInfo& info,
                       const duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& filters) {
  ReadFilter read;
  Reader reader(context, schema, info, read.columns);
  std::vector<FilterNode> conditions;
  for (const auto& filter : filters) conditions.push_back(reader.Read(*filter));
  read.condition = FilterNode::Of(Kind::kAnd, std::move(conditions));
  return read;
}

}  // namespace millpond::data
