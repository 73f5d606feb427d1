// Millpond's errors as Python exceptions: class and kind are paired in one table
// (python_errors.cc), the classes are written in Python (millpond/errors.py).
#pragma once

#include <stdexcept>

#include "base/error.h"
#include "base/result.h"

namespace millpond::python {

// Thrown between a binding and the translator only.
class ErrorException : public std::exception {
 public:
  explicit ErrorException(Error error) : error_(std::move(error)), text_(error_.ToString()) {}
  const Error& error() const { return error_; }
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  Error error_;
  std::string text_;
};

template <typename T>
T ValueOrThrow(Result<T> result) {
  if (!result.has_value()) throw ErrorException(std::move(result).error());
  return std::move(*result);
}

// From here on, an ErrorException that leaves a binding is an exception of millpond.errors.
void RegisterErrors();

}  // namespace millpond::python
