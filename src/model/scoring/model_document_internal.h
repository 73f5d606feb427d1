// A model file of XGBoost as a tree of values, from either of its two encodings: JSON text or
// UBJSON (ubjson.org, draft 12, as XGBoost writes it: typed arrays, big-endian). Numbers with a
// fraction are float32, since that is what the library stores: text is rounded once.
#pragma once

#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace millpond::model {

using ModelDocument =
    nlohmann::basic_json<std::map, std::vector, std::string, bool, int64_t, uint64_t, float>;

// Memory is bounded by a small multiple of the input: an element of a counted array costs at least
// one byte, depth is limited. Anything else, trailing bytes included, is kCorrupt.
Result<ModelDocument> ParseModelDocument(std::string_view bytes, std::string_view what);

}  // namespace millpond::model
