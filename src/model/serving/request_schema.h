// What a request to an endpoint has to name: the entity columns of all views of the model, and its
// request features, each with the type that training saw. Knows the model's other features by name
// only to say, when one is sent, that it is computed here.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kernel/column.h"

namespace millpond::model {

struct RequestColumn {
  std::string name = {};
  kernel::Type type = {};
  bool is_entity = false;   // then it may not be NULL
  bool is_request = false;  // a request feature; a column may be both
};

class RequestSchema {
 public:
  // A name that is there already gets the further role. kUnsupported: one name with two types, or a
  // type that no JSON value is read as.
  Status Add(const RequestColumn& column);
  void AddComputed(const std::string& feature, const std::string& view) {
    computed_[feature] = view;
  }

  const std::vector<RequestColumn>& columns() const { return columns_; }
  // Index of the column, or -1. `hint` is looked at first: clients send columns in one order.
  int Find(std::string_view name, size_t hint = 0) const;
  // What to answer to a name that Find does not know.
  std::string ComplaintAbout(std::string_view name) const;
  std::string Names() const;  // "customer_id (BIGINT), carrier (VARCHAR)"
  // All NULL.
  kernel::Batch MakeBatch(int64_t rows) const;

 private:
  std::vector<RequestColumn> columns_;
  std::map<std::string, std::string, std::less<>> computed_;  // feature -> view
};

}  // namespace millpond::model
