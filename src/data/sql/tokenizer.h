// SQL text as tokens with their offsets: the ground that statement heads, rewrites and statement
// splitting stand on. Blanks and comments (-- to the end of the line, /* */ nested) are dropped.
// A token that never ends (string, quoted name, comment) is an error at its first character.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/sql/source_text.h"

namespace millpond::data {

enum class TokenKind {
  kWord,            // a keyword or a plain name
  kQuotedName,      // "a b"
  kBackquotedName,  // `a b`
  kString,          // 'it''s', E'a\'b', $$a$$, $x$a$x$
  kNumber,          // 1, 1.5, .5, 1e-3, 1_000, 0xFF
  kParameter,       // ?, $1, $name
  kPunctuation,     // one operator or separator: ( ) , ; . := => <=> <> || :: …
};

struct Token {
  TokenKind kind;
  size_t offset;          // in the source text
  std::string_view text;  // as written, quotes included

  size_t end() const { return offset + text.size(); }
  // A plain word equal to `keyword` (given in upper case), whatever its case here.
  bool Is(std::string_view keyword) const;
  bool IsPunctuation(std::string_view what) const {
    return kind == TokenKind::kPunctuation && text == what;
  }
  bool IsName() const {
    return kind == TokenKind::kWord || kind == TokenKind::kQuotedName ||
           kind == TokenKind::kBackquotedName;
  }
  // The name or string that is meant: quotes taken off, doubled quotes and escapes resolved. Plain
  // words stay as written.
  std::string Value() const;
};

// Tokens of the whole source, or of `part`, which must point into source.text().
Result<std::vector<Token>> Tokenize(const SourceText& source);
Result<std::vector<Token>> Tokenize(std::string_view part, const SourceText& source);

// "a b" in double quotes, with quotes inside doubled; 'x' for strings.
std::string QuoteName(std::string_view name);
std::string QuoteString(std::string_view text);

// The binary literal X'00FF' as DuckDB writes it; as in Spark, an odd digit stands for itself at
// the front. kInvalidArgument: something else than digits is between the quotes.
Result<std::string> HexLiteral(std::string_view digits);

// In ASCII lower case, as names are compared.
std::string LowerName(std::string_view name);

}  // namespace millpond::data
