// CHECK stops the program on a bug in Millpond: it is always on and prints both operands. User
// input never reaches one. DCHECK is for what is too dear to check in a release build.
#pragma once

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace millpond::internal {

[[noreturn]] inline void CheckFailed(const char* file, int line, const std::string& what) {
  std::fprintf(stderr, "%s:%d: CHECK failed: %s\n", file, line, what.c_str());
  std::abort();
}

}  // namespace millpond::internal

#define CHECK(condition)                                                                 \
  do {                                                                                   \
    if (!(condition)) ::millpond::internal::CheckFailed(__FILE__, __LINE__, #condition); \
  } while (false)

#define CHECK_OP(op, a, b)                                                         \
  do {                                                                             \
    const auto& check_a = (a);                                                     \
    const auto& check_b = (b);                                                     \
    if (!(check_a op check_b)) {                                                   \
      ::millpond::internal::CheckFailed(                                           \
          __FILE__, __LINE__,                                                      \
          fmt::format("{} {} {} ({} against {})", #a, #op, #b, check_a, check_b)); \
    }                                                                              \
  } while (false)

#define CHECK_EQ(a, b) CHECK_OP(==, a, b)
#define CHECK_NE(a, b) CHECK_OP(!=, a, b)
#define CHECK_LT(a, b) CHECK_OP(<, a, b)
#define CHECK_LE(a, b) CHECK_OP(<=, a, b)
#define CHECK_GT(a, b) CHECK_OP(>, a, b)
#define CHECK_GE(a, b) CHECK_OP(>=, a, b)

#ifdef NDEBUG
#define DCHECK(condition)        \
  do {                           \
    if (false) CHECK(condition); \
  } while (false)
#else
#define DCHECK(condition) CHECK(condition)
#endif
