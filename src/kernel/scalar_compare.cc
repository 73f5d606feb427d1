// Comparisons, three-valued logic and choices. NaN equals NaN and is greater than every number, -0
// equals +0, texts compare by bytes.
#include <cmath>

#include "base/check.h"
#include "kernel/bound_node_internal.h"
#include "kernel/canonical.h"

namespace millpond::kernel {
namespace {

template <typename T>
int Order(T a, T b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

template <>
int Order(double a, double b) {
  if (a < b) return -1;
  if (b < a) return 1;
  if (a == b) return 0;
  return static_cast<int>(std::isnan(a)) - static_cast<int>(std::isnan(b));
}

bool Holds(Op op, int order) {
  switch (op) {
    case Op::kEqual:
    case Op::kIsNotDistinct:
      return order == 0;
    case Op::kNotEqual:
    case Op::kIsDistinct:
      return order != 0;
    case Op::kLess:
      return order < 0;
    case Op::kLessEqual:
      return order <= 0;
    case Op::kGreater:
      return order > 0;
    default:
      return order >= 0;
  }
}

template <typename F>
void CompareRows(Op op, const Column& a, const Column& b, Column* out, F&& order) {
  bool distinct = op == Op::kIsDistinct || op == Op::kIsNotDistinct;
  auto result = out->mutable_booleans();
  auto valid = out->mutable_valid();
  for (int64_t row = 0; row < a.size(); ++row) {
    bool a_null = a.IsNull(row);
    bool b_null = b.IsNull(row);
    if (a_null || b_null) {
      if (!distinct) continue;
      result[row] = (a_null == b_null) == (op == Op::kIsNotDistinct) ? 1 : 0;
    } else {
      result[row] = Holds(op, order(row)) ? 1 : 0;
    }
    valid[row] = 1;
  }
}

template <typename T>
void CompareSpans(Op op, const Column& a, const Column& b, std::span<const T> left,
                  std::span<const T> right, Column* out) {
  CompareRows(op, a, b, out, [&](int64_t row) { return Order<T>(left[row], right[row]); });
}

}  // namespace

Column Comparison(Op op, const Column& a, const Column& b) {
  CHECK(a.type().id == b.type().id && a.type().scale == b.type().scale);
  Column out(kBoolean, a.size());
  switch (a.type().id) {
    case TypeId::kNull:
      CompareRows(op, a, b, &out, [](int64_t) { return 0; });
      break;
    case TypeId::kBoolean:
      CompareSpans(op, a, b, a.booleans(), b.booleans(), &out);
      break;
    case TypeId::kDouble:
      CompareSpans(op, a, b, a.doubles(), b.doubles(), &out);
      break;
    case TypeId::kDecimal:
      CompareSpans(op, a, b, a.decimals(), b.decimals(), &out);
      break;
    case TypeId::kVarchar:
      CompareRows(op, a, b, &out, [&](int64_t row) { return a.text(row).compare(b.text(row)); });
      break;
    default:
      CompareSpans(op, a, b, a.int64s(), b.int64s(), &out);
  }
  return out;
}

Column Connective(Op op, const Column& a, const Column& b) {
  // One argument with the value that decides makes the result certain, whatever the other is.
  uint8_t decides = op == Op::kAnd ? 0 : 1;
  Column out(kBoolean, a.size());
  for (int64_t row = 0; row < a.size(); ++row) {
    bool a_known = !a.IsNull(row);
    bool b_known = !b.IsNull(row);
    bool decided =
        (a_known && a.booleans()[row] == decides) || (b_known && b.booleans()[row] == decides);
    if (!decided && !(a_known && b_known)) continue;
    out.mutable_valid()[row] = 1;
    out.mutable_booleans()[row] = decided ? decides : 1 - decides;
  }
  return out;
}

Column NullTest(Op op, const Column& a) {
  Column out(kBoolean, a.size());
  for (int64_t row = 0; row < a.size(); ++row) {
    out.mutable_valid()[row] = 1;
    out.mutable_booleans()[row] = a.IsNull(row) == (op == Op::kIsNull) ? 1 : 0;
  }
  return out;
}

Column Not(const Column& a) {
  Column out(kBoolean, a.size());
  for (int64_t row = 0; row < a.size(); ++row) {
    if (a.IsNull(row)) continue;
    out.mutable_valid()[row] = 1;
    out.mutable_booleans()[row] = a.booleans()[row] == 0 ? 1 : 0;
  }
  return out;
}

namespace {

// Copies row by row from the argument that `pick` names (null: leave NULL).
template <typename Pick>
Column Gather(Type type, int64_t rows, Pick&& pick) {
  Column out(type, rows);
  for (int64_t row = 0; row < rows; ++row) {
    const Column* from = pick(row);
    if (from != nullptr && !from->IsNull(row)) out.CopyRow(row, *from, row);
  }
  return out;
}

}  // namespace

Column Choose(Op op, std::span<const Column* const> arguments, Type type) {
  return Gather(type, arguments[0]->size(), [&](int64_t row) {
    const Column* best = nullptr;
    for (const Column* argument : arguments) {
      if (argument->IsNull(row)) continue;
      if (best == nullptr) {
        best = argument;
        if (op == Op::kCoalesce) break;
        continue;
      }
      int order = CompareCanonical(*argument, row, *best, row);
      if (op == Op::kGreatest ? order > 0 : order < 0) best = argument;
    }
    return best;
  });
}

Column Case(std::span<const Column* const> arguments, Type type) {
  return Gather(type, arguments[0]->size(), [&](int64_t row) {
    size_t i = 0;
    for (; i + 1 < arguments.size(); i += 2) {
      if (!arguments[i]->IsNull(row) && arguments[i]->booleans()[row] != 0) {
        return arguments[i + 1];
      }
    }
    return arguments[i];
  });
}

}  // namespace millpond::kernel
