// What an epoch is going to do, written and fsynced before it does it: exactly which files and
// which table versions it reads, the time that now() stands for, and the definition that runs. An
// epoch that was cut off is run again from its plan, whatever has happened to the sources and to
// the project's files since. docs/formats/flow-state.md describes the bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "data/catalog/table_name.h"
#include "pipeline/expectations/expectation.h"
#include "pipeline/sources/file_listing.h"

namespace millpond::pipeline {

struct PlannedFile {
  std::string name;  // as SourceFile::name
  int64_t size_bytes = 0;
  Micros modified = 0;
  uint32_t crc = 0;

  bool operator==(const PlannedFile&) const = default;
};

struct PlannedInput {
  std::string key;  // FlowInput::Key()
  bool stream = false;
  // Files.
  std::vector<PlannedFile> files;
  std::string schema;  // the columns as a column list; "": taken from the files
  // Pushed rows: the segments are `files`, and these are the newest ones read so far, one of each
  // spool id (push_source.h), those of this epoch included. What is no newer has been committed.
  std::optional<std::vector<std::string>> read_through = std::nullopt;
  // A table: rows of versions (from, to] of a stream, else the version `to`. -1: from the start.
  std::string table_id;
  int64_t from_version = -1;
  int64_t to_version = -1;

  bool operator==(const PlannedInput&) const = default;
};

// A statement as it stood in its file, so that it can be parsed again at the same place.
struct PlannedStatement {
  std::string file;
  int64_t line = 1;
  std::string text;
};

struct EpochPlan {
  std::string flow;
  int64_t generation = 1;
  int64_t epoch = 1;
  // The epoch this one goes on from; 0: none. Not always epoch - 1: a plan that could not be run
  // (its SQL was wrong and was corrected) and committed nothing is left aside.
  int64_t previous = 0;
  Micros now = 0;
  bool overwrite = false;  // the tables begin anew
  std::string table_id;    // of the main table
  std::string fingerprint;
  std::vector<PlannedStatement> definition;  // temporary views, then the flow's statement
  std::vector<PlannedInput> inputs;          // in the order of FlowQuery::inputs
  // Streams that earlier definitions of the flow read and this one does not, as far as they were
  // read: a definition that takes one up again goes on there. Without their files (see `seen`).
  std::vector<PlannedInput> earlier;
  // All files of the epochs before this one, in some plans only, so that a long history is not
  // read whole.
  std::optional<std::vector<PlannedFile>> seen;

  // The txn of its commits: (AppId(), epoch).
  std::string AppId() const;
};

std::string AppId(const std::string& table_id, const std::string& flow, int64_t generation);

std::string PlanToJson(const EpochPlan& plan);
// kCorrupt names `what`.
Result<EpochPlan> PlanFromJson(std::string_view text, std::string_view what);

// What an epoch did; written before its commit, so that the event log can be made complete after a
// crash between the two.
struct EpochOutcome {
  int64_t rows_in = 0;
  int64_t rows_out = 0;
  int64_t rows_dropped = 0;
  int64_t rows_quarantined = 0;
  int64_t files_read = 0;
  std::vector<ExpectationCount> expectations;
  // Known after the commit only.
  int64_t version = -1;
  int64_t quarantine_version = -1;
  int64_t bytes = 0;
  double seconds = 0;
};

std::string OutcomeToJson(const EpochOutcome& outcome);
Result<EpochOutcome> OutcomeFromJson(std::string_view text, std::string_view what);

}  // namespace millpond::pipeline
