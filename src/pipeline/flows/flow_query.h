// One flow, ready to be planned and run: its statement, the temporary views it reads, and its
// inputs. The query itself stays the user's text; Compose says what stands in the place of what
// when it runs, so that errors keep the user's lines and columns.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "data/sql/rewrite.h"
#include "pipeline/flows/flow_statement.h"
#include "pipeline/sources/file_source.h"
#include "pipeline/sources/push_source.h"

namespace millpond::pipeline {

// A relation that a flow's query, or one of its views, reads.
struct FlowInput {
  enum class Kind { kTable, kFiles, kPush };
  Kind kind = Kind::kTable;
  bool stream = false;         // only what is new; a push always is
  data::TableName table;       // kTable
  ReadFilesCall call;          // kFiles: read_files(…)
  PushSource push;             // kPush: read_push(…)
  bool fixed_version = false;  // t VERSION AS OF n: does not move, whatever is committed
  std::string relation;        // the registered reader that stands for it; "" for a pinned table
  std::string place;           // of its mention

  bool is_table() const { return kind == Kind::kTable; }
  // "main.default.orders", "data/*.csv", "main.default.pushed_orders".
  std::string name() const;
  // "table main.default.orders", "files data/*.csv", "push …": the input's name in plans.
  std::string Key() const;
};

struct FlowQuery {
  FlowStatement statement;
  std::vector<FlowStatement> views;  // each after those it reads itself
  std::vector<FlowInput> inputs;     // streams and files once a mention, tables once
  // What stands in the place of the inputs, now() apart: by view, then of the statement (last).
  std::vector<std::vector<data::Replacement>> replacements;
  bool uses_now = false;
  // SHA-256 over the statement and its views: changes with the meaning, not with the layout.
  std::string fingerprint;

  bool quarantines() const;
  bool reads_pushes() const;
  bool streams_files() const;
  std::string name() const { return statement.name.ToString(); }
};

using ViewMap = std::map<std::string, FlowStatement>;  // by name in lower case

// kInvalidArgument or kUnsupported at the place in the file: what a flow may not say (random(), a
// STREAM in a materialized view, an aggregate in a streaming table …), with the remedy.
Result<FlowQuery> MakeFlowQuery(const FlowStatement& statement, const ViewMap& views);

struct ComposedQuery {
  std::string_view part;
  data::SourceText source;
  std::vector<data::Replacement> replacements;
};

// The query with its readers, its views, `now`, and its declared columns and their types. With
// conditions: one more BOOLEAN column per expectation at the end, named by ConditionColumn(i).
Result<ComposedQuery> Compose(const FlowQuery& query, Micros now, bool with_conditions);
std::string ConditionColumn(size_t i);

}  // namespace millpond::pipeline
