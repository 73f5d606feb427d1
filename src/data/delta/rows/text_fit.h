// Texts kept to the length that their column was declared with (text_limits.h): of a VARCHAR go the
// spaces at the end that are too many, of a CHAR all of them, so that equal texts are equal bytes
// (Spark fills them up again when it reads); what is longer still is refused. Lengths are in
// characters (code points), not in bytes.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>

#include "data/delta/metadata/text_limits.h"

namespace millpond::data {

// The values as the table takes them; the same array where nothing is to be changed.
// kInvalidArgument names `column` (and the part of it), the limit and the first text that is too
// long.
Result<std::shared_ptr<arrow::Array>> FitTexts(std::shared_ptr<arrow::Array> values,
                                               const DataType& type, const TextLimits& limits,
                                               const std::string& column);
// Values of another type too, cast as every write casts them (column_cast.h).
Result<std::shared_ptr<arrow::Array>> CastAndFit(std::shared_ptr<arrow::Array> values,
                                                 const StructField& field,
                                                 const TextLimits& limits);

}  // namespace millpond::data
