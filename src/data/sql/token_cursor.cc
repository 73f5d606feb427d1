#include "data/sql/token_cursor.h"

#include <algorithm>

namespace millpond::data {

bool TokenCursor::Matches(const Token& token, std::string_view word) {
  return token.Is(word) || token.IsPunctuation(word);
}

bool TokenCursor::AcceptAll(std::initializer_list<std::string_view> words) {
  size_t ahead = 0;
  for (std::string_view word : words) {
    const Token* token = Peek(ahead++);
    if (token == nullptr || !Matches(*token, word)) return false;
  }
  at_ += words.size();
  return true;
}

size_t TokenCursor::offset() const {
  if (!AtEnd()) return tokens_[at_].offset;
  return tokens_.empty() ? 0 : tokens_.back().end();
}

std::unexpected<Error> TokenCursor::Unexpected(std::string_view expected) const {
  return FailAt(source_, offset(), ErrorKind::kInvalidArgument, "expected {}, found {}", expected,
                AtEnd() ? "the end of the statement" : tokens_[at_].text);
}

Status TokenCursor::Expect(std::string_view word) {
  if (Accept(word)) return OkStatus();
  return Unexpected(word);
}

Status TokenCursor::ExpectEnd() {
  if (AtEnd()) return OkStatus();
  return Unexpected("the end of the statement");
}

Result<std::string> TokenCursor::TakeName(std::string_view what) {
  if (AtEnd() || !tokens_[at_].IsName()) return Unexpected(what);
  return tokens_[at_++].Value();
}

Result<std::vector<std::string>> TokenCursor::TakePath() {
  std::vector<std::string> names;
  do {
    MP_ASSIGN_OR_RETURN(std::string name, TakeName("a table's name"));
    names.push_back(std::move(name));
  } while (Accept("."));
  return names;
}

Result<std::vector<std::string>> TokenCursor::TakeTable() {
  if (AtEnd() || tokens_[at_].kind != TokenKind::kString) return TakePath();
  return std::vector<std::string>{"delta", tokens_[at_++].Value()};
}

Result<std::string> TokenCursor::TakeString(std::string_view what) {
  if (AtEnd() || tokens_[at_].kind != TokenKind::kString) return Unexpected(what);
  return tokens_[at_++].Value();
}

std::string_view TokenCursor::TextBetween(size_t first, size_t last) const {
  if (first >= last) {  // a place in the text all the same
    const size_t place = first < tokens_.size() ? tokens_[first].offset : offset();
    return source_.text().substr(place, 0);
  }
  const size_t begin = tokens_[first].offset;
  return source_.text().substr(begin, tokens_[last - 1].end() - begin);
}

std::string_view TokenCursor::TakeRest() {
  const size_t first = at_;
  at_ = tokens_.size();
  return TextBetween(first, at_);
}

std::string_view TokenCursor::TakeUntilSeparator() {
  const size_t first = at_;
  int depth = 0;
  for (; !AtEnd(); ++at_) {
    const Token& token = tokens_[at_];
    if (depth == 0 && (token.IsPunctuation(",") || token.IsPunctuation(")"))) break;
    if (token.IsPunctuation("(") || token.IsPunctuation("<")) ++depth;
    if (token.IsPunctuation(")") || token.IsPunctuation(">")) --depth;
    if (token.IsPunctuation(">>")) depth -= 2;
  }
  return TextBetween(first, at_);
}

Result<std::string_view> TokenCursor::TakeExpression(
    std::string_view what, std::initializer_list<std::string_view> stops) {
  const size_t first = at_;
  int depth = 0;
  for (; !AtEnd(); ++at_) {
    const Token& token = tokens_[at_];
    const auto is = [&](std::string_view word) { return Matches(token, word); };
    if (depth == 0 && (is(",") || is(")") || std::ranges::any_of(stops, is))) break;
    if (is("(") || is("[") || is("{") || is("CASE")) ++depth;
    if (is(")") || is("]") || is("}") || is("END")) --depth;
  }
  if (at_ == first) return Unexpected(what);
  return TextBetween(first, at_);
}

}  // namespace millpond::data
