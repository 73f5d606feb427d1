// Tables that hold the result of one computation: the commit says in a tag what it was made from,
// so that the same computation is not written again, and a killed one is.
#pragma once

#include <arrow/type_fwd.h>

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "model/scoring/owned_table.h"

namespace millpond::model {

struct TaggedWrite {
  bool written = false;
  int64_t version = 0;
};

// Overwrites the table (made if it is missing) with what `make` gives, unless its latest commit was
// made from `fingerprint`; `make` is then not called. kAlreadyExists if it is another owner's.
Result<TaggedWrite> WriteUnlessTagged(
    data::Catalog& catalog, const OwnedTable& owned, const std::string& operation,
    const std::string& fingerprint,
    const std::function<Result<std::shared_ptr<arrow::Table>>()>& make);

}  // namespace millpond::model
