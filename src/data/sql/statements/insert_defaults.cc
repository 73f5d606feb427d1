#include "data/sql/statements/insert_defaults_internal.h"
#include "data/sql/tokenizer.h"

namespace millpond::data {
namespace {

struct DefaultWord {
  size_t column;  // of its row
  const Token* token;
};

struct ValueRows {
  size_t rows = 0;
  std::vector<DefaultWord> words;
};

// VALUES (…), (…): rows open at the first depth of parentheses, their values are between commas.
ValueRows ReadRows(const std::vector<Token>& tokens) {
  ValueRows found;
  if (tokens.empty() || !tokens[0].Is("VALUES")) return found;
  int depth = 0;
  size_t column = 0;
  for (size_t i = 1; i < tokens.size(); ++i) {
    const Token& token = tokens[i];
    if (token.IsPunctuation("(") && depth++ == 0) {
      column = 0;
      ++found.rows;
    } else if (token.IsPunctuation(")")) {
      --depth;
    } else if (token.IsPunctuation(",") && depth == 1) {
      ++column;
    } else if (token.Is("DEFAULT") && depth == 1 && i + 1 < tokens.size() &&
               (tokens[i - 1].IsPunctuation("(") || tokens[i - 1].IsPunctuation(",")) &&
               (tokens[i + 1].IsPunctuation(")") || tokens[i + 1].IsPunctuation(","))) {
      found.words.push_back({column, &token});
    }
  }
  return found;
}

}  // namespace

Result<std::vector<Replacement>> FindDefaults(std::string_view query, const SourceText& source) {
  MP_ASSIGN_OR_RETURN(const auto tokens, Tokenize(query, source));
  std::vector<Replacement> replacements;
  for (const DefaultWord& word : ReadRows(tokens).words) {
    replacements.push_back({word.token->offset, word.token->end(), "NULL"});
  }
  return replacements;
}

Result<InsertDefaults> TakeDefaults(std::string_view query, const SourceText& source,
                                    const std::vector<TargetColumn>& columns,
                                    const TableFill& fill) {
  MP_ASSIGN_OR_RETURN(const auto tokens, Tokenize(query, source));
  const ValueRows rows = ReadRows(tokens);
  std::vector<size_t> count(columns.size(), 0);
  for (const DefaultWord& word : rows.words) {
    if (word.column < columns.size()) ++count[word.column];  // too many values: Run says so
  }
  InsertDefaults defaults;
  for (const DefaultWord& word : rows.words) {
    std::string text = "NULL";
    if (word.column < columns.size() && count[word.column] < rows.rows) {
      const std::string& name = columns[word.column].name;
      MP_ASSIGN_OR_RETURN(const ColumnFill how, fill.Of(name));
      if (how == ColumnFill::kGenerated || how == ColumnFill::kIdentity) {
        return FailAt(source, word.token->offset, ErrorKind::kInvalidArgument,
                      "column {} is DEFAULT in some rows and not in others: the table fills in all "
                      "of its values or none",
                      name);
      }
      MP_ASSIGN_OR_RETURN(text, fill.DefaultText(name));
    } else if (word.column < columns.size()) {
      defaults.left_out.insert(word.column);
    }
    defaults.replacements.push_back({word.token->offset, word.token->end(), std::move(text)});
  }
  return defaults;
}

}  // namespace millpond::data
