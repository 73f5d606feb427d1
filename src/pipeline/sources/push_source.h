// Rows that were pushed over HTTP (pipeline/ingest keeps them) as a source of rows:
//
//   read_push('NAME', schema => 'customer_id BIGINT, purchase_date DATE, …')
//
// NAME is a table's name; rows are pushed to it by POST /api/ingest/NAME. They lie in a spool, a
// folder of segments: files of JSON lines, sealed when no row will be added any more.
// docs/formats/ingest-spool.md describes the bytes; who writes them is pipeline/ingest, who reads
// and removes them a flow with STREAM read_push(…). In plain SQL the call shows what is waiting:
// the rows of sealed segments that no flow has committed yet.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/catalog/table_name.h"
#include "data/sql/relation_function.h"
#include "pipeline/sources/file_listing.h"

namespace millpond::pipeline {

// The last row of a batch carries this field beside its columns.
inline constexpr std::string_view kBatchField = "_batch";

struct PushSource {
  data::TableName name;                   // in lower case
  std::shared_ptr<arrow::Schema> schema;  // of the rows
};

// The arguments of read_push. kInvalidArgument or kUnsupported at their place: a schema is needed,
// its columns are of primitive types and not BINARY, none is called _batch.
Result<PushSource> ParseReadPush(const data::FunctionArguments& arguments);

// A file of a spool, by its name: "0123456789abcdef-000000012.jsonl" for a sealed one, "open-…" for
// one that rows are added to. Numbers grow within an id; an id is drawn when a spool is made.
struct SegmentName {
  std::string spool_id;  // 16 hexadecimal digits
  int64_t number = 0;
  bool open = false;

  std::string ToString() const;
};
// None for any other file.
std::optional<SegmentName> ParseSegmentName(std::string_view file_name);

// The folder of the spool: <state>/ingest/<name>.
std::string SpoolDir(const data::Workspace& workspace, const data::TableName& name);

// The sealed segments that are there, oldest first. SourceFile::name is the file's own name.
Result<std::vector<SourceFile>> ListSegments(const data::Workspace& workspace,
                                             const data::TableName& name);

// Whether a segment is one of those read so far. `newest`: the newest segment read of each id.
bool IsRead(const std::vector<std::string>& newest, std::string_view segment);
// Notes a segment as the newest one read of its id.
void NoteRead(std::string_view segment, std::vector<std::string>& newest);

// The rows of sealed segments. A field that `schema` lacks is an error (the schema was changed
// while rows of the old one waited): nothing of a row is lost in silence.
Result<std::shared_ptr<arrow::RecordBatchReader>> ScanSegments(
    const Environment& env, const std::shared_ptr<arrow::Schema>& schema,
    std::vector<SourceFile> segments);

// read_push in plain SQL.
class ReadPush : public data::RelationFunction {
 public:
  std::string name() const override { return "read_push"; }
  Result<std::shared_ptr<arrow::RecordBatchReader>> Open(const data::FunctionArguments& arguments,
                                                         const data::Workspace& workspace) override;
};

}  // namespace millpond::pipeline
