// Which columns of a file are better off without a dictionary. A dictionary of values that hardly
// repeat is built, outgrows its page and is given up, in every row group anew: most of the time of
// writing, and the part of the file that was written with it is larger than the plain values,
// compressed. The first batch of a file tells.
#pragma once

#include <arrow/type_fwd.h>

#include <string>
#include <vector>

namespace millpond::data {

// Paths of the leaves, outside of lists and maps, of whose values in `sample` more than half are
// distinct. A sample too short to tell gives none.
std::vector<std::vector<std::string>> LeavesWithoutDictionary(const arrow::RecordBatch& sample);

}  // namespace millpond::data
