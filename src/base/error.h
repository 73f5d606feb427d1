// The one error type of Millpond. An Error says what went wrong (kind), for a person (message), and
// where it came through (context, outermost first when printed). Kinds are the caller's decisions,
// not the callee's excuses: a caller branches on kind and never parses a message.
//
// A message states what happened, to which object, and what to do next; run-time values last.
// Errors of other libraries are turned into this type in the one adapter file of that library.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace millpond {

enum class ErrorKind {
  kNotFound,
  kAlreadyExists,
  kInvalidArgument,    // the user's input is at fault; trying again will not help
  kConflict,           // somebody else was faster; trying again is safe
  kOutcomeUnknown,     // it may or may not have happened; find out before trying again
  kCorrupt,            // bytes at rest are not what was written
  kUnsupported,        // understood, but not built: names the feature
  kResourceExhausted,  // over the memory, disk or time that the work was given
  kUnavailable,        // another system or the disk failed; trying again may help
  kCancelled,
  kPermissionDenied,
  kInternal,  // a bug in Millpond
};

std::string_view ToString(ErrorKind kind);

class [[nodiscard]] Error {
 public:
  Error(ErrorKind kind, std::string message) : kind_(kind), message_(std::move(message)) {}

  ErrorKind kind() const { return kind_; }
  const std::string& message() const { return message_; }

  // Adds what the caller was doing, for example "while reading table main.default.orders".
  Error&& WithContext(std::string context) && {
    context_.push_back(std::move(context));
    return std::move(*this);
  }

  // "context: context: message", outermost context first.
  std::string ToString() const;

 private:
  ErrorKind kind_;
  std::string message_;
  std::vector<std::string> context_;  // innermost first
};

}  // namespace millpond
