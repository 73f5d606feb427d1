// Who may do what: asked for every table and path of a statement before it runs, with the principal
// of the session. data only asks; platform/access answers. AllowAll answers yes until it is there.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace millpond::data {

struct Principal {
  std::string name;  // "local" for a person at the command line
};

enum class Privilege { kSelect, kModify, kCreateTable, kDropTable, kReadFiles, kExecute };
std::string_view ToString(Privilege privilege);

class AccessPolicy {
 public:
  virtual ~AccessPolicy() = default;
  // `object`: "main.default.orders", a feature view, a path for kReadFiles, a model for kExecute.
  // kPermissionDenied says who may not do what and how to get the right. Thread-safe.
  virtual Status Check(const Principal& principal, Privilege privilege,
                       const std::string& object) = 0;
};

class AllowAll : public AccessPolicy {
 public:
  Status Check(const Principal&, Privilege, const std::string&) override { return OkStatus(); }
};

}  // namespace millpond::data
