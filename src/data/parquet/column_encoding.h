// How the columns of a file are best written, as the first rows of the file tell:
//
// - Values that repeat: a dictionary. One of values that hardly repeat is built, outgrows its page
//   and is given up, in every row group anew: most of the time of writing, and a larger file.
// - Whole numbers, days, moments and decimals that hardly repeat: DELTA_BINARY_PACKED, where it is
//   no larger than zstd makes the plain values. It takes a third of the time to write and to read.
//   Not compressed: packed bits do not get smaller.
// - Other values that hardly repeat: plain, and compressed only where zstd saves a tenth.
//
// The encodings are those of https://parquet.apache.org/docs/file-format/data-pages/encodings/;
// Spark from 3.3, DuckDB, parquet-rs (delta-rs) and Arrow read them all.
#pragma once

#include <arrow/type_fwd.h>

#include <string>
#include <vector>

namespace millpond::data {

struct ColumnEncoding {
  std::vector<std::string> path;  // of the leaf
  bool delta = false;             // DELTA_BINARY_PACKED instead of plain
  bool compress = true;
};

// The leaves outside of lists and maps that are better off without a dictionary: more than half of
// their values in `sample` are distinct. A sample too short to tell gives none.
std::vector<ColumnEncoding> LeavesWithoutDictionary(const arrow::RecordBatch& sample);

}  // namespace millpond::data
