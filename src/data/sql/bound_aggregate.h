// One aggregate of a query after binding: what a parse tree cannot say, the types it works on.
#pragma once

#include <string>
#include <vector>

namespace millpond::data {

struct BoundAggregate {
  std::string function;                     // lower case: "sum", "avg"
  std::vector<std::string> argument_types;  // as the engine spells them: "DOUBLE", "DECIMAL(10,2)"
  bool window = false;
};

}  // namespace millpond::data
