#include "app/result_columns.h"

#include <arrow/table.h>

#include "data/arrow/status.h"

namespace millpond::app {

Result<std::shared_ptr<arrow::Table>> ResultColumns::Finish() {
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (auto& builder : builders_) {
    MP_ARROW_ASSIGN_OR_RETURN(arrays.emplace_back(), builder->Finish());
  }
  return arrow::Table::Make(arrow::schema(fields_), arrays);
}

}  // namespace millpond::app
