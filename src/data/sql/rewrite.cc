#include "data/sql/rewrite.h"

#include <algorithm>
#include <array>

#include "data/sql/tokenizer.h"

namespace millpond::data {

// Collects edits and puts them together.
class RewriteBuilder {
 public:
  RewriteBuilder(std::string_view part, size_t base, std::vector<Replacement> replacements)
      : part_(part), base_(base), edits_(std::move(replacements)), given_(edits_.size()) {}

  // [begin, end) in source offsets. An edit that touches one of the caller's is dropped; an
  // insertion at its border belongs to what it replaces.
  void Add(Replacement edit) {
    for (size_t i = 0; i < edits_.size(); ++i) {
      const Replacement& other = edits_[i];
      const bool inserted_at_border = i < given_ && edit.begin == edit.end && edit.end == other.end;
      const bool apart = edit.end <= other.begin || edit.begin >= other.end;
      if (!apart || inserted_at_border) return;
    }
    edits_.push_back(std::move(edit));
  }

  RewrittenSql Build() {
    std::ranges::stable_sort(edits_, {}, &Replacement::begin);
    RewrittenSql out;
    size_t at = base_;
    for (const Replacement& edit : edits_) {
      Keep(out, at, edit.begin);
      out.pieces_.push_back({out.text_.size(), edit.begin, false});
      out.text_ += edit.text;
      at = edit.end;
    }
    Keep(out, at, base_ + part_.size());
    return out;
  }

 private:
  void Keep(RewrittenSql& out, size_t begin, size_t end) {
    out.pieces_.push_back({out.text_.size(), begin, true});
    out.text_ += part_.substr(begin - base_, end - begin);
  }

  std::string_view part_;
  size_t base_;
  std::vector<Replacement> edits_;
  size_t given_;  // the first ones are the caller's
};

size_t RewrittenSql::SourceOffset(size_t rewritten_offset) const {
  auto piece = std::ranges::upper_bound(pieces_, rewritten_offset, {}, &Piece::rewritten);
  if (piece == pieces_.begin()) return 0;
  --piece;
  return piece->kept ? piece->source + (rewritten_offset - piece->rewritten) : piece->source;
}

void RewrittenSql::Append(const RewrittenSql& part) {
  for (const Piece& piece : part.pieces_) {
    pieces_.push_back({text_.size() + piece.rewritten, piece.source, piece.kept});
  }
  text_ += part.text_;
}

void RewrittenSql::Append(std::string_view text, size_t source_offset) {
  pieces_.push_back({text_.size(), source_offset, false});
  text_ += text;
}

RewrittenSql RewrittenSql::Then(const RewrittenSql& next) const {
  RewrittenSql out;
  out.text_ = next.text_;
  for (size_t i = 0; i < next.pieces_.size(); ++i) {
    const Piece& piece = next.pieces_[i];
    const size_t length =
        (i + 1 < next.pieces_.size() ? next.pieces_[i + 1].rewritten : next.text_.size()) -
        piece.rewritten;
    if (!piece.kept) {
      out.pieces_.push_back({piece.rewritten, SourceOffset(piece.source), false});
      continue;
    }
    // Kept text may lie over several pieces of this rewrite.
    auto inner = std::ranges::upper_bound(pieces_, piece.source, {}, &Piece::rewritten);
    if (inner != pieces_.begin()) --inner;
    for (; inner != pieces_.end() && inner->rewritten < piece.source + length; ++inner) {
      const size_t begin = std::max(inner->rewritten, piece.source);
      const size_t skipped = inner->kept ? begin - inner->rewritten : 0;
      out.pieces_.push_back(
          {piece.rewritten + (begin - piece.source), inner->source + skipped, inner->kept});
    }
  }
  return out;
}

namespace {

constexpr ErrorKind kBad = ErrorKind::kInvalidArgument;

// Words that may follow a relation and are not its alias.
constexpr std::array<std::string_view, 39> kAfterRelation = {
    "AS",      "WHERE",      "GROUP", "ORDER",   "HAVING",    "LIMIT",   "OFFSET",   "JOIN",
    "INNER",   "LEFT",       "RIGHT", "FULL",    "CROSS",     "ON",      "USING",    "UNION",
    "EXCEPT",  "INTERSECT",  "SEMI",  "ANTI",    "ASOF",      "WINDOW",  "QUALIFY",  "TABLESAMPLE",
    "NATURAL", "POSITIONAL", "AT",    "VERSION", "TIMESTAMP", "FOR",     "LATERAL",  "SELECT",
    "SET",     "VALUES",     "WHEN",  "THEN",    "PIVOT",     "UNPIVOT", "RETURNING"};

bool IsAliasToken(const Token& token) {
  if (!token.IsName()) return false;
  return std::ranges::none_of(kAfterRelation, [&](auto word) { return token.Is(word); });
}

class Rewriter {
 public:
  Rewriter(const std::vector<Token>& tokens, const SourceText& source, RewriteBuilder& out)
      : tokens_(tokens), source_(source), out_(out) {}

  Status Run() {
    for (size_t i = 0; i < tokens_.size();) {
      MP_ASSIGN_OR_RETURN(const size_t next, Step(i));
      i = next;
    }
    return OkStatus();
  }

 private:
  bool Is(size_t i, std::string_view keyword) const {
    return i < tokens_.size() && tokens_[i].Is(keyword);
  }
  bool IsPunctuation(size_t i, std::string_view what) const {
    return i < tokens_.size() && tokens_[i].IsPunctuation(what);
  }
  bool IsName(size_t i) const { return i < tokens_.size() && tokens_[i].IsName(); }
  bool IsKind(size_t i, TokenKind kind) const {
    return i < tokens_.size() && tokens_[i].kind == kind;
  }
  bool Touches(size_t i) const {  // token i+1 follows token i without a blank
    return i + 1 < tokens_.size() && tokens_[i].end() == tokens_[i + 1].offset;
  }

  // Looks at token i; gives the next token to look at.
  Result<size_t> Step(size_t i) {
    const Token& token = tokens_[i];
    TrackClause(token);
    if (token.kind == TokenKind::kBackquotedName) {
      out_.Add({token.offset, token.end(), QuoteName(token.Value())});
    } else if (token.Is("DEFAULT") && IsPunctuation(i + 1, ".")) {
      out_.Add({token.offset, token.end(), QuoteName(token.text)});
    } else if (token.IsPunctuation("<=>")) {
      out_.Add({token.offset, token.end(), " IS NOT DISTINCT FROM "});
    } else if (token.Is("X") && Touches(i) && tokens_[i + 1].text.starts_with('\'')) {
      auto literal = HexLiteral(tokens_[i + 1].Value());
      if (!literal) return ErrorAt(source_, token.offset, literal.error());
      out_.Add({token.offset, tokens_[i + 1].end(), *std::move(literal)});
      return i + 2;
    } else if (token.Is("STREAM") && StandsInFrom(i) && i + 1 < tokens_.size() &&
               IsAliasToken(tokens_[i + 1])) {
      return WrapStream(i);
    } else if (i > 0 && tokens_[i - 1].IsName()) {
      if (const size_t at = TimeTravel(i); at > i) return at;
    }
    MP_RETURN_IF_ERROR(RefuseForeign(i));
    return i + 1;
  }

  // Whether a comma at this depth of parentheses separates relations.
  void TrackClause(const Token& token) {
    if (token.IsPunctuation("(")) in_from_.push_back(false);
    if (token.IsPunctuation(")") && in_from_.size() > 1) in_from_.pop_back();
    if (token.Is("FROM") || token.Is("JOIN")) in_from_.back() = true;
    for (std::string_view word : {"SELECT", "WHERE", "GROUP", "ORDER", "HAVING", "WINDOW",
                                  "QUALIFY", "LIMIT", "ON", "UNION", "EXCEPT", "INTERSECT"}) {
      if (token.Is(word)) in_from_.back() = false;
    }
  }

  bool StandsInFrom(size_t i) const {
    if (i == 0) return false;
    const Token& before = tokens_[i - 1];
    return before.Is("FROM") || before.Is("JOIN") || (before.IsPunctuation(",") && in_from_.back());
  }

  // STREAM t -> STREAM(t). DuckDB would read a table STREAM with the alias t.
  size_t WrapStream(size_t i) {
    const size_t last = EndOfRelation(i + 1);
    out_.Add({tokens_[i].end(), tokens_[i + 1].offset, "("});
    for (size_t k = i + 1; k <= last; ++k) {
      if (tokens_[k].kind == TokenKind::kBackquotedName) {
        out_.Add({tokens_[k].offset, tokens_[k].end(), QuoteName(tokens_[k].Value())});
      }
    }
    out_.Add({tokens_[last].end(), tokens_[last].end(), ")"});
    return last + 1;
  }

  // The last token of name[.name…] or name(…), which begins at i.
  size_t EndOfRelation(size_t i) const {
    while (IsPunctuation(i + 1, ".") && IsName(i + 2)) i += 2;
    return IsPunctuation(i + 1, "(") ? ClosingParenthesis(i + 1) : i;
  }

  size_t ClosingParenthesis(size_t open) const {
    int depth = 0;
    for (size_t i = open; i < tokens_.size(); ++i) {
      if (tokens_[i].IsPunctuation("(")) ++depth;
      if (tokens_[i].IsPunctuation(")") && --depth == 0) return i;
    }
    return tokens_.size() - 1;
  }

  // The forms of "at a version" after a name; gives the token after them, or i if there is none.
  size_t TimeTravel(size_t i) {
    if (IsPunctuation(i, "@")) return AtSign(i);
    const size_t word = Is(i, "FOR") ? i + 1 : i;
    const bool version = Is(word, "VERSION") || Is(word, "SYSTEM_VERSION");
    const bool time = Is(word, "TIMESTAMP") || Is(word, "SYSTEM_TIME");
    if ((version || time) && Is(word + 1, "AS") && Is(word + 2, "OF")) {
      const size_t last = EndOfMoment(word + 3);
      return Replace(i, last, version, Text(word + 3, last));
    }
    if (Is(i, "AT") && IsPunctuation(i + 1, "(") && IsPunctuation(i + 3, "=>")) {
      const size_t close = ClosingParenthesis(i + 1);
      return Replace(i, close, Is(i + 2, "VERSION"), Text(i + 4, close - 1));
    }
    return i;
  }

  // t@v3 and t@20260131080000000.
  size_t AtSign(size_t i) {
    if (!Touches(i - 1) || !Touches(i)) return i;
    const std::string_view what = tokens_[i + 1].text;
    const auto digits = [](std::string_view s) {
      return !s.empty() && s.find_first_not_of("0123456789") == s.npos;
    };
    if ((what[0] == 'v' || what[0] == 'V') && digits(what.substr(1))) {
      return Replace(i, i + 1, true, std::string(what.substr(1)));
    }
    if (digits(what) && what.size() == 17) {
      const auto part = [&](int from, int size) { return what.substr(from, size); };
      return Replace(i, i + 1, false,
                     fmt::format("'{}-{}-{} {}:{}:{}.{}'", part(0, 4), part(4, 2), part(6, 2),
                                 part(8, 2), part(10, 2), part(12, 2), part(14, 3)));
    }
    return i;
  }

  // A moment is one constant, one call, or something in parentheses, then perhaps - INTERVAL ….
  size_t EndOfMoment(size_t i) const {
    if (i >= tokens_.size()) return tokens_.size() - 1;
    size_t last = i;
    if (IsPunctuation(i, "(")) {
      last = ClosingParenthesis(i);
    } else if (IsPunctuation(i, "-")) {
      last = i + 1;
    } else if (IsName(i) && IsPunctuation(i + 1, "(")) {
      last = ClosingParenthesis(i + 1);
    } else if (IsName(i) && IsKind(i + 1, TokenKind::kString)) {
      last = i + 1;
    }
    if ((IsPunctuation(last + 1, "-") || IsPunctuation(last + 1, "+")) &&
        Is(last + 2, "INTERVAL")) {
      const bool unit = last + 4 < tokens_.size() && IsAliasToken(tokens_[last + 4]);
      last += unit ? 4 : 3;
    }
    return std::min(last, tokens_.size() - 1);
  }

  // Tokens first..last become AT (…), after an alias that follows them: DuckDB wants it before.
  size_t Replace(size_t first, size_t last, bool version, const std::string& moment) {
    std::string alias;
    size_t next = last + 1;
    const size_t name = Is(next, "AS") ? next + 1 : next;
    if (name < tokens_.size() && (Is(next, "AS") ? IsName(name) : IsAliasToken(tokens_[name]))) {
      alias = fmt::format("AS {} ", QuoteName(tokens_[name].Value()));
      next = name + 1;
      if (IsPunctuation(next, "(")) {  // names for the columns: q(x, y)
        const size_t close = ClosingParenthesis(next);
        alias += Text(next, close) + " ";
        next = close + 1;
      }
    }
    out_.Add({tokens_[first].offset, tokens_[next - 1].end(),
              fmt::format(" {}AT ({} => {}) ", alias, version ? "VERSION" : "TIMESTAMP", moment)});
    return next;
  }

  std::string Text(size_t first, size_t last) const {
    if (first > last || last >= tokens_.size()) return "";
    const size_t begin = tokens_[first].offset;
    return std::string(source_.text().substr(begin, tokens_[last].end() - begin));
  }

  // What DuckDB would refuse without a remedy.
  Status RefuseForeign(size_t i) {
    const Token& token = tokens_[i];
    if (i == 0 || i + 1 == tokens_.size()) return OkStatus();
    const Token& before = tokens_[i - 1];
    const bool operand_before = before.IsName() || before.IsPunctuation(")") ||
                                before.kind == TokenKind::kNumber ||
                                before.kind == TokenKind::kString;
    const Token& after = tokens_[i + 1];
    const bool operand_after = after.IsName() || after.IsPunctuation("(") ||
                               after.kind == TokenKind::kNumber || after.kind == TokenKind::kString;
    if (token.Is("RLIKE") && operand_before && operand_after) {
      return FailAt(source_, token.offset, kBad,
                    "RLIKE is not known here; write regexp_matches(text, pattern)");
    }
    if (token.Is("DIV") && operand_before && operand_after && !after.Is("FROM")) {
      return FailAt(source_, token.offset, kBad, "DIV is not known here; write a // b");
    }
    if (token.Is("LATERAL") && after.Is("VIEW")) {
      return FailAt(source_, token.offset, kBad,
                    "LATERAL VIEW is not known here; write unnest(list) in the select list, or "
                    "FROM t, unnest(t.list)");
    }
    if (StandsInFrom(i) && token.IsName()) return RefuseLongName(i);
    return OkStatus();
  }

  Status RefuseLongName(size_t i) {
    size_t parts = 1, last = i;
    for (; IsPunctuation(last + 1, ".") && IsName(last + 2); last += 2) ++parts;
    if (parts <= 3) return OkStatus();
    return FailAt(source_, tokens_[i].offset, kBad,
                  "a table name has at most three parts, catalog.schema.table; this one has {}",
                  parts);
  }

  const std::vector<Token>& tokens_;
  const SourceText& source_;
  RewriteBuilder& out_;
  std::vector<bool> in_from_{false};
};

}  // namespace

Result<RewrittenSql> Rewrite(std::string_view part, const SourceText& source,
                             std::vector<Replacement> replacements) {
  MP_ASSIGN_OR_RETURN(const std::vector<Token> tokens, Tokenize(part, source));
  RewriteBuilder builder(part, source.OffsetOf(part), std::move(replacements));
  MP_RETURN_IF_ERROR(Rewriter(tokens, source, builder).Run());
  return builder.Build();
}

}  // namespace millpond::data
