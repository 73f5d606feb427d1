// Columns of type variant, or with variants in them, as Arrow arrays: struct<metadata, value>, as
// files hold them. Brought there from what a file or a query gives, and from there to what a query
// shows.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>

#include "data/delta/metadata/schema.h"
#include "data/delta/rows/column_cast.h"

namespace millpond::data {

// A column of a file (kRead: the group of two binaries; a shredded one is kUnsupported and named)
// or of rows to write (kWrite: that, or both binaries as one, variant.h; each value is checked).
Result<std::shared_ptr<arrow::Array>> CastVariant(const std::shared_ptr<arrow::Array>& array,
                                                  CastRule rule, const std::string& column);

enum class VariantForm {
  kJson,    // text
  kJoined,  // binary: metadata and value as one, exactly as they are
};

// `array` of the table's `type` with every variant in it in that form. Bytes that are no variant
// are kCorrupt and name the column. An array without variants comes back as it is.
Result<std::shared_ptr<arrow::Array>> VariantsAs(VariantForm form,
                                                 const std::shared_ptr<arrow::Array>& array,
                                                 const DataType& type, const std::string& column);

// The Arrow type of such an array.
std::shared_ptr<arrow::DataType> TypeWithVariantsAs(VariantForm form, const DataType& type);

}  // namespace millpond::data
