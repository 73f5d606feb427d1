// A feature view: its definition as a syntax tree, and the program compiled from it. The design's
// section 6 is the law. Compile resolves names, types every expression, finds the distinct
// aggregates, and gives each output column its canonical text and hash
// (docs/formats/feature-canonical-text.md).
//
// Names: inside an aggregate only source columns stand. Outside, a name is a source column where
// one exists (which is then refused, for a source column has no single value at T), else an output
// defined further up.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kernel/aggregate.h"
#include "kernel/bound_expression.h"
#include "kernel/window.h"

namespace millpond::kernel {

struct SourceColumn {
  std::string name;
  Type type;
};

struct OutputDefinition {
  std::string name;
  Expr expression;
  int64_t offset = -1;
};

struct FeatureViewDefinition {
  std::string name;
  std::string source;                 // logical name, "main.shop.orders"
  std::vector<SourceColumn> columns;  // of the source; may be more than are used
  std::vector<std::string> entity;
  std::string timestamp;         // TIMESTAMP or DATE (midnight UTC)
  std::optional<Expr> known_at;  // default: the timestamp
  Micros settle = kMicrosPerSecond;
  std::optional<Expr> where;  // on source rows
  std::vector<WindowDefinition> windows;
  std::vector<OutputDefinition> outputs;
  int64_t entity_offset = -1;
  int64_t timestamp_offset = -1;
};

struct FeatureOutput {
  std::string name;
  Type type;
  std::string canonical_text;
  std::string hash;  // SHA-256 of canonical_text, 64 hex digits
};

// One distinct aggregate of a program. Indices point into FeatureProgram::row_expressions, -1:
// none.
struct ProgramAggregate {
  AggregateFunction function;
  Type result;
  int window = 0;  // into windows
  int argument = -1;
  int filter = -1;  // BOOLEAN
};

// Immutable; share it freely among threads.
struct FeatureProgram {
  FeatureViewDefinition definition;
  std::vector<FeatureOutput> outputs;
  // The source columns a caller must read, in this order: the inputs of PrepareSource.
  std::vector<SourceColumn> used_columns;

  // The rest is for evaluate.cc.
  std::vector<int> entity;  // into used_columns
  BoundExpression event_time;
  BoundExpression known_at;  // the claim
  std::optional<BoundExpression> where;
  std::vector<BoundExpression> row_expressions;  // over used_columns
  // Into row_expressions: the bytes that order rows of one entity, event time and known_from, where
  // first() or last() asks (docs/kernel/aggregates.md). -1: nobody asks, or no column is left to.
  int tie = -1;
  std::vector<std::optional<Micros>> windows;  // distinct, in order of first use
  std::vector<ProgramAggregate> aggregates;
  // Over as_of, then all outputs (of which those above are read), then the aggregates' results.
  std::vector<BoundExpression> output_expressions;
};

// Errors begin with locate(offset) of the node at fault, if `locate` is given.
Result<std::shared_ptr<const FeatureProgram>> Compile(const FeatureViewDefinition& definition,
                                                      const Locator& locate = {});

}  // namespace millpond::kernel
