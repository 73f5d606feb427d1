// Text functions. Texts are UTF-8 bytes; characters are code points, so that no table of Unicode
// data decides a value. lower and upper change ASCII letters only.
#include <algorithm>

#include "kernel/bound_node_internal.h"

namespace millpond::kernel {
namespace {

bool IsContinuation(char c) {
  return (static_cast<uint8_t>(c) & 0xc0) == 0x80;
}

int64_t Length(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return !IsContinuation(c); });
}

// Byte position of the character `index` (from 0), the text's end past the last.
size_t BytePosition(std::string_view text, int64_t index) {
  for (size_t at = 0; at < text.size(); ++at) {
    if (!IsContinuation(text[at]) && index-- == 0) return at;
  }
  return text.size();
}

std::string ChangeCase(Op op, std::string_view text) {
  std::string changed(text);
  for (char& c : changed) {
    if (op == Op::kLower && c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    if (op == Op::kUpper && c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  return changed;
}

// Characters start to start + length - 1, counted from 1; a negative start counts from the end.
std::string_view Substr(std::string_view text, int64_t start, int64_t length) {
  int64_t characters = Length(text);
  start = std::clamp(start, -characters - 1, characters + 1);
  int64_t first = start < 0 ? characters + start : start - 1;
  int64_t end = length > characters - first ? characters : first + length;
  first = std::max<int64_t>(first, 0);
  if (end <= first) return {};
  size_t from = BytePosition(text, first);
  return text.substr(from, BytePosition(text, end) - from);
}

size_t NextCharacter(std::string_view text, size_t at) {
  do {
    ++at;
  } while (at < text.size() && IsContinuation(text[at]));
  return at;
}

// % is any run of characters, _ is one; there is no escape character. After a mismatch the last %
// takes one character more.
bool Like(std::string_view text, std::string_view pattern) {
  size_t t = 0;
  size_t p = 0;
  size_t after_percent = std::string_view::npos;
  size_t taken = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '%') {
      after_percent = ++p;
      taken = t;
    } else if (p < pattern.size() && pattern[p] == '_') {
      ++p;
      t = NextCharacter(text, t);
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (after_percent != std::string_view::npos) {
      p = after_percent;
      taken = NextCharacter(text, taken);
      t = taken;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('%', p) == std::string_view::npos;
}

std::string ConcatRow(std::span<const Column* const> arguments, int64_t row) {
  std::string result;
  for (const Column* argument : arguments) {
    if (!argument->IsNull(row)) result += argument->text(row);
  }
  return result;
}

// One row whose arguments are not NULL (kConcat: may be).
void TextRow(Op op, std::span<const Column* const> arguments, int64_t row, Column* out) {
  std::string_view first = arguments[0]->text(row);
  switch (op) {
    case Op::kLower:
    case Op::kUpper:
      out->SetText(row, ChangeCase(op, first));
      break;
    case Op::kLength:
      out->mutable_int64s()[row] = Length(first);
      break;
    case Op::kLike:
      out->mutable_booleans()[row] = Like(first, arguments[1]->text(row)) ? 1 : 0;
      break;
    case Op::kSubstr: {
      int64_t length = arguments.size() > 2 ? arguments[2]->int64s()[row] : INT64_MAX;
      if (length < 0) return;
      out->SetText(row, std::string(Substr(first, arguments[1]->int64s()[row], length)));
      break;
    }
    default:
      out->SetText(row, ConcatRow(arguments, row));
  }
  out->mutable_valid()[row] = 1;
}

}  // namespace

Column TextFunction(Op op, std::span<const Column* const> arguments, Type type) {
  Column out(type, arguments[0]->size());
  for (int64_t row = 0; row < out.size(); ++row) {
    bool has_null = std::any_of(arguments.begin(), arguments.end(),
                                [&](const Column* argument) { return argument->IsNull(row); });
    if (!has_null || op == Op::kConcat) TextRow(op, arguments, row, &out);
  }
  return out;
}

}  // namespace millpond::kernel
