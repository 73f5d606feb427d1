// Result<T> is a value or an Error; Status is a Result without a value. No exception crosses a
// layer: what throws (a third-party library) is caught in its adapter and becomes an Error.
//
//   Result<Snapshot> Load(...) {
//     MP_ASSIGN_OR_RETURN(auto listing, store.List(path));
//     MP_RETURN_IF_ERROR(Check(listing));
//     return Snapshot(std::move(listing));
//   }
#pragma once

#include <fmt/format.h>

#include <expected>
#include <utility>

#include "base/error.h"

namespace millpond {

template <typename T>
using Result = std::expected<T, Error>;

using Status = Result<void>;

inline Status OkStatus() {
  return {};
}

// Fail(kind, "table {} has no column {}", table, column): an error ready to be returned.
template <typename... Args>
[[nodiscard]] std::unexpected<Error> Fail(ErrorKind kind, fmt::format_string<Args...> format,
                                          Args&&... args) {
  return std::unexpected<Error>(Error(kind, fmt::format(format, std::forward<Args>(args)...)));
}

}  // namespace millpond

#define MP_CONCAT_INNER(a, b) a##b
#define MP_CONCAT(a, b) MP_CONCAT_INNER(a, b)

#define MP_RETURN_IF_ERROR(expression)                                         \
  do {                                                                         \
    if (auto mp_status = (expression); !mp_status.has_value()) {               \
      return std::unexpected<::millpond::Error>(std::move(mp_status).error()); \
    }                                                                          \
  } while (false)

// As MP_RETURN_IF_ERROR, with a context that is only built when there is an error.
#define MP_RETURN_IF_ERROR_CONTEXT(expression, ...)                            \
  do {                                                                         \
    if (auto mp_status = (expression); !mp_status.has_value()) {               \
      return std::unexpected<::millpond::Error>(                               \
          std::move(mp_status).error().WithContext(fmt::format(__VA_ARGS__))); \
    }                                                                          \
  } while (false)

#define MP_ASSIGN_OR_RETURN_IMPL(result, declaration, expression)         \
  auto result = (expression);                                             \
  if (!result.has_value()) {                                              \
    return std::unexpected<::millpond::Error>(std::move(result).error()); \
  }                                                                       \
  declaration = std::move(result).value()

#define MP_ASSIGN_OR_RETURN(declaration, ...) \
  MP_ASSIGN_OR_RETURN_IMPL(MP_CONCAT(mp_result_, __LINE__), declaration, (__VA_ARGS__))

#define MP_ASSIGN_OR_RETURN_CONTEXT_IMPL(result, declaration, expression, ...) \
  auto result = (expression);                                                  \
  if (!result.has_value()) {                                                   \
    return std::unexpected<::millpond::Error>(                                 \
        std::move(result).error().WithContext(fmt::format(__VA_ARGS__)));      \
  }                                                                            \
  declaration = std::move(result).value()

#define MP_ASSIGN_OR_RETURN_CONTEXT(declaration, expression, ...)                            \
  MP_ASSIGN_OR_RETURN_CONTEXT_IMPL(MP_CONCAT(mp_result_, __LINE__), declaration, expression, \
                                   __VA_ARGS__)
