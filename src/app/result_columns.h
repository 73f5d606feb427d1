// A table that a command makes row by row, for WriteResult (result_output.h).
#pragma once

#include <arrow/builder.h>
#include <arrow/type.h>

#include <memory>
#include <vector>

#include "base/result.h"

namespace millpond::app {

// Columns of one table, by name, filled row by row.
class ResultColumns {
 public:
  arrow::StringBuilder& Texts(const char* name) {
    fields_.push_back(arrow::field(name, arrow::utf8()));
    return Add(std::make_unique<arrow::StringBuilder>());
  }
  arrow::Int64Builder& Numbers(const char* name) {
    fields_.push_back(arrow::field(name, arrow::int64()));
    return Add(std::make_unique<arrow::Int64Builder>());
  }
  arrow::DoubleBuilder& Doubles(const char* name) {
    fields_.push_back(arrow::field(name, arrow::float64()));
    return Add(std::make_unique<arrow::DoubleBuilder>());
  }
  Result<std::shared_ptr<arrow::Table>> Finish();

 private:
  template <typename Builder>
  Builder& Add(std::unique_ptr<Builder> builder) {
    Builder& added = *builder;
    builders_.push_back(std::move(builder));
    return added;
  }

  std::vector<std::shared_ptr<arrow::Field>> fields_;
  std::vector<std::unique_ptr<arrow::ArrayBuilder>> builders_;
};

}  // namespace millpond::app
