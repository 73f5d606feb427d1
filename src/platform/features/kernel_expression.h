// From the SQL tree to the kernel's: one expression at a time. Names and types are the kernel's to
// resolve; what is refused here is what the kernel's tree cannot even say (subqueries, stars,
// months in intervals, frames that are no window of a feature view). Errors begin with
// "file:line:column".
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "data/sql/syntax.h"
#include "kernel/expression.h"
#include "kernel/window.h"

namespace millpond::platform {

class KernelExpressions {
 public:
  // Columns may be written with one of `prefixes` before them ("o", "orders",
  // "main.default.orders").
  KernelExpressions(data::SourceText source, std::vector<std::string> prefixes)
      : source_(std::move(source)), prefixes_(std::move(prefixes)) {}

  Result<kernel::Expr> Convert(const data::SqlExpr& expression);

  // The windows that the aggregates converted so far stand over.
  const std::vector<kernel::WindowDefinition>& windows() const { return windows_; }

 private:
  Result<std::vector<kernel::Expr>> ConvertAll(const std::vector<data::SqlExpr>& expressions);
  Result<kernel::Expr> Call(const data::SqlExpr& expression, std::string name);
  Result<kernel::Expr> Column(const data::SqlExpr& expression);
  Result<kernel::Expr> Constant(const data::SqlExpr& expression);
  Result<kernel::Expr> Interval(const data::SqlExpr& expression);
  Result<kernel::Expr> Operator(const data::SqlExpr& expression);
  Result<kernel::Expr> Function(const data::SqlExpr& expression);
  Result<kernel::Expr> Window(const data::SqlExpr& expression);
  Result<std::string> WindowName(const data::SqlExpr& expression);
  Status RefuseArguments(const data::SqlExpr& expression);
  template <typename... Args>
  std::unexpected<Error> Refuse(const data::SqlExpr& expression, fmt::format_string<Args...> format,
                                Args&&... args) const {
    return data::FailAt(source_, expression.offset, ErrorKind::kInvalidArgument, format,
                        std::forward<Args>(args)...);
  }

  data::SourceText source_;
  std::vector<std::string> prefixes_;
  std::vector<kernel::WindowDefinition> windows_;
};

}  // namespace millpond::platform
