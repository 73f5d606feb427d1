// What DuckDB's grammar lacks or misreads is replaced on tokens before DuckDB sees a statement:
//
//   t VERSION AS OF 3 [x], t@v3         ->  t [x] AT (VERSION => 3)
//   t TIMESTAMP AS OF '…' [x]           ->  t [x] AT (TIMESTAMP => '…')
//   `a b`, delta.`/p`                   ->  "a b", delta."/p"
//   STREAM t, STREAM read_files(…)      ->  STREAM(t), STREAM(read_files(…))
//   a <=> b                             ->  a IS NOT DISTINCT FROM b
//   default.t                           ->  "default".t (a reserved word of DuckDB's)
//
// The result keeps a map from its offsets to the user's, so that errors and trees speak of the
// user's text. Words that DuckDB does not have at all (RLIKE, DIV, LATERAL VIEW) are refused with
// what to write instead.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/sql/source_text.h"

namespace millpond::data {

// text() with pieces replaced, and the way back.
class RewrittenSql {
 public:
  const std::string& text() const { return text_; }
  // The user's offset (in the source text) of a rewritten offset: exact in kept text, the start of
  // the replaced piece elsewhere.
  size_t SourceOffset(size_t rewritten_offset) const;
  // `next` rewrote text(): its text, with the way back to this one's source.
  RewrittenSql Then(const RewrittenSql& next) const;

  // A query put together from parts of the user's text (each rewritten on its own) and text of
  // Millpond's, whose errors point at `source_offset`.
  void Append(const RewrittenSql& part);
  void Append(std::string_view text, size_t source_offset);

 private:
  friend class RewriteBuilder;
  struct Piece {
    size_t rewritten, source;
    bool kept;
  };
  std::string text_;
  std::vector<Piece> pieces_;
};

// Puts `text` in the place of [begin, end) of the source.
struct Replacement {
  size_t begin = 0;
  size_t end = 0;
  std::string text;
};

// `part` (pointing into source.text()) with the rewrites above. `replacements` lie inside the part,
// do not overlap, and win over a rewrite that touches the same text.
Result<RewrittenSql> Rewrite(std::string_view part, const SourceText& source,
                             std::vector<Replacement> replacements = {});

}  // namespace millpond::data
