// Pipeline statements in a SQL session: they describe what a project's tables are, and belong into
// its transformations/ folder; `millpond run` executes them. Typed into `millpond sql` they are
// refused with that remedy, so that a table's definition is never somewhere else than in the
// project's files.
#pragma once

#include "data/sql/statement.h"

namespace millpond::pipeline {

class PipelineStatements : public data::StatementHandler {
 public:
  bool Accepts(const data::Statement& statement) const override;
  Result<data::QueryResult> Execute(const data::Statement& statement,
                                    data::SqlSession& session) override;
};

}  // namespace millpond::pipeline
