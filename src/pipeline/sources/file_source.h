// Files as rows. A FileFormat says how to read them; ScanFiles streams a list of files one after
// another in bounded memory (one block of one file at a time), .gz ones through a decompressor.
//
//   text     line VARCHAR (without its CR and LF), file VARCHAR, line_number BIGINT (from 1).
//            Every line is a row, empty ones too. Bytes that are not UTF-8 become U+FFFD, one each,
//            so that a check can find them and nothing is lost; a byte order mark is dropped.
//   csv      columns by the header (or by `schema` in order without one); types by `schema`, else
//            inferred from the first block of the first file and held for all
//   json     one object a line; likewise
//   parquet  the files' own columns; all files must have the first one's types
//   pushed   segments of a push spool (push_source.h): JSON lines, `schema` declared; the marks of
//            batches are left out, any other field that `schema` lacks is an error
//
// An error names the file, and the line where the format has lines.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/sql/relation_function.h"
#include "pipeline/sources/file_listing.h"

namespace millpond::pipeline {

struct FileFormat {
  enum class Kind { kText, kCsv, kJson, kParquet, kPushed };
  Kind kind = Kind::kText;
  bool header = true;                     // csv
  char delimiter = ',';                   // csv
  char quote = '"';                       // csv
  std::string null_text;                  // csv: this text is NULL (and so is the empty one)
  std::shared_ptr<arrow::Schema> schema;  // csv and json: declared columns; null: inferred
  bool file_column = false;               // adds _file VARCHAR at the end (not for text)
};

struct ReadFilesCall {
  std::string pattern;
  bool recursive = false;
  std::optional<std::vector<std::string>> files;  // of those that it means, only these paths
  FileFormat format;
  int64_t max_files_per_epoch = 1000;  // maxFilesPerTrigger
};

// The arguments of read_files: ('PATH', format => 'csv', header => true, delimiter => ';',
// nullstr => 'NA', schema => 'a BIGINT', recursive => true, files => ['/a/b.csv'], file_column =>
// true, max_files_per_epoch => 100). Spark's names are known too (sep, nullValue,
// maxFilesPerTrigger, recursiveFileLookup). Unknown ones are refused by name.
Result<ReadFilesCall> ParseReadFiles(const data::FunctionArguments& arguments);

// The columns that ScanFiles gives for these files. kInvalidArgument if there is no file to infer
// them from and no schema was declared.
Result<std::shared_ptr<arrow::Schema>> SchemaOfFiles(const Environment& env,
                                                     const FileFormat& format,
                                                     const std::vector<SourceFile>& files);

// `schema` as SchemaOfFiles gave it, now or earlier: files that do not fit it are an error.
Result<std::shared_ptr<arrow::RecordBatchReader>> ScanFiles(const Environment& env,
                                                            const FileFormat& format,
                                                            std::vector<SourceFile> files,
                                                            std::shared_ptr<arrow::Schema> schema);

}  // namespace millpond::pipeline
