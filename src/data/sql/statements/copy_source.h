// What COPY INTO reads: the FROM of the statement, its options, and the files that they mean, as
// calls of the registered function read_files.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/sql/statement_context.h"
#include "data/sql/token_cursor.h"

namespace millpond::data {

struct CopySource {
  std::string path;
  size_t path_offset = 0, path_end = 0;           // of its token
  std::string_view select;                        // FROM (SELECT … FROM 'path'); empty: all columns
  std::string format;                             // lower case
  std::optional<std::string> pattern;             // a glob below the path
  std::optional<std::vector<std::string>> files;  // names below the path
  std::map<std::string, std::string> format_options;
  bool merge_files = false;   // FORMAT_OPTIONS: the files' columns are not the same
  bool merge_schema = false;  // COPY_OPTIONS: columns that the table lacks are added
  bool force = false;
};

// "FROM … FILEFORMAT = …" up to the statement's end.
Result<CopySource> TakeCopySource(TokenCursor& at, const SourceText& source);

// The files that are there now. kNotFound names one of FILES that is not.
Result<std::vector<ReadableFile>> ListCopyFiles(const CopySource& source,
                                                StatementContext& context);

// The rows of these files. Text files are read as the types of `table`, by column name: what the
// files seem to hold must not change a value ('007' in a STRING column).
// One stream, or one for each kind of columns where the source says that these differ.
Result<std::vector<std::shared_ptr<arrow::RecordBatchReader>>> OpenCopyFiles(
    const CopySource& source, const std::vector<ReadableFile>& files, const Schema& table,
    StatementContext& context);

}  // namespace millpond::data
