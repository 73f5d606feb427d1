// Arithmetic. Integers and decimals are exact and NULL on overflow; quotients are the exact
// quotient rounded once to a double, NULL for a zero divisor; double arithmetic is IEEE's.
#include <cmath>
#include <limits>

#include "base/check.h"
#include "kernel/bound_node_internal.h"
#include "kernel/exact_math.h"

namespace millpond::kernel {
namespace {

// f(a, b, &result) says whether the row has a result.
template <typename A, typename B, typename Out, typename F>
void MapRows(const Column& a, const Column& b, std::span<const A> left, std::span<const B> right,
             std::span<Out> result, std::span<uint8_t> valid, F&& f) {
  for (int64_t row = 0; row < a.size(); ++row) {
    if (a.IsNull(row) || b.IsNull(row)) continue;
    Out value{};
    if (!f(left[row], right[row], &value)) continue;
    result[row] = value;
    valid[row] = 1;
  }
}

bool IntegerOp(Op op, int64_t a, int64_t b, int64_t* out) {
  switch (op) {
    case Op::kAdd:
      return !__builtin_add_overflow(a, b, out);
    case Op::kSubtract:
      return !__builtin_sub_overflow(a, b, out);
    case Op::kMultiply:
      return !__builtin_mul_overflow(a, b, out);
    case Op::kIntegerDivide:
      if (b == 0 || (a == INT64_MIN && b == -1)) return false;
      *out = a / b;
      return true;
    case Op::kModulo:
      if (b == 0) return false;
      *out = b == -1 ? 0 : a % b;
      return true;
    default:
      return false;
  }
}

bool DecimalOp(Op op, Int128 a, Int128 b, Int128 limit, Int128* out) {
  switch (op) {
    case Op::kAdd:
      if (__builtin_add_overflow(a, b, out)) return false;
      break;
    case Op::kSubtract:
      if (__builtin_sub_overflow(a, b, out)) return false;
      break;
    case Op::kMultiply:
      if (__builtin_mul_overflow(a, b, out)) return false;
      break;
    case Op::kModulo:
      if (b == 0) return false;
      *out = a % b;
      break;
    default:
      return false;
  }
  return *out < limit && *out > -limit;
}

bool DoubleOp(Op op, double a, double b, double* out) {
  switch (op) {
    case Op::kAdd:
      *out = a + b;
      return true;
    case Op::kSubtract:
      *out = a - b;
      return true;
    case Op::kMultiply:
      *out = a * b;
      return true;
    case Op::kDivide:
      *out = a / b;
      return b != 0;
    case Op::kModulo:
      *out = std::fmod(a, b);  // exact by definition
      return b != 0;
    default:
      return false;
  }
}

Column Divide(const Column& a, const Column& b) {
  Column out(kDouble, a.size());
  auto result = out.mutable_doubles();
  auto valid = out.mutable_valid();
  if (a.type().id == TypeId::kDouble) {
    MapRows(a, b, a.doubles(), b.doubles(), result, valid,
            [](double x, double y, double* q) { return DoubleOp(Op::kDivide, x, y, q); });
  } else if (a.type().id == TypeId::kBigint) {
    MapRows(a, b, a.int64s(), b.int64s(), result, valid, [](int64_t x, int64_t y, double* q) {
      if (y != 0) *q = DivideInts(x, y);
      return y != 0;
    });
  } else {
    int a_scale = a.type().scale;
    int b_scale = b.type().scale;
    MapRows(a, b, a.decimals(), b.decimals(), result, valid, [&](Int128 x, Int128 y, double* q) {
      if (y != 0) *q = DivideDecimals(x, a_scale, y, b_scale);
      return y != 0;
    });
  }
  return out;
}

// Integers, and times as integers: the binder has brought both sides to one unit.
bool Int64Op(Op op, Type type, int64_t a, int64_t b, int64_t* out) {
  return IntegerOp(op, a, b, out) && (type.id != TypeId::kDate || IsDate(*out));
}

}  // namespace

Column Arithmetic(Op op, const Column& a, const Column& b, Type type) {
  if (op == Op::kDivide) return Divide(a, b);
  Column out(type, a.size());
  auto valid = out.mutable_valid();
  if (type.id == TypeId::kDouble) {
    MapRows(a, b, a.doubles(), b.doubles(), out.mutable_doubles(), valid,
            [&](double x, double y, double* r) { return DoubleOp(op, x, y, r); });
  } else if (type.id == TypeId::kDecimal) {
    Int128 limit = PowerOfTen(type.precision);
    MapRows(a, b, a.decimals(), b.decimals(), out.mutable_decimals(), valid,
            [&](Int128 x, Int128 y, Int128* r) { return DecimalOp(op, x, y, limit, r); });
  } else {
    MapRows(a, b, a.int64s(), b.int64s(), out.mutable_int64s(), valid,
            [&](int64_t x, int64_t y, int64_t* r) { return Int64Op(op, type, x, y, r); });
  }
  return out;
}

namespace {

bool IntegerFunction(Op op, int64_t a, int64_t* out) {
  bool negate = op == Op::kNegate || (op == Op::kAbs && a < 0);
  if (negate && a == INT64_MIN) return false;
  *out = negate ? -a : a;
  return true;
}

bool DoubleFunction(Op op, double a, double* out) {
  switch (op) {
    case Op::kNegate:
      *out = -a;
      return true;
    case Op::kAbs:
      *out = std::fabs(a);
      return true;
    case Op::kFloor:
      *out = std::floor(a);
      return true;
    case Op::kCeil:
      *out = std::ceil(a);
      return true;
    case Op::kRound:
      *out = std::round(a);  // half away from zero
      return true;
    case Op::kSqrt:
      *out = std::sqrt(a);
      return !(a < 0);
    default:
      return false;
  }
}

// `unit` is 10^scale of the argument; the results of floor, ceil and round have scale 0.
Int128 DecimalFunction(Op op, Int128 a, Int128 unit) {
  Int128 whole = a / unit;
  Int128 rest = a % unit;
  switch (op) {
    case Op::kNegate:
      return -a;
    case Op::kAbs:
      return a < 0 ? -a : a;
    case Op::kFloor:
      return rest < 0 ? whole - 1 : whole;
    case Op::kCeil:
      return rest > 0 ? whole + 1 : whole;
    default:
      if (rest >= unit - rest) return whole + 1;
      return rest <= -unit - rest ? whole - 1 : whole;
  }
}

}  // namespace

Column NumberFunction(Op op, const Column& a, Type type) {
  Column out(type, a.size());
  for (int64_t row = 0; row < a.size(); ++row) {
    if (a.IsNull(row)) continue;
    bool has_result = true;
    if (type.id == TypeId::kDouble) {
      double result = 0;
      has_result = DoubleFunction(op, a.doubles()[row], &result);
      if (has_result) out.mutable_doubles()[row] = result;
    } else if (type.id == TypeId::kDecimal) {
      out.mutable_decimals()[row] =
          DecimalFunction(op, a.decimals()[row], PowerOfTen(a.type().scale));
    } else {
      int64_t result = 0;
      has_result = IntegerFunction(op, a.int64s()[row], &result);
      if (has_result) out.mutable_int64s()[row] = result;
    }
    out.mutable_valid()[row] = has_result ? 1 : 0;
  }
  return out;
}

}  // namespace millpond::kernel
