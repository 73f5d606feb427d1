#include <charconv>

#include "data/delta/metadata/type_string_internal.h"

namespace millpond::data {
namespace {

constexpr int kMaxDepth = 100;

class TypeStringReader {
 public:
  explicit TypeStringReader(std::string_view text) : text_(text) {}

  // nullopt: it is no type.
  std::optional<TextLimits> Read() {
    if (!TakeType(0) || Next() != '\0') return std::nullopt;
    return std::move(limits_);
  }

 private:
  char Next() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  bool Accept(char c) {
    if (Next() != c) return false;
    ++at_;
    return true;
  }

  std::string_view TakeWord() {
    (void)Next();
    const size_t begin = at_;
    while (at_ < text_.size() && IsTypeWordByte(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  bool TakeType(int depth) {
    if (depth > kMaxDepth) return false;
    const std::string_view word = TakeWord();
    if (EqualNames(word, "array")) {
      return Accept('<') && TakePart("element", depth) && Accept('>');
    }
    if (EqualNames(word, "map")) {
      return Accept('<') && TakePart("key", depth) && Accept(',') && TakePart("value", depth) &&
             Accept('>');
    }
    if (EqualNames(word, "struct")) return TakeFields(depth);
    const bool is_char = EqualNames(word, "char") || EqualNames(word, "character");
    if ((is_char || EqualNames(word, "varchar")) && !TakeLimit(is_char)) return false;
    return !word.empty() && SkipRest();
  }

  bool TakePart(std::string name, int depth) {
    path_.push_back(std::move(name));
    const bool taken = TakeType(depth + 1);
    path_.pop_back();
    return taken;
  }

  bool TakeFields(int depth) {
    if (!Accept('<')) return false;
    if (Accept('>')) return true;
    do {
      const auto name = TakeName();
      if (!name || !Accept(':') || !TakePart(*name, depth) || !SkipRest()) return false;
    } while (Accept(','));
    return Accept('>');
  }

  std::optional<std::string> TakeName() {
    std::string name;
    if (!Accept('`')) {
      const size_t end = text_.find(':', at_);
      if (end == std::string_view::npos) return std::nullopt;
      name = text_.substr(at_, end - at_);
      at_ = end;
      return name;
    }
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == '`') {
        ++at_;
        if (at_ == text_.size() || text_[at_] != '`') return name;
      }
      name += text_[at_];
    }
    return std::nullopt;
  }

  bool TakeLimit(bool is_char) {
    if (!Accept('(')) return false;
    const std::string_view digits = TakeWord();
    TextLimit limit{0, is_char};
    const char* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, limit.length);
    if (digits.empty() || error != std::errc() || stop != end || !Accept(')')) return false;
    if (limit.length < 0 || limit.length > kMaxTextLength) return false;
    limits_[path_] = limit;
    return true;
  }

  // "(10,2)", " NOT NULL", " COMMENT 'a, b'", up to what follows the type.
  bool SkipRest() {
    int open = 0;
    bool quoted = false;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\'') quoted = !quoted;
      if (quoted) continue;
      if (open == 0 && (c == ',' || c == '>')) return true;
      if (c == '(') ++open;
      if (c == ')') --open;
    }
    return open == 0 && !quoted;
  }

  std::string_view text_;
  size_t at_ = 0;
  ColumnPath path_;
  TextLimits limits_;
};

}  // namespace

std::optional<TextLimits> LimitsInTypeString(std::string_view text) {
  return TypeStringReader(text).Read();
}

}  // namespace millpond::data
