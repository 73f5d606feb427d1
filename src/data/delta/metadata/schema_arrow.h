// What a field of Schema::ToArrow tells beside its Arrow type.
#pragma once

#include <arrow/type_fwd.h>

namespace millpond::data {

// A column of timestamp_ntz. A timestamp without a zone that comes from elsewhere need not be one.
bool IsTimestampNtz(const arrow::Field& field);

}  // namespace millpond::data
