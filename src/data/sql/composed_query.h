// A query that Millpond puts together from parts of a statement: expressions keep their places in
// the user's text, what stands between them is Millpond's own.
#pragma once

#include <string>
#include <string_view>

#include "data/sql/rewrite.h"
#include "data/sql/source_text.h"

namespace millpond::data {

class ComposedQuery {
 public:
  // Errors in Millpond's own text point at `offset`.
  ComposedQuery(const SourceText& source, size_t offset) : source_(source), offset_(offset) {}

  void Text(std::string_view text) { sql_.Append(text, offset_); }
  // An expression of the user's, in parentheses. It is parsed on its own first, so that it cannot
  // reach out of its place.
  Status Expression(std::string_view part);
  // A relation of the user's: a name or a query in parentheses.
  Status Relation(std::string_view part);

  const RewrittenSql& sql() const { return sql_; }

 private:
  const SourceText& source_;
  size_t offset_;
  RewrittenSql sql_;
};

}  // namespace millpond::data
