// The syntax tree of the kernel's expression language, as written by the user: names unresolved,
// types unknown. The SQL layers above build it from DuckDB's parse tree; feature_view.h resolves
// and types it. It has one printed form (CanonicalText), which hashes are made of.
//
// Everything but columns, literals, casts and aggregates is a call by name. Operators are calls:
//   + - * / % // (with one child, - is negation)   = <> < <= > >=   and or not   ||
//   is_null  is_not_null  is_distinct_from  is_not_distinct_from
//   in(x, a, b, …)   between(x, low, high)   like(text, pattern)
//   case(when, then, when, then, …, [else])
// `x NOT IN …` is not(in(…)), `CASE x WHEN a` is case(=(x, a), …). Functions: see
// docs/kernel/functions.md. Names are without regard to case.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kernel/value.h"

namespace millpond::kernel {

enum class ExprKind { kColumn, kLiteral, kCall, kCast, kAggregate };

struct Expr {
  ExprKind kind = ExprKind::kLiteral;
  std::string name;            // column or alias; function; aggregate
  Value literal;               // kLiteral
  Type cast_type;              // kCast (TRY_CAST and CAST are one: what does not fit is NULL)
  std::vector<Expr> children;  // arguments
  std::vector<Expr> filter;    // kAggregate: FILTER (WHERE …), none or one
  std::string window;          // kAggregate: name of its window
  bool distinct = false;       // kAggregate: f(DISTINCT x)
  int64_t offset = -1;         // byte in the user's text, -1: none
};

Expr ColumnRef(std::string name, int64_t offset = -1);
Expr Literal(Value value, int64_t offset = -1);
Expr Call(std::string name, std::vector<Expr> arguments, int64_t offset = -1);
Expr Cast(Expr argument, Type type, int64_t offset = -1);
// count(*) has no argument.
Expr Aggregate(std::string name, std::vector<Expr> arguments, std::string window,
               std::optional<Expr> filter = {}, int64_t offset = -1);

bool IsAggregateName(std::string_view name);

// Turns a byte offset of the user's text into "file:line:column", for messages.
using Locator = std::function<std::string(int64_t offset)>;

}  // namespace millpond::kernel
