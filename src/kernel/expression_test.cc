// What each operator and function gives, and what the binder refuses.
#include <bit>
#include <cmath>
#include <limits>

#include "base/testing/result_matchers.h"
#include "kernel/bound_expression.h"

namespace millpond::kernel {
namespace {

using ::millpond::testing::FailsWith;
using ::testing::HasSubstr;

Expr L(Value value) {
  return Literal(std::move(value));
}
Expr I(int64_t value) {
  return L(Value::Bigint(value));
}
Expr D(double value) {
  return L(Value::Double(value));
}
Expr Dec(std::string_view text, int precision, int scale) {
  Int128 value = 0;
  EXPECT_TRUE(ParseDecimal(text, precision, scale, &value));
  return L(Value::MakeDecimal(value, precision, scale));
}
Expr S(std::string text) {
  return L(Value::Varchar(std::move(text)));
}
Expr B(bool value) {
  return L(Value::Boolean(value));
}
Expr N() {
  return L(Value());
}
Expr Date(std::string text) {
  return Cast(S(std::move(text)), kDate);
}
Expr Time(std::string text) {
  return Cast(S(std::move(text)), kTimestamp);
}

// "TYPE value"
std::string Eval(const Expr& expr) {
  auto bound = BindOver(expr, {}, {});
  if (!bound.has_value()) return "error: " + bound.error().message();
  Value value = bound->Evaluate({}, 1).ValueAt(0);
  return ToString(bound->type()) + " " + value.ToString();
}

std::string Eval(std::string name, std::vector<Expr> arguments) {
  return Eval(Call(std::move(name), std::move(arguments)));
}

TEST(Arithmetic, Integers) {
  EXPECT_EQ(Eval("+", {I(2), I(3)}), "BIGINT 5");
  EXPECT_EQ(Eval("-", {I(5)}), "BIGINT -5");
  EXPECT_EQ(Eval("+", {I(INT64_MAX), I(1)}), "BIGINT NULL");
  EXPECT_EQ(Eval("*", {I(INT64_MIN), I(-1)}), "BIGINT NULL");
  EXPECT_EQ(Eval("-", {I(INT64_MIN)}), "BIGINT NULL");
  EXPECT_EQ(Eval("/", {I(7), I(2)}), "DOUBLE 3.5");
  EXPECT_EQ(Eval("/", {I(7), I(0)}), "DOUBLE NULL");
  EXPECT_EQ(Eval("//", {I(-7), I(2)}), "BIGINT -3");
  EXPECT_EQ(Eval("//", {I(INT64_MIN), I(-1)}), "BIGINT NULL");
  EXPECT_EQ(Eval("%", {I(-7), I(2)}), "BIGINT -1");
  EXPECT_EQ(Eval("%", {I(INT64_MIN), I(-1)}), "BIGINT 0");
  EXPECT_EQ(Eval("%", {I(1), I(0)}), "BIGINT NULL");
  EXPECT_EQ(Eval("+", {I(1), N()}), "BIGINT NULL");
}

TEST(Arithmetic, Decimals) {
  EXPECT_EQ(Eval("+", {Dec("1.50", 10, 2), Dec("0.125", 4, 3)}), "DECIMAL(12,3) 1.625");
  EXPECT_EQ(Eval("*", {Dec("1.50", 10, 2), Dec("0.125", 4, 3)}), "DECIMAL(14,5) 0.18750");
  EXPECT_EQ(Eval("+", {Dec("1.50", 10, 2), I(1)}), "DECIMAL(11,2) 2.50");
  EXPECT_EQ(Eval("/", {Dec("1.00", 10, 2), Dec("3.00", 10, 2)}), "DOUBLE 0.3333333333333333");
  EXPECT_EQ(Eval("/", {Dec("0.30", 10, 2), Dec("0.1", 2, 1)}), "DOUBLE 3");
  EXPECT_EQ(Eval("/", {Dec("0.30", 10, 2), Dec("0.0", 2, 1)}), "DOUBLE NULL");
  EXPECT_EQ(Eval("%", {Dec("7.50", 10, 2), Dec("2.0", 2, 1)}), "DECIMAL(10,2) 1.50");
  Expr most = Dec("99999999999999999999999999999999999999", 38, 0);
  EXPECT_EQ(Eval("+", {most, most}), "DECIMAL(38,0) NULL");
  EXPECT_EQ(Eval("*", {most, I(2)}), "DECIMAL(38,0) NULL");
  EXPECT_EQ(Eval("+", {Dec("1.5", 2, 1), D(0.25)}), "DOUBLE 1.75");
  EXPECT_THAT(Eval("*", {Dec("0", 38, 20), Dec("0", 38, 19)}), HasSubstr("needs 39 digits"));
}

TEST(Arithmetic, Doubles) {
  EXPECT_EQ(Eval("+", {D(0.1), D(0.2)}), "DOUBLE 0.30000000000000004");
  EXPECT_EQ(Eval("/", {D(1), D(0)}), "DOUBLE NULL");
  EXPECT_EQ(Eval("%", {D(5.5), D(2)}), "DOUBLE 1.5");
  EXPECT_EQ(Eval("*", {D(1e308), D(10)}), "DOUBLE inf");
}

TEST(Arithmetic, Times) {
  Value hour = Value::Interval(3'600'000'000);
  EXPECT_EQ(Eval("+", {Date("1997-01-31"), L(hour)}), "TIMESTAMP 1997-01-31T01:00:00.000000Z");
  EXPECT_EQ(Eval("+", {L(hour), Date("1997-01-31")}), "TIMESTAMP 1997-01-31T01:00:00.000000Z");
  EXPECT_EQ(Eval("-", {Time("1997-01-31 00:30:00"), L(hour)}),
            "TIMESTAMP 1997-01-30T23:30:00.000000Z");
  EXPECT_EQ(Eval("-", {Date("1997-03-01"), Date("1997-02-01")}), "BIGINT 28");
  EXPECT_EQ(Eval("+", {Date("1997-02-28"), I(1)}), "DATE 1997-03-01");
  EXPECT_EQ(Eval("-", {Time("1997-01-02"), Date("1997-01-01")}), "INTERVAL 86400000000");
  EXPECT_EQ(Eval("*", {L(hour), I(2)}), "INTERVAL 7200000000");
  EXPECT_EQ(Eval("+", {Date("1997-02-28"), I(INT64_MAX)}), "DATE NULL");
  EXPECT_THAT(Eval("+", {Date("1997-02-28"), Date("1997-02-28")}), HasSubstr("no DATE + DATE"));
  EXPECT_THAT(Eval("+", {I(1), B(true)}), HasSubstr("no BIGINT + BOOLEAN"));
}

TEST(Comparison, NumbersOfAllKinds) {
  EXPECT_EQ(Eval("=", {Dec("1.50", 10, 2), D(1.5)}), "BOOLEAN true");
  EXPECT_EQ(Eval("<", {I(1), Dec("1.01", 3, 2)}), "BOOLEAN true");
  EXPECT_EQ(Eval("=", {D(0.0), D(-0.0)}), "BOOLEAN true");
  double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(Eval("=", {D(nan), D(nan)}), "BOOLEAN true");
  EXPECT_EQ(Eval(">", {D(nan), D(1e308)}), "BOOLEAN true");
  EXPECT_EQ(Eval("<", {S("a"), S("b")}), "BOOLEAN true");
  EXPECT_EQ(Eval(">=", {Date("1997-01-01"), S("1996-12-31")}), "BOOLEAN true");
  EXPECT_THAT(Eval("=", {Date("1997-01-01"), S("soon")}),
              HasSubstr("'soon' cannot be read as DATE"));
  EXPECT_THAT(Eval("=", {I(1), B(true)}), HasSubstr("no common type"));
  EXPECT_EQ(Eval("=", {I(1), N()}), "BOOLEAN NULL");
  EXPECT_EQ(Eval("is_distinct_from", {I(1), N()}), "BOOLEAN true");
  EXPECT_EQ(Eval("is_not_distinct_from", {N(), N()}), "BOOLEAN true");
}

TEST(Logic, ThreeValues) {
  auto text = [](int value) { return value == 2 ? N() : B(value == 1); };
  const char* names[] = {"false", "true", "NULL"};
  // By rows of the first argument: false, true, NULL.
  int conjunction[3][3] = {{0, 0, 0}, {0, 1, 2}, {0, 2, 2}};
  int disjunction[3][3] = {{0, 1, 2}, {1, 1, 1}, {2, 1, 2}};
  for (int a = 0; a < 3; ++a) {
    for (int b = 0; b < 3; ++b) {
      EXPECT_EQ(Eval("and", {text(a), text(b)}),
                fmt::format("BOOLEAN {}", names[conjunction[a][b]]));
      EXPECT_EQ(Eval("or", {text(a), text(b)}),
                fmt::format("BOOLEAN {}", names[disjunction[a][b]]));
    }
  }
  EXPECT_EQ(Eval("not", {N()}), "BOOLEAN NULL");
  EXPECT_EQ(Eval("in", {I(1), I(2), N()}), "BOOLEAN NULL");
  EXPECT_EQ(Eval("in", {I(1), I(2), I(1)}), "BOOLEAN true");
  EXPECT_EQ(Eval("between", {I(1), I(0), I(1)}), "BOOLEAN true");
  EXPECT_EQ(Eval("is_null", {N()}), "BOOLEAN true");
}

TEST(Choice, FirstFitting) {
  EXPECT_EQ(Eval("case", {B(false), I(1), N(), I(2), B(true), Dec("3.5", 2, 1)}),
            "DECIMAL(2,1) 3.5");
  EXPECT_EQ(Eval("case", {B(false), I(1)}), "BIGINT NULL");
  EXPECT_EQ(Eval("coalesce", {N(), I(1), I(2)}), "BIGINT 1");
  EXPECT_EQ(Eval("nullif", {I(0), D(0)}), "BIGINT NULL");
  EXPECT_EQ(Eval("nullif", {I(4), I(0)}), "BIGINT 4");
  EXPECT_EQ(Eval("greatest", {I(1), N(), I(3)}), "BIGINT 3");
  EXPECT_EQ(Eval("least", {I(1), N(), I(3)}), "BIGINT 1");
  EXPECT_THAT(Eval("coalesce", {I(1), S("x")}), HasSubstr("'x' cannot be read as BIGINT"));
}

TEST(NumberFunction, RoundsAsStated) {
  EXPECT_EQ(Eval("round", {D(2.5)}), "DOUBLE 3");
  EXPECT_EQ(Eval("round", {D(-2.5)}), "DOUBLE -3");
  EXPECT_EQ(Eval("round", {Dec("-2.50", 4, 2)}), "DECIMAL(3,0) -3");
  EXPECT_EQ(Eval("floor", {Dec("-2.01", 4, 2)}), "DECIMAL(3,0) -3");
  EXPECT_EQ(Eval("ceil", {Dec("-2.99", 4, 2)}), "DECIMAL(3,0) -2");
  EXPECT_EQ(Eval("round", {Dec("2.345", 4, 3), I(2)}), "DECIMAL(4,2) 2.35");
  EXPECT_THAT(Eval("round", {D(2.345), I(2)}), HasSubstr("CAST it to DECIMAL(p, 2)"));
  EXPECT_EQ(Eval("floor", {I(4)}), "BIGINT 4");
  EXPECT_EQ(Eval("sqrt", {I(2)}), "DOUBLE 1.4142135623730951");
  EXPECT_EQ(Eval("sqrt", {I(-2)}), "DOUBLE NULL");
  EXPECT_EQ(Eval("abs", {I(INT64_MIN)}), "BIGINT NULL");
}

TEST(Cast, RoundsOrGivesNull) {
  EXPECT_EQ(Eval(Cast(D(2.5), kBigint)), "BIGINT 2");
  EXPECT_EQ(Eval(Cast(D(3.5), kBigint)), "BIGINT 4");
  EXPECT_EQ(Eval(Cast(D(0x1p63), kBigint)), "BIGINT NULL");
  EXPECT_EQ(Eval(Cast(D(-0x1p63), kBigint)), "BIGINT -9223372036854775808");
  EXPECT_EQ(Eval(Cast(D(std::nan("")), kBigint)), "BIGINT NULL");
  EXPECT_EQ(Eval(Cast(Dec("2.5", 2, 1), kBigint)), "BIGINT 3");
  EXPECT_EQ(Eval(Cast(D(0.125), Decimal(4, 2))), "DECIMAL(4,2) 0.13");
  EXPECT_EQ(Eval(Cast(Dec("-0.125", 4, 3), Decimal(4, 2))), "DECIMAL(4,2) -0.13");
  EXPECT_EQ(Eval(Cast(I(100), Decimal(4, 2))), "DECIMAL(4,2) NULL");
  EXPECT_EQ(Eval(Cast(S(" 12.345 "), Decimal(6, 2))), "DECIMAL(6,2) 12.35");
  EXPECT_EQ(Eval(Cast(S("1e3"), kBigint)), "BIGINT 1000");
  EXPECT_EQ(Eval(Cast(S("x"), kBigint)), "BIGINT NULL");
  EXPECT_EQ(Eval(Cast(S("9223372036854775808"), kBigint)), "BIGINT NULL");
  EXPECT_EQ(Eval(Cast(S("1e-3"), kDouble)), "DOUBLE 0.001");
  EXPECT_EQ(Eval(Cast(S("True"), kBoolean)), "BOOLEAN true");
  EXPECT_EQ(Eval(Cast(S("1997-13-01"), kDate)), "DATE NULL");
  EXPECT_EQ(Eval(Cast(Time("1969-12-31 23:00:00"), kDate)), "DATE 1969-12-31");
  EXPECT_EQ(Eval(Cast(Dec("-1.50", 4, 2), kVarchar)), "VARCHAR '-1.50'");
  EXPECT_EQ(Eval(Cast(B(true), Decimal(3, 2))), "DECIMAL(3,2) 1.00");
  EXPECT_THAT(Eval(Cast(D(1), kVarchar)), HasSubstr("no cast from DOUBLE to VARCHAR"));
}

TEST(TimeFunction, Units) {
  EXPECT_EQ(Eval("days_between", {Date("1997-01-01"), Time("1997-01-02 23:59:59")}), "BIGINT 1");
  EXPECT_EQ(Eval("days_between", {Time("1997-01-02 00:00:01"), Date("1997-01-02")}), "BIGINT -1");
  EXPECT_EQ(Eval("hours_between", {Date("1997-01-01"), Date("1997-01-02")}), "BIGINT 24");
  EXPECT_EQ(Eval("date_trunc", {S("month"), Date("1997-02-28")}), "DATE 1997-02-01");
  EXPECT_EQ(Eval("date_trunc", {S("week"), Time("2024-02-29 13:00:00")}),
            "TIMESTAMP 2024-02-26T00:00:00.000000Z");
  EXPECT_EQ(Eval("date_trunc", {S("hour"), Time("1969-12-31 23:59:00")}),
            "TIMESTAMP 1969-12-31T23:00:00.000000Z");
  EXPECT_EQ(Eval("date_part", {S("dow"), Date("2024-03-03")}), "BIGINT 0");
  EXPECT_EQ(Eval("isodow", {Date("2024-03-03")}), "BIGINT 7");
  EXPECT_EQ(Eval("doy", {Date("2024-12-31")}), "BIGINT 366");
  EXPECT_EQ(Eval("week", {Date("2021-01-03")}), "BIGINT 53");
  EXPECT_EQ(Eval("year", {Date("1600-02-29")}), "BIGINT 1600");
  EXPECT_EQ(Eval("hour", {Time("1969-12-31 23:59:00")}), "BIGINT 23");
  EXPECT_EQ(Eval("epoch", {Time("1970-01-01 00:00:01.5")}), "DOUBLE 1.5");
  EXPECT_THAT(Eval("date_trunc", {S("dow"), Date("1997-01-01")}), HasSubstr("no unit 'dow'"));
}

TEST(TextFunction, CodePoints) {
  EXPECT_EQ(Eval("lower", {S("AÄz")}), "VARCHAR 'aÄz'");
  EXPECT_EQ(Eval("length", {S("aÄz")}), "BIGINT 3");
  EXPECT_EQ(Eval("substr", {S("aÄzb"), I(2), I(2)}), "VARCHAR 'Äz'");
  EXPECT_EQ(Eval("substr", {S("hello"), I(-3)}), "VARCHAR 'llo'");
  EXPECT_EQ(Eval("substr", {S("hello"), I(0), I(2)}), "VARCHAR 'h'");
  EXPECT_EQ(Eval("substr", {S("hello"), I(INT64_MAX), I(INT64_MAX)}), "VARCHAR ''");
  EXPECT_EQ(Eval("concat", {S("a"), N(), I(1)}), "VARCHAR 'a1'");
  EXPECT_EQ(Eval("||", {S("a"), Cast(N(), kVarchar)}), "VARCHAR NULL");
  EXPECT_EQ(Eval("like", {S("aÄbc"), S("a_%c")}), "BOOLEAN true");
  EXPECT_EQ(Eval("like", {S("abab"), S("%ab")}), "BOOLEAN true");
  EXPECT_EQ(Eval("like", {S("abac"), S("%ab")}), "BOOLEAN false");
}

TEST(Binder, RefusesByName) {
  for (const char* name : {"exp", "ln", "log", "pow", "sin"}) {
    EXPECT_THAT(BindOver(Call(name, {D(1)}), {}, {}),
                FailsWith(ErrorKind::kUnsupported, HasSubstr("libm")));
  }
  EXPECT_THAT(BindOver(Call("now", {}), {}, {}),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("as_of()")));
  EXPECT_THAT(BindOver(Call("frobnicate", {}), {}, {}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("no function frobnicate")));
  EXPECT_THAT(BindOver(Call("nullif", {I(1)}), {}, {}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("does not take 1 arguments")));
  EXPECT_THAT(BindOver(Aggregate("sum", {I(1)}, "w"), {}, {}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("no place here")));
}

TEST(Binder, NamesTheInnermostPlaceOnce) {
  Locator locate = [](int64_t offset) { return fmt::format("f.sql:1:{}", offset); };
  Expr bad = Call("+", {Literal(Value::Bigint(1), 3), ColumnRef("nope", 5)}, 4);
  EXPECT_THAT(BindOver(bad, {}, {}, locate),
              FailsWith(ErrorKind::kNotFound, "f.sql:1:5: there is no column nope"));
}

TEST(Binder, DeepNestingIsAnErrorNotACrash) {
  Expr deep = I(1);
  for (int i = 0; i < 2'000; ++i) deep = Call("-", {std::move(deep)});
  EXPECT_THAT(BindOver(deep, {}, {}), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("nested")));
}

TEST(Evaluation, OneRowEqualsTheSameRowInABatch) {
  std::vector<std::string> names = {"x", "y"};
  std::vector<Type> types = {kDouble, kBigint};
  Expr expr = Call(
      "/", {Call("+", {ColumnRef("x"), ColumnRef("Y")}), Call("nullif", {ColumnRef("y"), I(0)})});
  MP_ASSERT_OK_AND_ASSIGN(BoundExpression bound, BindOver(expr, names, types));
  EXPECT_EQ(bound.UsedInputs(), (std::vector<int>{0, 1}));
  Column x(kDouble);
  Column y(kBigint);
  for (int i = 0; i < 50; ++i) {
    x.Append(i % 7 == 0 ? Value::Null(kDouble) : Value::Double(i * 0.1));
    y.Append(Value::Bigint(i % 5));
  }
  std::vector<const Column*> inputs = {&x, &y};
  Column batch = bound.Evaluate(inputs, 50);
  for (int64_t row = 0; row < 50; ++row) {
    Column one_x = x.Take(std::vector<int64_t>{row});
    Column one_y = y.Take(std::vector<int64_t>{row});
    std::vector<const Column*> one = {&one_x, &one_y};
    EXPECT_EQ(bound.Evaluate(one, 1).ValueAt(0), batch.ValueAt(row));
  }
}

}  // namespace
}  // namespace millpond::kernel
