// Expressions, table driven: an expression over no columns and what it is. Constants are folded
// when an expression is bound, by the same scalar functions that run over columns, so a table of
// literals tests both; the last tests run columns.
#include "kernel/expression.h"

#include <cmath>
#include <limits>

#include "base/clock.h"
#include "base/testing/result_matchers.h"
#include "kernel/bound_expression.h"

namespace millpond::kernel {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
const double kNan = std::nan("");

Expr I(int64_t x) {
  return Literal(Value::Bigint(x));
}
Expr D(double x) {
  return Literal(Value::Double(x));
}
Expr B(bool x) {
  return Literal(Value::Boolean(x));
}
Expr T(std::string x) {
  return Literal(Value::Varchar(std::move(x)));
}
Expr Null() {
  return Literal(Value());
}
Expr NullOf(Type type) {
  return Literal(Value::Null(type));
}
Expr M(Int128 unscaled, int precision, int scale) {
  return Literal(Value::MakeDecimal(unscaled, precision, scale));
}
Expr Ts(std::string_view text) {
  return Literal(Value::Timestamp(ParseTimestamp(text).value()));
}
Expr Day(std::string_view text) {
  return Literal(Value::Date(ParseDate(text).value()));
}
Expr Span(int64_t micros) {
  return Literal(Value::Interval(micros));
}

template <typename... E>
Expr F(std::string name, E... arguments) {
  return Call(std::move(name), {std::move(arguments)...});
}

Value Big(int64_t x) {
  return Value::Bigint(x);
}
Value Num(double x) {
  return Value::Double(x);
}
Value Bool(bool x) {
  return Value::Boolean(x);
}
Value Text(std::string x) {
  return Value::Varchar(std::move(x));
}
Value Dec(Int128 unscaled, int precision, int scale) {
  return Value::MakeDecimal(unscaled, precision, scale);
}
const Value kNoBigint = Value::Null(kBigint);
const Value kNoDouble = Value::Null(kDouble);
const Value kNoBoolean = Value::Null(kBoolean);

struct Case {
  Expr expression;
  Value value;
};

void Check(const std::vector<Case>& cases) {
  for (size_t i = 0; i < cases.size(); ++i) {
    auto bound = BindOver(cases[i].expression, {}, {});
    ASSERT_THAT(bound, testing::IsOk()) << "case " << i << " " << cases[i].expression.name;
    EXPECT_EQ(ToString(bound->type()), ToString(cases[i].value.type()))
        << "case " << i << " " << cases[i].expression.name;
    Value value = bound->Evaluate({}, 1).ValueAt(0);
    EXPECT_EQ(value, cases[i].value)
        << "case " << i << " " << cases[i].expression.name << " gave " << value.ToString();
  }
}

TEST(ExpressionEdges, IntegersAreExactOrNull) {
  Check({{F("+", I(INT64_MAX), I(1)), kNoBigint},
         {F("+", I(INT64_MAX), I(-1)), Big(INT64_MAX - 1)},
         {F("-", I(INT64_MIN), I(1)), kNoBigint},
         {F("*", I(INT64_MIN), I(-1)), kNoBigint},
         {F("*", I(3037000500), I(3037000500)), kNoBigint},
         {F("-", I(INT64_MIN)), kNoBigint},
         {F("abs", I(INT64_MIN)), kNoBigint},
         {F("//", I(-7), I(2)), Big(-3)},
         {F("//", I(7), I(0)), kNoBigint},
         {F("//", I(INT64_MIN), I(-1)), kNoBigint},
         {F("%", I(-7), I(3)), Big(-1)},
         {F("%", I(7), I(-3)), Big(1)},
         {F("%", I(INT64_MIN), I(-1)), Big(0)},
         {F("mod", I(7), I(0)), kNoBigint},
         {F("+", I(1), NullOf(kBigint)), kNoBigint},
         {F("+", I(1), Null()), kNoBigint}});
}

TEST(ExpressionEdges, DivisionIsRoundedOnce) {
  Check({{F("/", I(7), I(2)), Num(3.5)},
         {F("/", I(1), I(3)), Num(1.0 / 3)},
         {F("/", I(9007199254740993), I(9007199254740992)), Num(1)},
         {F("/", I(INT64_MAX), I(INT64_MAX - 1)), Num(1)},
         // Rounded to doubles first it would end in .5.
         {F("/", I(9007199254740993), I(3)), Num(3002399751580331)},
         {F("/", I(1), I(0)), kNoDouble},
         {F("/", I(0), I(0)), kNoDouble},
         {F("/", D(1), D(-0.0)), kNoDouble},
         {F("/", D(1), I(0)), kNoDouble},
         {F("/", M(100, 5, 2), M(0, 5, 2)), kNoDouble},
         {F("/", M(10, 5, 2), M(3, 5, 1)), Num(1.0 / 3)},
         {F("/", I(1), M(3, 5, 1)), Num(10.0 / 3)},
         {F("/", D(kInfinity), D(kInfinity)), Num(kNan)},
         {F("/", D(1), D(kInfinity)), Num(0)},
         {F("/", D(1e308), D(1e-10)), Num(kInfinity)},
         {F("/", NullOf(kBigint), I(2)), kNoDouble}});
}

// The result types are those of DuckDB 1.x: SELECT typeof(1.5::DECIMAL(5,1) + 2.25::DECIMAL(6,2)).
TEST(ExpressionEdges, DecimalsAreExactWithDuckDbsTypes) {
  Int128 most = PowerOfTen(38) - 1;
  Check({{F("+", M(15, 5, 1), M(225, 6, 2)), Dec(375, 7, 2)},
         {F("-", M(15, 5, 1), M(225, 6, 2)), Dec(-75, 7, 2)},
         {F("*", M(15, 5, 1), M(225, 6, 2)), Dec(3375, 11, 3)},
         {F("%", M(55, 5, 1), M(200, 6, 2)), Dec(150, 6, 2)},
         {F("%", M(-55, 5, 1), M(200, 6, 2)), Dec(-150, 6, 2)},
         {F("%", M(55, 5, 1), M(0, 6, 2)), Value::Null(Decimal(6, 2))},
         {F("+", M(15, 5, 1), I(2)), Dec(35, 6, 1)},
         {F("*", M(15, 5, 1), I(100)), Dec(1500, 8, 1)},
         {F("+", M(most, 38, 0), M(1, 38, 0)), Value::Null(Decimal(38, 0))},
         {F("-", M(-most, 38, 0), M(1, 38, 0)), Value::Null(Decimal(38, 0))},
         {F("+", M(most, 38, 0), M(1, 38, 38)), Value::Null(Decimal(38, 38))},
         {F("*", M(most, 38, 0), M(10, 38, 0)), Value::Null(Decimal(38, 0))},
         {F("+", M(15, 5, 1), D(0.25)), Num(1.75)},
         {F("round", M(-125, 5, 1)), Dec(-13, 5, 0)},
         {F("round", M(1245, 5, 2), I(1)), Dec(125, 5, 1)},
         {F("round", M(1245, 5, 2), I(4)), Dec(1245, 5, 2)},
         {F("floor", M(-125, 5, 1)), Dec(-13, 5, 0)},
         {F("ceil", M(-125, 5, 1)), Dec(-12, 5, 0)},
         {F("abs", M(-125, 5, 1)), Dec(125, 5, 1)},
         {F("-", M(125, 5, 1)), Dec(-125, 5, 1)}});
}

TEST(ExpressionEdges, Doubles) {
  Check({{F("+", D(0.1), D(0.2)), Num(0.1 + 0.2)},
         {F("*", D(1e308), I(10)), Num(kInfinity)},
         {F("%", D(-5.5), D(2)), Num(-1.5)},
         {F("%", D(5.5), D(0)), kNoDouble},
         {F("round", D(-2.5)), Num(-3)},
         {F("round", D(0.49999999999999994)), Num(0)},
         {F("floor", D(-0.5)), Num(-1)},
         {F("ceiling", D(0.5)), Num(1)},
         {F("sqrt", D(2)), Num(std::sqrt(2.0))},
         {F("sqrt", I(9)), Num(3)},
         {F("sqrt", D(-1e-300)), kNoDouble},
         {F("sqrt", D(kNan)), Num(kNan)}});
}

TEST(ExpressionEdges, ComparisonAndLogic) {
  Expr none = NullOf(kBoolean);
  Check({{F("=", D(kNan), D(kNan)), Bool(true)},
         {F(">", D(kNan), D(kInfinity)), Bool(true)},
         {F("=", D(-0.0), D(0.0)), Bool(true)},
         {F("<", I(2), D(2.5)), Bool(true)},
         {F("=", I(9007199254740993), M(9007199254740993, 20, 0)), Bool(true)},
         {F("<", T("a"), T("B")), Bool(false)},
         {F("=", I(1), NullOf(kBigint)), kNoBoolean},
         {F("is_distinct_from", I(1), Null()), Bool(true)},
         {F("is_not_distinct_from", NullOf(kBigint), Null()), Bool(true)},
         {F("and", B(false), none), Bool(false)},
         {F("and", none, B(true)), kNoBoolean},
         {F("or", none, B(true)), Bool(true)},
         {F("or", B(false), none), kNoBoolean},
         {F("and", B(true), B(true), B(false)), Bool(false)},
         {F("not", none), kNoBoolean},
         {F("is_null", none), Bool(true)},
         {F("is_not_null", none), Bool(false)},
         {F("in", I(2), I(1), I(2)), Bool(true)},
         {F("in", I(3), I(1), Null()), kNoBoolean},
         {F("in", I(1), I(1), Null()), Bool(true)},
         {F("not", F("in", I(3), I(1), I(2))), Bool(true)},
         {F("between", I(2), I(1), I(2)), Bool(true)},
         {F("between", I(3), Null(), I(2)), Bool(false)},
         {F("between", I(1), Null(), I(2)), kNoBoolean},
         {F("=", Day("1998-01-01"), T("1998-01-01")), Bool(true)},
         {F("<", Day("1969-12-31"), Ts("1969-12-31 00:00:00.000001")), Bool(true)}});
}

TEST(ExpressionEdges, Choices) {
  Check({{F("case", NullOf(kBoolean), I(1), B(true), I(2), I(3)), Big(2)},
         {F("case", B(false), I(1)), kNoBigint},
         {F("case", B(false), I(1), M(15, 5, 1)), Dec(15, 5, 1)},
         {F("coalesce", Null(), I(3), I(4)), Big(3)},
         {F("coalesce", NullOf(kBigint), D(0.5)), Num(0.5)},
         {F("ifnull", NullOf(kVarchar), T("x")), Text("x")},
         {F("greatest", I(1), Null(), I(3)), Big(3)},
         {F("greatest", D(kNan), D(kInfinity)), Num(kNan)},
         {F("least", D(kNan), D(1)), Num(1)},
         {F("least", NullOf(kBigint), NullOf(kBigint)), kNoBigint},
         {F("nullif", I(3), I(3)), kNoBigint},
         {F("nullif", I(3), D(3.5)), Big(3)},
         {F("nullif", I(3), Null()), Big(3)}});
}

TEST(ExpressionEdges, CastsThatDoNotFitAreNull) {
  auto to = [](Expr x, Type type) { return Cast(std::move(x), type); };
  Check({{to(D(2.5), kBigint), Big(2)},
         {to(D(3.5), kBigint), Big(4)},
         {to(D(-0.5), kBigint), Big(0)},
         {to(D(9223372036854775807.0), kBigint), kNoBigint},
         {to(D(-0x1p63), kBigint), Big(INT64_MIN)},
         {to(D(kNan), kBigint), kNoBigint},
         {to(D(-kInfinity), Decimal(10, 2)), Value::Null(Decimal(10, 2))},
         {to(D(0.125), Decimal(10, 2)), Dec(13, 10, 2)},
         {to(D(1.005), Decimal(10, 2)), Dec(100, 10, 2)},             // the double lies below 1.005
         {to(D(99.995), Decimal(4, 2)), Value::Null(Decimal(4, 2))},  // the double lies above
         {to(I(100), Decimal(4, 2)), Value::Null(Decimal(4, 2))},
         {to(I(9007199254740993), kDouble), Num(9007199254740992)},
         {to(M(25, 5, 1), kBigint), Big(3)},
         {to(M(-25, 5, 1), kBigint), Big(-3)},
         {to(M(PowerOfTen(37), 38, 0), kBigint), kNoBigint},
         {to(M(1, 5, 1), kDouble), Num(0.1)},
         {to(M(995, 5, 2), Decimal(2, 1)), Value::Null(Decimal(2, 1))},
         {to(M(-995, 5, 2), Decimal(3, 1)), Dec(-100, 3, 1)},
         {to(T(" 12 "), kBigint), Big(12)},
         {to(T("1e3"), kBigint), Big(1000)},
         {to(T("9223372036854775808"), kBigint), kNoBigint},
         {to(T("12x"), kBigint), kNoBigint},
         {to(T(""), kDouble), kNoDouble},
         {to(T("0.1"), kDouble), Num(0.1)},
         {to(T("1e999"), kDouble), kNoDouble},
         {to(T("0.005"), Decimal(5, 2)), Dec(1, 5, 2)},
         {to(T("TRUE"), kBoolean), Bool(true)},
         {to(T("yes?"), kBoolean), kNoBoolean},
         {to(T("1969-12-31"), kDate), Value::Date(-1)},
         {to(T("1969-02-30"), kDate), Value::Null(kDate)},
         {to(T("1969-12-31 23:59:59.999999"), kTimestamp), Value::Timestamp(-1)},
         {to(Ts("1969-12-31 23:59:59.999999"), kDate), Value::Date(-1)},
         {to(Literal(Value::Date(INT32_MAX)), kTimestamp), Value::Null(kTimestamp)},
         {to(M(-50, 5, 2), kVarchar), Text("-0.50")},
         {to(B(true), kVarchar), Text("true")},
         {to(I(0), kBoolean), Bool(false)},
         {to(Null(), kDouble), kNoDouble}});
}

TEST(ExpressionEdges, TimesBefore1970) {
  Expr before = Ts("1969-12-31 23:30:15.5");
  auto ts = [](std::string_view text) { return Value::Timestamp(ParseTimestamp(text).value()); };
  auto day = [](std::string_view text) { return Value::Date(ParseDate(text).value()); };
  Check({{F("days_between", Ts("1970-01-01 00:00:00"), before), Big(-1)},
         {F("days_between", before, Ts("1970-01-01 00:00:00")), Big(0)},
         {F("hours_between", Day("1969-12-30"), before), Big(47)},
         {F("seconds_between", before, Ts("1970-01-01 00:00:00")), Big(1784)},
         {F("minutes_between", before, Null()), kNoBigint},
         {F("days_between", Literal(Value::Timestamp(INT64_MIN)), Literal(Value::Timestamp(1))),
          kNoBigint},
         {F("date_trunc", T("hour"), before), ts("1969-12-31 23:00:00")},
         {F("date_trunc", T("day"), before), ts("1969-12-31 00:00:00")},
         {F("date_trunc", T("week"), Day("1969-12-28")), day("1969-12-22")},
         {F("date_trunc", T("month"), Day("1968-02-29")), day("1968-02-01")},
         {F("date_trunc", T("quarter"), Day("1968-12-31")), day("1968-10-01")},
         {F("date_trunc", T("year"), Day("0001-05-05")), day("0001-01-01")},
         {F("date_trunc", T("minute"), Day("1969-12-31")), ts("1969-12-31 00:00:00")},
         {F("year", before), Big(1969)},
         {F("month", before), Big(12)},
         {F("day", before), Big(31)},
         {F("hour", before), Big(23)},
         {F("minute", before), Big(30)},
         {F("second", before), Big(15)},
         {F("quarter", before), Big(4)},
         {F("dayofyear", Day("1968-12-31")), Big(366)},
         {F("dow", Day("1969-12-28")), Big(0)},
         {F("isodow", Day("1969-12-28")), Big(7)},
         {F("week", Day("1969-12-29")), Big(1)},  // ISO: the week of Thursday, 1 January
         {F("week", Day("1966-01-01")), Big(52)},
         {F("date_part", T("years"), Day("1900-03-01")), Big(1900)},
         {F("epoch", before), Num(-1784.5)},
         {F("epoch", Day("1969-12-31")), Num(-86400)},
         {F("epoch", Span(1'500'000)), Num(1.5)},
         {F("-", Day("1969-12-31"), Day("1970-01-02")), Big(-2)},
         {F("+", Day("1969-12-31"), I(1)), Value::Date(0)},
         {F("+", Day("1969-12-31"), Span(3'600'000'000)), ts("1969-12-31 01:00:00")},
         {F("-", before, Day("1969-12-31")), Value::Interval(int64_t{84'615'500'000})},
         {F("*", Span(2), I(INT64_MAX)), Value::Null(kInterval)},
         {F("+", Literal(Value::Date(INT32_MAX)), I(1)), Value::Null(kDate)},
         {F("+", Literal(Value::Timestamp(INT64_MAX)), Span(1)), Value::Null(kTimestamp)}});
}

TEST(ExpressionEdges, Texts) {
  Check({{F("lower", T("ÄBc")), Text("Äbc")},
         {F("upper", T("äbc")), Text("äBC")},
         {F("length", T("äöü")), Big(3)},
         {F("substr", T("äöü"), I(2)), Text("öü")},
         {F("substr", T("abc"), I(-2), I(1)), Text("b")},
         {F("substr", T("abc"), I(0), I(2)), Text("a")},
         {F("substring", T("abc"), I(2), I(INT64_MAX)), Text("bc")},
         {F("substr", T("abc"), I(INT64_MIN), I(INT64_MAX)), Text("abc")},
         {F("substr", T("abc"), I(9)), Text("")},
         {F("substr", T("abc"), I(1), I(-1)), Value::Null(kVarchar)},
         {F("like", T("abcbc"), T("a%bc")), Bool(true)},
         {F("like", T("äb"), T("_b")), Bool(true)},
         {F("like", T("abc"), T("ab")), Bool(false)},
         {F("like", T(""), T("%")), Bool(true)},
         {F("like", T("x"), Null()), kNoBoolean},
         {F("concat", T("a"), Null(), I(3), B(true)), Text("a3true")},
         {F("||", T("a"), M(-5, 3, 2)), Text("a-0.05")},
         {F("||", T("a"), NullOf(kVarchar)), Value::Null(kVarchar)}});
}

// A column gives row by row what literals give: no row looks at another.
TEST(ExpressionEdges, ColumnsGiveWhatLiteralsGive) {
  std::vector<Value> values = {Value::Null(kBigint), Big(0),  Big(-7), Big(INT64_MIN),
                               Big(INT64_MAX),       Big(42), Big(1)};
  const std::vector<std::string> names = {"a", "b"};
  const std::vector<Type> types = {kBigint, kBigint};
  std::vector<Value> left;
  std::vector<Value> right;
  for (const Value& a : values) {
    for (const Value& b : values) {
      left.push_back(a);
      right.push_back(b);
    }
  }
  Column a = Column::FromValues(kBigint, left);
  Column b = Column::FromValues(kBigint, right);
  const std::vector<const Column*> inputs = {&a, &b};
  for (const char* name : {"+", "-", "*", "/", "//", "%", "=", "<", "is_distinct_from", "greatest",
                           "least", "coalesce", "nullif"}) {
    auto bound = BindOver(F(name, ColumnRef("A"), ColumnRef("b")), names, types);
    ASSERT_THAT(bound, testing::IsOk());
    Column whole = bound->Evaluate(inputs, a.size());
    for (int64_t row = 0; row < a.size(); ++row) {
      auto one = BindOver(F(name, Literal(left[row]), Literal(right[row])), {}, {});
      ASSERT_THAT(one, testing::IsOk());
      EXPECT_EQ(whole.ValueAt(row), one->Evaluate({}, 1).ValueAt(0)) << name << " row " << row;
    }
  }
}

}  // namespace
}  // namespace millpond::kernel
