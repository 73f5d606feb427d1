#include "data/sql/spark_text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

#include "data/sql/tokenizer.h"

namespace millpond::data {
namespace {

constexpr ErrorKind kBad = ErrorKind::kInvalidArgument;

enum class PieceKind { kWord, kString, kName, kNumber, kSign };

struct Piece {
  PieceKind kind;
  std::string text;  // without quotes

  bool Is(std::string_view word) const {  // given in upper case
    return kind == PieceKind::kWord && std::ranges::equal(text, word, {}, [](char c) {
             return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
           });
  }
  bool IsSign(std::string_view sign) const { return kind == PieceKind::kSign && text == sign; }
};

bool IsWordByte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return std::isalnum(byte) != 0 || c == '_' || byte >= 0x80;
}

void AppendUtf8(uint32_t code, std::string& out) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

// Spark's tokens.
class SparkReader {
 public:
  explicit SparkReader(std::string_view text) : text_(text) {}

  Result<std::vector<Piece>> Read() {
    while (at_ < text_.size()) MP_RETURN_IF_ERROR(Step());
    return std::move(pieces_);
  }

 private:
  bool Next(std::string_view what) const { return text_.substr(at_).starts_with(what); }

  template <typename... Args>
  std::unexpected<Error> Bad(fmt::format_string<Args...> format, Args&&... args) const {
    return Fail(kBad, "at character {} of the expression: {}", at_ + 1,
                fmt::format(format, std::forward<Args>(args)...));
  }

  Status Step() {
    const char c = text_[at_];
    if (std::isspace(static_cast<unsigned char>(c)) != 0) {
      ++at_;
      return OkStatus();
    }
    if (Next("--")) {
      at_ = std::min(text_.find('\n', at_), text_.size());
      return OkStatus();
    }
    if (Next("/*")) {
      const size_t end = text_.find("*/", at_ + 2);
      if (end == text_.npos) return Bad("a comment without end");
      at_ = end + 2;
      return OkStatus();
    }
    if (c == '\'' || c == '"') return String(c);
    if (c == '`') return Name();
    const bool number = std::isdigit(static_cast<unsigned char>(c)) != 0 ||
                        (c == '.' && at_ + 1 < text_.size() &&
                         std::isdigit(static_cast<unsigned char>(text_[at_ + 1])) != 0);
    if (number) return Number();
    if (IsWordByte(c)) return Word();
    return Sign();
  }

  Status String(char quote) {
    std::string value;
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == quote) {
        if (at_ + 1 >= text_.size() || text_[at_ + 1] != quote) {
          ++at_;
          pieces_.push_back({PieceKind::kString, std::move(value)});
          return OkStatus();
        }
        value += quote;
        ++at_;
      } else if (c == '\\' && at_ + 1 < text_.size()) {
        ++at_;
        MP_RETURN_IF_ERROR(Escape(value));
      } else {
        value += c;
      }
    }
    return Bad("a string without end");
  }

  // `at_` stands on the character behind the backslash.
  Status Escape(std::string& value) {
    static constexpr std::string_view kFrom = "ntrb0Z", kTo("\n\t\r\b\0\x1A", 6);
    const char c = text_[at_];
    if (c == 'u' && at_ + 4 < text_.size()) {
      uint32_t code = 0;
      for (int i = 0; i < 4; ++i) {
        const char digit = text_[++at_];
        if (std::isxdigit(static_cast<unsigned char>(digit)) == 0) return Bad("a broken \\u");
        code = code * 16 + static_cast<uint32_t>(std::stoi(std::string(1, digit), nullptr, 16));
      }
      if (code >= 0xD800 && code < 0xE000) return Bad("half a character (\\u{:04X})", code);
      AppendUtf8(code, value);
      return OkStatus();
    }
    if (c >= '0' && c <= '3' && at_ + 2 < text_.size() && text_[at_ + 1] >= '0' &&
        text_[at_ + 1] <= '7' && text_[at_ + 2] >= '0' && text_[at_ + 2] <= '7') {
      return Bad("an octal escape, which is not read here");
    }
    if (const size_t i = kFrom.find(c); i != kFrom.npos) {
      value += kTo[i];
    } else {
      if (c == '%' || c == '_') value += '\\';  // LIKE's own
      value += c;
    }
    return OkStatus();
  }

  Status Name() {
    std::string value;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] != '`') {
        value += text_[at_];
      } else if (at_ + 1 < text_.size() && text_[at_ + 1] == '`') {
        value += text_[at_++];
      } else {
        ++at_;
        pieces_.push_back({PieceKind::kName, std::move(value)});
        return OkStatus();
      }
    }
    return Bad("a name without end");
  }

  // 12, 1.5, 1e-3, and with a type: 12L, 1.5D, 1.5BD.
  Status Number() {
    const size_t begin = at_;
    const auto digits = [&] {
      while (at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
    };
    digits();
    if (at_ < text_.size() && text_[at_] == '.') {
      ++at_;
      digits();
    }
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      ++at_;
      if (at_ < text_.size() && (text_[at_] == '-' || text_[at_] == '+')) ++at_;
      digits();
    }
    const std::string number(text_.substr(begin, at_ - begin));
    const size_t suffix_begin = at_;
    while (at_ < text_.size() && IsWordByte(text_[at_])) ++at_;
    const Piece suffix{PieceKind::kWord,
                       std::string(text_.substr(suffix_begin, at_ - suffix_begin))};
    if (suffix.text.empty() || suffix.Is("BD")) {
      pieces_.push_back({PieceKind::kNumber, number});
      return OkStatus();
    }
    static constexpr std::array<std::array<std::string_view, 2>, 5> kTypes = {
        {{"L", "BIGINT"}, {"S", "SMALLINT"}, {"Y", "TINYINT"}, {"D", "DOUBLE"}, {"F", "FLOAT"}}};
    for (const auto& [letter, type] : kTypes) {
      if (!suffix.Is(letter)) continue;
      pieces_.push_back({PieceKind::kNumber, fmt::format("CAST({} AS {})", number, type)});
      return OkStatus();
    }
    return Bad("'{}{}' is not a number", number, suffix.text);
  }

  Status Word() {
    const size_t begin = at_;
    while (at_ < text_.size() && IsWordByte(text_[at_])) ++at_;
    Piece word{PieceKind::kWord, std::string(text_.substr(begin, at_ - begin))};
    const bool prefix =
        at_ < text_.size() && (text_[at_] == '\'' || text_[at_] == '"') && word.Is("R");
    if (prefix) return Bad("strings that begin with {} are not read here", word.text);
    pieces_.push_back(std::move(word));
    return OkStatus();
  }

  Status Sign() {
    static constexpr std::array<std::string_view, 20> kSigns = {
        "<=>", "<=", ">=", "<>", "!=", "==", "||", "::", "(", ")",
        ",",   ".",  "+",  "-",  "*",  "/",  "%",  "=",  "<", ">"};
    for (const std::string_view sign : kSigns) {
      if (!Next(sign)) continue;
      at_ += sign.size();
      pieces_.push_back({PieceKind::kSign, std::string(sign)});
      return OkStatus();
    }
    if (text_[at_] == '!') {
      ++at_;
      pieces_.push_back({PieceKind::kWord, "NOT"});
      return OkStatus();
    }
    return Bad("'{}' is not known in a table's expressions", text_[at_]);
  }

  std::string_view text_;
  size_t at_ = 0;
  std::vector<Piece> pieces_;
};

// Words that only name columns in Spark's expressions, and that the parser here keeps for itself.
bool IsKeptWord(const Piece& piece) {
  static constexpr std::array<std::string_view, 16> kWords = {
      "AT",    "COLUMN", "TABLE", "LIMIT", "OFFSET",  "GROUP",  "ORDER",    "DESC",
      "GRANT", "TO",     "FETCH", "ONLY",  "PRIMARY", "UNIQUE", "DESCRIBE", "SHOW"};
  return std::ranges::any_of(kWords, [&](std::string_view word) { return piece.Is(word); });
}

// Spark's tokens as the parser here wants them.
class SparkWriter {
 public:
  explicit SparkWriter(const std::vector<Piece>& pieces) : pieces_(pieces) {}

  Result<std::string> Write() {
    for (size_t i = 0; i < pieces_.size();) {
      MP_ASSIGN_OR_RETURN(const size_t next, Step(i));
      i = next;
    }
    return std::move(out_);
  }

 private:
  bool Is(size_t i, std::string_view word) const {
    return i < pieces_.size() && pieces_[i].Is(word);
  }
  bool IsString(size_t i) const {
    return i < pieces_.size() && pieces_[i].kind == PieceKind::kString;
  }
  bool IsType(size_t i) const {
    return i > 0 && (pieces_[i - 1].Is("AS") || pieces_[i - 1].IsSign("::"));
  }
  void Put(std::string_view text) {
    if (!out_.empty()) out_ += ' ';
    out_ += text;
  }

  Result<size_t> Step(size_t i) {
    const Piece& piece = pieces_[i];
    switch (piece.kind) {
      case PieceKind::kString:
        Put(QuoteString(piece.text));
        return i + 1;
      case PieceKind::kName:
        Put(QuoteName(piece.text));
        return i + 1;
      case PieceKind::kNumber:
        Put(piece.text);
        return i + 1;
      case PieceKind::kSign:
        Put(piece.text == "<=>" ? "IS NOT DISTINCT FROM" : piece.text == "==" ? "=" : piece.text);
        return i + 1;
      case PieceKind::kWord:
        break;
    }
    const bool is_operator = i > 0 && i + 1 < pieces_.size() && !pieces_[i + 1].IsSign("(");
    const bool negated = piece.Is("NOT") && (Is(i + 1, "RLIKE") || Is(i + 1, "REGEXP"));
    if (negated || (is_operator && (piece.Is("RLIKE") || piece.Is("REGEXP")))) {
      return Matches(i, negated);
    }
    if (is_operator && piece.Is("DIV")) {
      Put("//");
      return i + 1;
    }
    if (piece.Is("LIKE") && IsString(i + 1)) return Like(i);
    if (piece.Is("X") && IsString(i + 1)) {
      MP_ASSIGN_OR_RETURN(const std::string literal, HexLiteral(pieces_[i + 1].text));
      Put(literal);
      return i + 2;
    }
    if (IsType(i) || IsString(i + 1)) {
      Put(TypeName(i));
    } else {
      Put(IsKeptWord(piece) ? QuoteName(piece.text) : piece.text);
    }
    return i + 1;
  }

  std::string TypeName(size_t i) const {
    const Piece& piece = pieces_[i];
    if (piece.Is("TIMESTAMP") || piece.Is("TIMESTAMP_LTZ")) return "TIMESTAMPTZ";
    if (piece.Is("TIMESTAMP_NTZ")) return "TIMESTAMP";
    if (!IsType(i)) return piece.text;
    if (piece.Is("BYTE")) return "TINYINT";
    const bool decimal = piece.Is("DECIMAL") || piece.Is("DEC") || piece.Is("NUMERIC");
    if (decimal && (i + 1 >= pieces_.size() || !pieces_[i + 1].IsSign("("))) return "DECIMAL(10,0)";
    return piece.text;
  }

  // a RLIKE 'p' finds p anywhere; ~ wants the whole text to match.
  Result<size_t> Matches(size_t i, bool negated) {
    const size_t pattern = negated ? i + 2 : i + 1;
    if (!IsString(pattern)) {
      return Fail(kBad, "RLIKE takes a string here: the pattern itself, not an expression");
    }
    Put(negated ? "!~" : "~");
    Put(QuoteString("(?s:.*)(?:" + pieces_[pattern].text + ")(?s:.*)"));
    return pattern + 1;
  }

  // Spark's LIKE escapes by backslash.
  Result<size_t> Like(size_t i) {
    Put("LIKE");
    Put(QuoteString(pieces_[i + 1].text));
    if (pieces_[i + 1].text.find('\\') != std::string::npos && !Is(i + 2, "ESCAPE")) {
      Put("ESCAPE '\\'");
    }
    return i + 2;
  }

  const std::vector<Piece>& pieces_;
  std::string out_;
};

std::string SparkString(std::string_view value) {
  std::string out = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string SparkName(std::string_view name) {
  std::string out = "`";
  for (const char c : name) {
    if (c == '`') out += '`';
    out += c;
  }
  return out + "`";
}

}  // namespace

Result<std::string> ToSparkSql(std::string_view part, const SourceText& source) {
  MP_ASSIGN_OR_RETURN(const std::vector<Token> tokens, Tokenize(part, source));
  std::string out;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const Token& token = tokens[i];
    if (i > 0 && token.offset > tokens[i - 1].end()) out += ' ';
    switch (token.kind) {
      case TokenKind::kQuotedName:
        out += SparkName(token.Value());
        break;
      case TokenKind::kString:
        out += SparkString(token.Value());
        break;
      default:
        out += token.text;
    }
  }
  return out;
}

Result<std::string> FromSparkSql(std::string_view text) {
  MP_ASSIGN_OR_RETURN(const std::vector<Piece> pieces, SparkReader(text).Read());
  if (pieces.empty()) return Fail(kBad, "the expression is empty");
  return SparkWriter(pieces).Write();
}

}  // namespace millpond::data
