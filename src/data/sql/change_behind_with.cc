#include "data/sql/change_behind_with.h"

#include <algorithm>

namespace millpond::data {
namespace {

class CommonTables {
 public:
  explicit CommonTables(const std::vector<Token>& tokens) : tokens_(tokens) {}

  // The token behind the last of them; 0 where they are not what the grammar says.
  size_t End() {
    if (!Accept("WITH")) return 0;
    (void)Accept("RECURSIVE");
    do {
      if (at_ >= tokens_.size() || !tokens_[at_++].IsName()) return 0;
      if (IsOpen()) SkipParentheses();  // names for the columns
      if (!Accept("AS")) return 0;
      (void)Accept("NOT");
      (void)Accept("MATERIALIZED");
      if (!IsOpen()) return 0;
      SkipParentheses();
    } while (Accept(","));
    return at_;
  }

 private:
  bool Accept(std::string_view word) {
    if (at_ >= tokens_.size()) return false;
    if (!tokens_[at_].Is(word) && !tokens_[at_].IsPunctuation(word)) return false;
    ++at_;
    return true;
  }
  bool IsOpen() const { return at_ < tokens_.size() && tokens_[at_].IsPunctuation("("); }
  void SkipParentheses() {
    int depth = 0;
    for (; at_ < tokens_.size(); ++at_) {
      if (tokens_[at_].IsPunctuation("(")) ++depth;
      if (tokens_[at_].IsPunctuation(")") && --depth == 0) {
        ++at_;
        return;
      }
    }
  }

  const std::vector<Token>& tokens_;
  size_t at_ = 0;
};

}  // namespace

std::optional<Statement> ChangeBehindWith(const Statement& statement) {
  const std::vector<Token>& tokens = statement.tokens;
  const size_t end = CommonTables(tokens).End();
  if (end == 0 || end >= tokens.size()) return std::nullopt;
  const bool change = std::ranges::any_of(
      std::initializer_list<std::string_view>{"INSERT", "MERGE", "UPDATE", "DELETE"},
      [&](std::string_view word) { return tokens[end].Is(word); });
  if (!change) return std::nullopt;
  const size_t begin = tokens[end].offset;
  return Statement{statement.source,
                   statement.source.text().substr(begin, tokens.back().end() - begin),
                   {tokens.begin() + static_cast<ptrdiff_t>(end), tokens.end()}};
}

}  // namespace millpond::data
