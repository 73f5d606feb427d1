#include "data/sql/statement.h"

namespace millpond::data {

bool Statement::StartsWith(std::initializer_list<std::string_view> words) const {
  size_t i = 0;
  for (std::string_view word : words) {
    if (i == tokens.size() || !tokens[i++].Is(word)) return false;
  }
  return true;
}

Result<std::vector<Statement>> SplitStatements(const SourceText& source) {
  MP_ASSIGN_OR_RETURN(const std::vector<Token> tokens, Tokenize(source));
  std::vector<Statement> statements;
  size_t first = 0;
  for (size_t i = 0; i <= tokens.size(); ++i) {
    if (i < tokens.size() && !tokens[i].IsPunctuation(";")) continue;
    if (i > first) {
      const size_t begin = tokens[first].offset, end = tokens[i - 1].end();
      statements.push_back({source, source.text().substr(begin, end - begin),
                            std::vector<Token>(tokens.begin() + first, tokens.begin() + i)});
    }
    first = i + 1;
  }
  return statements;
}

}  // namespace millpond::data
