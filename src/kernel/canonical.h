// Canonical bytes of values and rows: equal values have equal bytes, and bytes compare (memcmp) as
// the values do, NULL first, NaN after +infinity, -0 as +0. They key entities, break ties and
// identify distinct values, and they are permanent: docs/formats/row-encoding.md.
#pragma once

#include <span>
#include <string>

#include "kernel/column.h"

namespace millpond::kernel {

inline constexpr uint64_t kCanonicalNanBits = 0x7ff8000000000000;

// -0 becomes +0 and every NaN the canonical one.
double CanonicalDouble(double x);

void AppendCanonical(const Value& value, std::string* bytes);
void AppendCanonical(const Column& column, int64_t row, std::string* bytes);
// A row is the concatenation of its values.
std::string CanonicalRow(std::span<const Column* const> columns, int64_t row);

// Takes one value of the type off the front of `bytes`. kCorrupt if they are not its encoding.
Result<Value> ReadCanonical(Type type, std::string_view* bytes);

// -1, 0 or 1 as the canonical bytes compare, without making them.
int CompareCanonical(const Column& a, int64_t a_row, const Column& b, int64_t b_row);

}  // namespace millpond::kernel
