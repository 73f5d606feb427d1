// Matchers for Result and Status. There is no "not ok": a test names the error it expects.
//
//   EXPECT_THAT(Parse("1"), IsOkAnd(Eq(1)));
//   EXPECT_THAT(Parse("x"), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("'x'")));
//   MP_ASSERT_OK_AND_ASSIGN(auto value, Parse("1"));
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/result.h"

namespace millpond::testing {

MATCHER(IsOk, "is ok") {
  if (arg.has_value()) return true;
  *result_listener << arg.error().ToString();
  return false;
}

MATCHER_P(IsOkAnd, inner, "is ok and its value matches") {
  if (!arg.has_value()) {
    *result_listener << arg.error().ToString();
    return false;
  }
  return ::testing::ExplainMatchResult(inner, arg.value(), result_listener);
}

MATCHER_P2(FailsWith, kind, message, "fails with the kind and message") {
  if (arg.has_value()) {
    *result_listener << "is ok";
    return false;
  }
  *result_listener << ToString(arg.error().kind()) << ": " << arg.error().ToString() << " ";
  return ::testing::ExplainMatchResult(kind, arg.error().kind(), result_listener) &&
         ::testing::ExplainMatchResult(message, arg.error().ToString(), result_listener);
}

}  // namespace millpond::testing

#define MP_ASSERT_OK(expression) ASSERT_THAT((expression), ::millpond::testing::IsOk())
#define MP_EXPECT_OK(expression) EXPECT_THAT((expression), ::millpond::testing::IsOk())

#define MP_ASSERT_OK_AND_ASSIGN_IMPL(result, declaration, expression) \
  auto result = (expression);                                         \
  ASSERT_TRUE(result.has_value()) << result.error().ToString();       \
  declaration = std::move(result).value()
#define MP_ASSERT_OK_AND_ASSIGN(declaration, ...) \
  MP_ASSERT_OK_AND_ASSIGN_IMPL(MP_CONCAT(mp_result_, __LINE__), declaration, (__VA_ARGS__))
