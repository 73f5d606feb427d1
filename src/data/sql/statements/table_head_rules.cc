#include <algorithm>
#include <charconv>

#include "data/delta/commit/table_rules.h"
#include "data/delta/metadata/protocol.h"
#include "data/sql/spark_text.h"
#include "data/sql/statements/table_head_internal.h"

namespace millpond::data {
namespace {

constexpr ErrorKind kBad = ErrorKind::kInvalidArgument;

// ( expression )
Result<std::string> TakeInParentheses(TokenCursor& at, const SourceText& source) {
  MP_RETURN_IF_ERROR(at.Expect("("));
  MP_ASSIGN_OR_RETURN(const std::string_view text, at.TakeExpression("an expression", {}));
  MP_RETURN_IF_ERROR(at.Expect(")"));
  return ToSparkSql(text, source);
}

Result<int64_t> TakeNumber(TokenCursor& at, const SourceText& source) {
  const size_t offset = at.offset();
  MP_ASSIGN_OR_RETURN(const std::string_view written, at.TakeExpression("a number", {"INCREMENT"}));
  std::string text(written);
  std::erase(text, ' ');
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return number;
  return FailAt(source, offset, kBad, "a whole number of BIGINT is expected, found {}", written);
}

// [(START WITH n INCREMENT BY n)]
Result<IdentityRule> TakeIdentity(TokenCursor& at, const SourceText& source, bool by_default) {
  IdentityRule rule;
  rule.allow_explicit_insert = by_default;
  if (!at.Accept("(")) return rule;
  while (!at.Accept(")")) {
    const size_t offset = at.offset();
    if (at.Accept("START", "WITH")) {
      MP_ASSIGN_OR_RETURN(rule.start, TakeNumber(at, source));
    } else if (at.Accept("INCREMENT", "BY")) {
      MP_ASSIGN_OR_RETURN(rule.step, TakeNumber(at, source));
      if (rule.step == 0) return FailAt(source, offset, kBad, "INCREMENT BY 0 gives no new values");
    } else {
      return at.Unexpected("START WITH, INCREMENT BY or )");
    }
    (void)at.Accept(",");
  }
  return rule;
}

Status TakeGenerated(TokenCursor& at, const SourceText& source, StructField& field) {
  const bool by_default = at.Accept("BY", "DEFAULT");
  if (!by_default) MP_RETURN_IF_ERROR(at.Expect("ALWAYS"));
  MP_RETURN_IF_ERROR(at.Expect("AS"));
  if (at.Accept("IDENTITY")) {
    MP_ASSIGN_OR_RETURN(const IdentityRule rule, TakeIdentity(at, source, by_default));
    SetIdentityRule(field, rule);
    return OkStatus();
  }
  if (by_default) return at.Unexpected("IDENTITY (a computed column is GENERATED ALWAYS AS (…))");
  MP_ASSIGN_OR_RETURN(const std::string expression, TakeInParentheses(at, source));
  SetGenerationExpression(field, expression);
  return OkStatus();
}

}  // namespace

Result<bool> TakeColumnRule(TokenCursor& at, const SourceText& source, StructField& field,
                            StringMap& properties) {
  if (at.Accept("GENERATED")) {
    MP_RETURN_IF_ERROR(TakeGenerated(at, source, field));
    return true;
  }
  if (at.Accept("DEFAULT")) {
    MP_ASSIGN_OR_RETURN(
        const std::string_view text,
        at.TakeExpression("a value", {"COMMENT", "NOT", "GENERATED", "CONSTRAINT", "CHECK"}));
    MP_ASSIGN_OR_RETURN(const std::string expression, ToSparkSql(text, source));
    SetDefaultExpression(field, expression);
    return true;
  }
  const Token* next = at.Peek();
  if (next == nullptr || !(next->Is("CONSTRAINT") || next->Is("CHECK"))) return false;
  MP_RETURN_IF_ERROR(TakeConstraint(at, source, properties));
  return true;
}

Status TakeConstraint(TokenCursor& at, const SourceText& source, StringMap& properties) {
  const size_t offset = at.offset();
  if (!at.Accept("CONSTRAINT")) {
    return FailAt(source, offset, kBad, "a constraint needs a name: CONSTRAINT name CHECK (…)");
  }
  MP_ASSIGN_OR_RETURN(std::string name, at.TakeName("a constraint"));
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
  if (!at.Accept("CHECK")) {
    return FailAt(source, at.offset(), ErrorKind::kUnsupported,
                  "constraint {}: of constraints there is CHECK (…); a Delta table cannot enforce "
                  "keys",
                  name);
  }
  MP_ASSIGN_OR_RETURN(std::string expression, TakeInParentheses(at, source));
  if (!properties.emplace(property::kConstraintPrefix + name, std::move(expression)).second) {
    return FailAt(source, offset, kBad, "there are two constraints {}", name);
  }
  return OkStatus();
}

}  // namespace millpond::data
