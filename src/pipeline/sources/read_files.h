// read_files('path', format => …) as a relation of any SELECT: all files that are there now. In a
// streaming table the same call is a source that reads each file once (pipeline/flows).
#pragma once

#include "data/sql/relation_function.h"

namespace millpond::pipeline {

class ReadFiles : public data::RelationFunction {
 public:
  std::string name() const override { return "read_files"; }
  Result<std::shared_ptr<arrow::RecordBatchReader>> Open(const data::FunctionArguments& arguments,
                                                         const data::Workspace& workspace) override;
  Result<std::vector<data::ReadableFile>> Files(const data::FunctionArguments& arguments,
                                                const data::Workspace& workspace) override;
};

}  // namespace millpond::pipeline
