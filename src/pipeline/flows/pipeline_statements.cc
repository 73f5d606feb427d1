#include "pipeline/flows/pipeline_statements.h"

#include "pipeline/flows/flow_statement.h"

namespace millpond::pipeline {

bool PipelineStatements::Accepts(const data::Statement& statement) const {
  return IsFlowStatement(statement);
}

Result<data::QueryResult> PipelineStatements::Execute(const data::Statement& statement,
                                                      data::SqlSession&) {
  // Its own mistakes first: they are what the user wants to hear of.
  MP_ASSIGN_OR_RETURN(FlowStatement flow, ParseFlowStatement(statement));
  return FailAt(statement.source, statement.tokens[0].offset, ErrorKind::kUnsupported,
                "a {} is part of a pipeline: put this statement into a file in transformations/ "
                "and start `millpond run`",
                ToString(flow.kind));
}

}  // namespace millpond::pipeline
