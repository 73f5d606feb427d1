// The functions that a query calls once it is bound: what a parse tree cannot say, the types they
// work on, what an alias or a macro stands for, and from where their rows come.
#pragma once

#include <string>
#include <vector>

namespace millpond::data {

struct BoundAggregate {
  std::string function;                     // lower case: "sum", "avg"
  std::vector<std::string> argument_types;  // as the engine spells them: "DOUBLE", "DECIMAL(10,2)"
  bool window = false;
  bool ordered = false;              // an ORDER BY in its parentheses, or of its window
  std::vector<std::string> readers;  // the registered readers whose rows it may see
};

struct BoundCalls {
  std::vector<BoundAggregate> aggregates;  // in no order
  // Functions whose value is not decided by their arguments: random, the clock, settings.
  std::vector<std::string> unstable;
};

}  // namespace millpond::data
