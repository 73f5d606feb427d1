#include "data/sql/statements/property_list.h"

namespace millpond::data {
namespace {

Result<std::string> TakeKey(TokenCursor& at) {
  if (!at.AtEnd() && at.Peek()->kind == TokenKind::kString) return at.TakeString("a property");
  std::string key;
  do {
    MP_ASSIGN_OR_RETURN(const std::string part, at.TakeName("a property"));
    key += (key.empty() ? "" : ".") + part;
  } while (at.Accept("."));
  return key;
}

Result<std::string> TakeValue(TokenCursor& at) {
  if (at.AtEnd()) return at.Unexpected("a value");
  const std::string sign = at.Accept("-") ? "-" : "";
  const Token* token = at.Peek();
  if (token != nullptr && token->kind == TokenKind::kNumber) {
    at.Skip();
    return sign + std::string(token->text);
  }
  if (token != nullptr && sign.empty() && (token->Is("TRUE") || token->Is("FALSE"))) {
    at.Skip();
    return std::string(token->Is("TRUE") ? "true" : "false");
  }
  if (!sign.empty()) return at.Unexpected("a number");
  return at.TakeString("a value");
}

}  // namespace

Result<StringMap> TakePropertyList(TokenCursor& at) {
  StringMap properties;
  MP_RETURN_IF_ERROR(at.Expect("("));
  do {
    MP_ASSIGN_OR_RETURN(const std::string key, TakeKey(at));
    (void)at.Accept("=");  // Spark lets it out
    MP_ASSIGN_OR_RETURN(properties[key], TakeValue(at));
  } while (at.Accept(","));
  MP_RETURN_IF_ERROR(at.Expect(")"));
  return properties;
}

Result<std::vector<std::string>> TakePropertyKeys(TokenCursor& at) {
  std::vector<std::string> keys;
  MP_RETURN_IF_ERROR(at.Expect("("));
  do {
    MP_ASSIGN_OR_RETURN(keys.emplace_back(), TakeKey(at));
  } while (at.Accept(","));
  MP_RETURN_IF_ERROR(at.Expect(")"));
  return keys;
}

}  // namespace millpond::data
