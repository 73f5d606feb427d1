#include "data/sql/relation_function.h"

#include <charconv>

#include "data/sql/syntax.h"

namespace millpond::data {
namespace {

constexpr ErrorKind kBad = ErrorKind::kInvalidArgument;

Result<ArgumentValue> Constant(const SqlExpr& expression, const SourceText& source) {
  const SqlLiteral& literal = expression.literal;
  ArgumentValue out;
  out.offset = expression.offset;
  const char* end = literal.text.data() + literal.text.size();
  switch (literal.kind) {
    case SqlLiteral::Kind::kNull:
      return out;
    case SqlLiteral::Kind::kBoolean:
      out.value = literal.text == "true";
      return out;
    case SqlLiteral::Kind::kInteger: {
      int64_t value = 0;
      if (std::from_chars(literal.text.data(), end, value).ec != std::errc()) {
        return FailAt(source, expression.offset, kBad, "{} is out of range", literal.text);
      }
      out.value = value;
      return out;
    }
    case SqlLiteral::Kind::kDecimal:
    case SqlLiteral::Kind::kDouble: {
      double value = 0;
      std::from_chars(literal.text.data(), end, value);
      out.value = value;
      return out;
    }
    default:
      out.value = literal.text;
      return out;
  }
}

Result<ArgumentValue> Argument(const SqlExpr& expression, const std::string& function,
                               const SourceText& source) {
  if (expression.kind == SqlExprKind::kConstant) return Constant(expression, source);
  if (expression.kind == SqlExprKind::kFunction && expression.name == "list_value") {
    std::vector<std::string> items;
    for (const SqlExpr& item : expression.children) {
      if (item.kind != SqlExprKind::kConstant || item.literal.kind != SqlLiteral::Kind::kString) {
        return FailAt(source, item.offset, kBad, "a list given to {} holds strings only", function);
      }
      items.push_back(item.literal.text);
    }
    return ArgumentValue{std::move(items), expression.offset};
  }
  return FailAt(source, expression.offset, kBad,
                "arguments of {} are constants (a string, a number, true, false, or a list of "
                "strings); found {}",
                function, ToString(expression));
}

}  // namespace

Result<std::vector<ReadableFile>> RelationFunction::Files(const FunctionArguments& arguments,
                                                          const Workspace& /*workspace*/) {
  return FailAt(arguments.source, arguments.offset, ErrorKind::kUnsupported, "{} reads no files",
                name());
}

Result<FunctionArguments> ArgumentsOf(const SqlExpr& function, const SourceText& source) {
  FunctionArguments out{function.name, {}, {}, source, function.offset};
  for (size_t i = 0; i < function.children.size(); ++i) {
    const SqlExpr& child = function.children[i];
    MP_ASSIGN_OR_RETURN(ArgumentValue value, Argument(child, function.name, source));
    const std::string name = function.argument_names.empty() ? "" : function.argument_names[i];
    if (name.empty()) {
      out.positional.push_back(std::move(value));
    } else if (!out.named.emplace(name, std::move(value)).second) {
      return FailAt(source, child.offset, kBad, "{} is given twice", name);
    }
  }
  return out;
}

}  // namespace millpond::data
