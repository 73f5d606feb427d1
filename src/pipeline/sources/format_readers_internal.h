// One file of one format as a stream of batches in the format's own types; file_source.cc joins
// files and brings them to the declared types.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/environment.h"
#include "pipeline/sources/file_source.h"

namespace millpond::pipeline {

std::shared_ptr<arrow::Schema> TextSchema();

// The valid UTF-8 of `bytes`, each byte that is not part of it replaced by U+FFFD. Returns false
// and leaves `out` alone if all of it is valid.
bool ReplaceInvalidUtf8(std::string_view bytes, std::string& out);

Result<std::shared_ptr<arrow::RecordBatchReader>> OpenText(const Environment& env,
                                                           const SourceFile& file);
// `schema` null: the types are inferred from the file's first block. Dates and instants are given
// as strings where `schema` says date or timestamp; file_source.cc reads them, since Arrow refuses
// instants without a zone and dates in JSON.
Result<std::shared_ptr<arrow::RecordBatchReader>> OpenCsv(
    const Environment& env, const SourceFile& file, const FileFormat& format,
    const std::shared_ptr<arrow::Schema>& schema);
Result<std::shared_ptr<arrow::RecordBatchReader>> OpenJson(
    const Environment& env, const SourceFile& file, const std::shared_ptr<arrow::Schema>& schema);
// What an error of reading pushed rows, which were checked when they came, means.
inline constexpr std::string_view kOtherSchema =
    "; its rows were pushed under another schema: put that one back until they are read";
Result<std::shared_ptr<arrow::RecordBatchReader>> OpenPushed(
    const Environment& env, const SourceFile& file, const std::shared_ptr<arrow::Schema>& schema);
// Arrow's message on a mistake in JSON with the row counted from the file's begin; `rows_before` it
// were given.
std::string WithFileRow(std::string message, int64_t rows_before);
Result<std::shared_ptr<arrow::RecordBatchReader>> OpenParquet(const Environment& env,
                                                              const SourceFile& file);

}  // namespace millpond::pipeline
