#include "data/sql/tokenizer.h"

#include <algorithm>
#include <array>

namespace millpond::data {
namespace {

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
// Every byte of a character outside ASCII counts as a letter, as in DuckDB.
bool IsWordStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
}
bool IsWordPart(char c) {
  return IsWordStart(c) || IsDigit(c) || c == '$';
}
bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}
char Upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

// Operators of more than one character, the longest first.
constexpr std::array<std::string_view, 28> kOperators = {
    "!~~*", "<=>", "->>", "!~~", "~~~", "~~*", "**=", "!~*", "::", ":=", "=>", "<=", ">=", "<>",
    "!=",   "==",  "||",  "->",  "<<",  ">>",  "**",  "//",  "~~", "!~", "~*", "&&", "@>", "<@"};

class Scanner {
 public:
  Scanner(std::string_view text, size_t base, const SourceText& source)
      : text_(text), base_(base), source_(source) {}

  Result<std::vector<Token>> Run() {
    std::vector<Token> tokens;
    if (base_ == 0 && text_.starts_with("\xEF\xBB\xBF")) at_ = 3;  // an editor's byte order mark
    while (true) {
      MP_RETURN_IF_ERROR(SkipBlanks());
      if (at_ == text_.size()) return tokens;
      const size_t start = at_;
      MP_ASSIGN_OR_RETURN(const TokenKind kind, Next());
      tokens.push_back({kind, base_ + start, text_.substr(start, at_ - start)});
    }
  }

 private:
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  Status SkipBlanks() {
    while (at_ < text_.size()) {
      if (IsBlank(Peek())) {
        ++at_;
      } else if (Peek() == '-' && Peek(1) == '-') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (Peek() == '/' && Peek(1) == '*') {
        MP_RETURN_IF_ERROR(SkipComment());
      } else {
        break;
      }
    }
    return OkStatus();
  }

  Status SkipComment() {
    const size_t start = at_;
    int depth = 0;
    do {
      if (at_ >= text_.size()) return Unfinished(start, "comment", "*/");
      if (Peek() == '/' && Peek(1) == '*') {
        ++depth;
        at_ += 2;
      } else if (Peek() == '*' && Peek(1) == '/') {
        --depth;
        at_ += 2;
      } else {
        ++at_;
      }
    } while (depth > 0);
    return OkStatus();
  }

  Result<TokenKind> Next() {
    const char c = Peek();
    if (c == '\'') return Quoted('\'', false, TokenKind::kString, "string");
    if ((c == 'e' || c == 'E') && Peek(1) == '\'') {
      ++at_;
      return Quoted('\'', true, TokenKind::kString, "string");
    }
    if (c == '"') return Quoted('"', false, TokenKind::kQuotedName, "quoted name");
    if (c == '`') return Quoted('`', false, TokenKind::kBackquotedName, "quoted name");
    if (c == '$') return Dollar();
    if (IsWordStart(c)) {
      while (IsWordPart(Peek()) && at_ < text_.size()) ++at_;
      return TokenKind::kWord;
    }
    if (IsDigit(c) || (c == '.' && IsDigit(Peek(1)))) return Number();
    if (c == '?') {
      ++at_;
      return TokenKind::kParameter;
    }
    return Punctuation();
  }

  // A quote inside is written twice, or after a backslash where `escapes`.
  Result<TokenKind> Quoted(char quote, bool escapes, TokenKind kind, std::string_view what) {
    const size_t start = at_++;
    while (at_ < text_.size()) {
      if (escapes && Peek() == '\\') {
        at_ += 2;
      } else if (Peek() == quote && Peek(1) == quote) {
        at_ += 2;
      } else if (Peek() == quote) {
        ++at_;
        return kind;
      } else {
        ++at_;
      }
    }
    at_ = text_.size();
    return std::unexpected(Unfinished(start, what, std::string_view(&quote, 1)).error());
  }

  Result<TokenKind> Dollar() {
    const size_t start = at_++;
    const size_t tag = at_;
    while (IsWordStart(Peek()) || IsDigit(Peek())) ++at_;
    if (Peek() != '$') {  // $1, $name
      if (at_ == tag) return FailAt(source_, base_ + start, kBad, "a lone '$' means nothing here");
      return TokenKind::kParameter;
    }
    const std::string_view delimiter = text_.substr(start, ++at_ - start);
    const size_t close = text_.find(delimiter, at_);
    if (close == text_.npos) {
      return std::unexpected(Unfinished(start, "string", delimiter).error());
    }
    at_ = close + delimiter.size();
    return TokenKind::kString;
  }

  TokenKind Number() {
    if (Peek() == '0' && (Upper(Peek(1)) == 'X' || Upper(Peek(1)) == 'B')) {
      at_ += 2;
      while (IsDigit(Peek()) || (Upper(Peek()) >= 'A' && Upper(Peek()) <= 'F') || Peek() == '_') {
        ++at_;
      }
      return TokenKind::kNumber;
    }
    SkipDigits();
    if (Peek() == '.') {
      ++at_;
      SkipDigits();
    }
    const size_t sign = Peek(1) == '+' || Peek(1) == '-' ? 1 : 0;
    if (Upper(Peek()) == 'E' && IsDigit(Peek(1 + sign))) {
      at_ += 1 + sign;
      SkipDigits();
    }
    return TokenKind::kNumber;
  }

  void SkipDigits() {
    while (IsDigit(Peek()) || (Peek() == '_' && IsDigit(Peek(1)))) ++at_;
  }

  TokenKind Punctuation() {
    const std::string_view rest = text_.substr(at_);
    for (std::string_view candidate : kOperators) {
      if (rest.starts_with(candidate)) {
        at_ += candidate.size();
        return TokenKind::kPunctuation;
      }
    }
    ++at_;
    return TokenKind::kPunctuation;
  }

  Status Unfinished(size_t start, std::string_view what, std::string_view end) {
    return FailAt(source_, base_ + start, kBad, "this {} is not closed; add {}", what, end);
  }

  static constexpr ErrorKind kBad = ErrorKind::kInvalidArgument;
  std::string_view text_;
  size_t base_;
  const SourceText& source_;
  size_t at_ = 0;
};

// 'it''s' -> it's, with `quote` doubled inside.
std::string Unquote(std::string_view inner, char quote) {
  std::string out;
  for (size_t i = 0; i < inner.size(); ++i) {
    out += inner[i];
    if (inner[i] == quote) ++i;
  }
  return out;
}

// The escapes of E'…' that DuckDB knows, but for the numeric ones, which only DuckDB resolves.
std::string Unescape(std::string_view inner) {
  std::string out;
  for (size_t i = 0; i < inner.size(); ++i) {
    if (inner[i] == '\'') ++i;
    if (inner[i] != '\\' || i + 1 == inner.size()) {
      out += inner[i];
      continue;
    }
    switch (const char c = inner[++i]) {
      case 'n':
        out += '\n';
        break;
      case 't':
        out += '\t';
        break;
      case 'r':
        out += '\r';
        break;
      case 'b':
        out += '\b';
        break;
      case 'f':
        out += '\f';
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string Doubled(std::string_view text, char quote) {
  std::string out(1, quote);
  for (char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  return out + quote;
}

}  // namespace

bool Token::Is(std::string_view keyword) const {
  return kind == TokenKind::kWord &&
         std::ranges::equal(text, keyword, [](char a, char b) { return Upper(a) == b; });
}

std::string Token::Value() const {
  if (kind == TokenKind::kQuotedName) return Unquote(text.substr(1, text.size() - 2), '"');
  if (kind == TokenKind::kBackquotedName) return Unquote(text.substr(1, text.size() - 2), '`');
  if (kind != TokenKind::kString) return std::string(text);
  if (text[0] == '\'') return Unquote(text.substr(1, text.size() - 2), '\'');
  if (text[0] != '$') return Unescape(text.substr(2, text.size() - 3));
  const size_t delimiter = text.find('$', 1) + 1;
  return std::string(text.substr(delimiter, text.size() - 2 * delimiter));
}

Result<std::vector<Token>> Tokenize(std::string_view part, const SourceText& source) {
  return Scanner(part, source.OffsetOf(part), source).Run();
}

Result<std::vector<Token>> Tokenize(const SourceText& source) {
  return Tokenize(source.text(), source);
}

std::string QuoteName(std::string_view name) {
  return Doubled(name, '"');
}

std::string QuoteString(std::string_view text) {
  return Doubled(text, '\'');
}

Result<std::string> HexLiteral(std::string_view digits) {
  if (digits.find_first_not_of("0123456789abcdefABCDEF") != digits.npos) {
    return Fail(ErrorKind::kInvalidArgument,
                "X'{}' is no binary literal: only hexadecimal digits stand between its quotes",
                digits);
  }
  const std::string even = (digits.size() % 2 == 0 ? "" : "0") + std::string(digits);
  std::string bytes;
  for (size_t i = 0; i < even.size(); i += 2) bytes += "\\x" + even.substr(i, 2);
  return fmt::format("CAST('{}' AS BLOB)", bytes);
}

std::string LowerName(std::string_view name) {
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

}  // namespace millpond::data
