#include "data/sql/composed_query.h"

#include "data/sql/syntax.h"

namespace millpond::data {

Status ComposedQuery::Expression(std::string_view part) {
  MP_RETURN_IF_ERROR(ParseExpression(part, source_));
  MP_ASSIGN_OR_RETURN(const RewrittenSql rewritten, Rewrite(part, source_));
  Text("(");
  sql_.Append(rewritten);
  Text(")");
  return OkStatus();
}

Status ComposedQuery::Relation(std::string_view part) {
  MP_ASSIGN_OR_RETURN(const RewrittenSql rewritten, Rewrite(part, source_));
  Text(" ");
  sql_.Append(rewritten);
  Text(" ");
  return OkStatus();
}

}  // namespace millpond::data
