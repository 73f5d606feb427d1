// Reads the head of a statement token by token: what Millpond's own grammar is parsed with.
//
//   TokenCursor at(statement.tokens, statement.source);
//   MP_RETURN_IF_ERROR(at.Expect("CREATE"));
//   const bool replace = at.Accept("OR", "REPLACE");
//   MP_ASSIGN_OR_RETURN(auto names, at.TakePath());
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/sql/source_text.h"
#include "data/sql/tokenizer.h"

namespace millpond::data {

class TokenCursor {
 public:
  TokenCursor(const std::vector<Token>& tokens, const SourceText& source)
      : tokens_(tokens), source_(source) {}

  bool AtEnd() const { return at_ == tokens_.size(); }
  // The token `ahead` of the cursor; null past the end.
  const Token* Peek(size_t ahead = 0) const {
    return at_ + ahead < tokens_.size() ? &tokens_[at_ + ahead] : nullptr;
  }
  void Skip() { ++at_; }

  // Moves over these words or signs if all are there.
  bool Accept(std::string_view word) { return AcceptAll({word}); }
  bool Accept(std::string_view a, std::string_view b) { return AcceptAll({a, b}); }
  bool Accept(std::string_view a, std::string_view b, std::string_view c) {
    return AcceptAll({a, b, c});
  }
  // The same, or an error that says what was expected and what is there.
  Status Expect(std::string_view word);
  Status ExpectEnd();

  Result<std::string> TakeName(std::string_view what);
  Result<std::vector<std::string>> TakePath();  // a, a.b, a.b.c
  // Likewise, or '/path', which is delta.`/path`: {"delta", "/path"}.
  Result<std::vector<std::string>> TakeTable();
  Result<std::string> TakeString(std::string_view what);
  // The text from the cursor to the end of the statement; moves to the end.
  std::string_view TakeRest();
  // The text of tokens up to (not including) a "," or ")" of this depth.
  std::string_view TakeUntilSeparator();
  // The text of an expression: up to (not including) a ",", a ")", or one of the words, outside of
  // brackets and CASE … END. An empty one is an error that says what was expected.
  Result<std::string_view> TakeExpression(std::string_view what,
                                          std::initializer_list<std::string_view> stops);

  size_t offset() const;  // of the next token, or of the end
  std::unexpected<Error> Unexpected(std::string_view expected) const;

 private:
  bool AcceptAll(std::initializer_list<std::string_view> words);
  static bool Matches(const Token& token, std::string_view word);
  std::string_view TextBetween(size_t first, size_t last) const;

  const std::vector<Token>& tokens_;
  const SourceText& source_;
  size_t at_ = 0;
};

}  // namespace millpond::data
