// The printed form of expressions, of which feature hashes are made
// (docs/formats/feature-canonical-text.md, permanent).
#pragma once

#include <functional>
#include <string>

#include "kernel/expression.h"
#include "kernel/window.h"

namespace millpond::kernel {

// "text" with quotes, backslashes and control characters escaped.
std::string QuoteText(std::string_view text);
std::string PrintValue(const Value& value);
std::string PrintWindow(const WindowDefinition& window);

struct Printer {
  // What a name stands for: column("amount"), or the text of an earlier output.
  std::function<Result<std::string>(const std::string& name)> column;
  std::function<Result<std::string>(const std::string& name)> window;
};

// Expects a tree that has been bound without error.
Result<std::string> PrintExpression(const Expr& expr, const Printer& printer);

}  // namespace millpond::kernel
