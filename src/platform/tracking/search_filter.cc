#include "platform/tracking/search_filter.h"

#include <array>
#include <cctype>
#include <charconv>
#include <optional>
#include <utility>

namespace millpond::platform {

namespace {

constexpr size_t kMaxFilter = 64 << 10;
constexpr size_t kMaxClauses = 100;
constexpr size_t kMaxListed = 1000;

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

bool IsSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool IsKeyCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || static_cast<unsigned char>(c) >= 0x80 ||
         c == '_' || c == '.' || c == '-' || c == '/';
}

std::optional<SearchEntity> EntityOf(std::string_view word) {
  static constexpr std::array<std::pair<std::string_view, SearchEntity>, 14> kEntities = {{
      {"metric", SearchEntity::kMetric},
      {"metrics", SearchEntity::kMetric},
      {"parameter", SearchEntity::kParam},
      {"parameters", SearchEntity::kParam},
      {"param", SearchEntity::kParam},
      {"params", SearchEntity::kParam},
      {"tag", SearchEntity::kTag},
      {"tags", SearchEntity::kTag},
      {"attribute", SearchEntity::kAttribute},
      {"attributes", SearchEntity::kAttribute},
      {"attr", SearchEntity::kAttribute},
      {"run", SearchEntity::kAttribute},
      {"dataset", SearchEntity::kDataset},
      {"datasets", SearchEntity::kDataset},
  }};
  for (const auto& [name, entity] : kEntities) {
    if (name == word) return entity;
  }
  return std::nullopt;
}

// Reads one text from left to right.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  size_t at() const { return at_; }
  size_t place() const { return at_ + 1; }
  void BackTo(size_t at) { at_ = at; }

  bool AtEnd() {
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
    return at_ == text_.size();
  }
  char Peek() { return AtEnd() ? '\0' : text_[at_]; }
  bool Take(char c) {
    if (Peek() != c) return false;
    ++at_;
    return true;
  }
  // Takes a word of letters if it is this one (lower case).
  bool TakeWord(std::string_view word) {
    if (AtEnd()) return false;
    size_t end = at_;
    while (end < text_.size() && std::isalpha(static_cast<unsigned char>(text_[end]))) ++end;
    if (Lower(text_.substr(at_, end - at_)) != word) return false;
    if (end < text_.size() && IsKeyCharacter(text_[end])) return false;
    at_ = end;
    return true;
  }
  // What follows, for a message: to the next blank, at most 40 characters.
  std::string Found() {
    if (AtEnd()) return "the end";
    size_t end = at_;
    while (end < text_.size() && !IsSpace(text_[end]) && end - at_ < 40) ++end;
    return fmt::format("'{}'", text_.substr(at_, end - at_));
  }

  std::string TakeWhile(bool (*accept)(char)) {
    const size_t from = at_;
    while (at_ < text_.size() && accept(text_[at_])) ++at_;
    return std::string(text_.substr(from, at_ - from));
  }
  // A text in these quotes; twice the quote inside is one. The reader stands at the first quote.
  Result<std::string> TakeQuoted() {
    const size_t from = place();
    const char quote = text_[at_++];
    std::string out;
    while (at_ < text_.size()) {
      if (text_[at_] == quote) {
        if (at_ + 1 == text_.size() || text_[at_ + 1] != quote) {
          ++at_;
          return out;
        }
        ++at_;
      }
      out += text_[at_++];
    }
    return Fail(ErrorKind::kInvalidArgument,
                "Invalid filter: the quote {} at character {} is not closed", quote, from);
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

std::unexpected<Error> FailPlace(Reader& reader, std::string_view what) {
  return Fail(ErrorKind::kInvalidArgument, "{} (at character {})", what, reader.place());
}

struct Identifier {
  SearchEntity entity = SearchEntity::kAttribute;
  std::string key;
};

// The key after its entity, bare or quoted.
Result<std::string> ReadKey(Reader& reader) {
  const char first = reader.Peek();
  if (first == '`' || first == '"') return reader.TakeQuoted();
  std::string key = reader.TakeWhile(IsKeyCharacter);
  if (key.empty()) {
    return FailPlace(
        reader,
        fmt::format("Invalid comparison clause. Expected 'Identifier' found {}", reader.Found()));
  }
  return key;
}

Result<Identifier> ReadIdentifier(Reader& reader) {
  const char first = reader.Peek();
  const size_t start = reader.at();
  if (first == '`' || first == '"') {
    MP_ASSIGN_OR_RETURN(std::string quoted, reader.TakeQuoted());
    if (reader.Peek() != '.') return Identifier{SearchEntity::kAttribute, std::move(quoted)};
    reader.BackTo(start + 1);  // `metrics`.x
    std::string word =
        reader.TakeWhile([](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; });
    const auto entity = EntityOf(word);
    if (!entity || word != quoted) {
      reader.BackTo(start);
      return FailPlace(reader, fmt::format("Invalid entity type '{}'. Valid values are ['metric', "
                                           "'parameter', 'tag', 'attribute', 'dataset']",
                                           quoted));
    }
    (void)reader.Take(first);
    (void)reader.Take('.');
    MP_ASSIGN_OR_RETURN(auto key, ReadKey(reader));
    return Identifier{*entity, std::move(key)};
  }
  MP_ASSIGN_OR_RETURN(std::string bare, ReadKey(reader));
  const size_t dot = bare.find('.');
  if (dot == bare.npos) return Identifier{SearchEntity::kAttribute, std::move(bare)};
  const std::string word = bare.substr(0, dot);
  const auto entity = EntityOf(word);
  if (!entity) {
    reader.BackTo(start);
    return FailPlace(reader, fmt::format("Invalid entity type '{}'. Valid values are ['metric', "
                                         "'parameter', 'tag', 'attribute', 'dataset']",
                                         word));
  }
  std::string key = bare.substr(dot + 1);
  if (key.empty()) {
    MP_ASSIGN_OR_RETURN(key, ReadKey(reader));
  }
  return Identifier{*entity, std::move(key)};
}

Result<Comparison> ReadComparison(Reader& reader) {
  if (reader.Take('=')) {
    (void)reader.Take('=');
    return Comparison::kEqual;
  }
  if (reader.Take('!')) {
    if (reader.Take('=')) return Comparison::kNotEqual;
  } else if (reader.Take('<')) {
    if (reader.Take('>')) return Comparison::kNotEqual;
    return reader.Take('=') ? Comparison::kLessEqual : Comparison::kLess;
  } else if (reader.Take('>')) {
    return reader.Take('=') ? Comparison::kGreaterEqual : Comparison::kGreater;
  } else if (reader.TakeWord("like")) {
    return Comparison::kLike;
  } else if (reader.TakeWord("ilike")) {
    return Comparison::kIlike;
  } else if (reader.TakeWord("in")) {
    return Comparison::kIn;
  } else if (reader.TakeWord("not")) {
    if (reader.TakeWord("in")) return Comparison::kNotIn;
  } else if (reader.TakeWord("is")) {
    const bool negated = reader.TakeWord("not");
    if (reader.TakeWord("null")) return negated ? Comparison::kIsNotNull : Comparison::kIsNull;
  }
  return FailPlace(
      reader, fmt::format("Invalid comparison clause. Expected a comparison (=, !=, >, >=, <, <=, "
                          "LIKE, ILIKE, IN, NOT IN, IS NULL, IS NOT NULL), found {}",
                          reader.Found()));
}

Status ReadNumber(Reader& reader, SearchClause& clause) {
  const size_t start = reader.at();
  const std::string text = reader.TakeWhile([](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '+' || c == '-';
  });
  const std::string_view digits = std::string_view(text).substr(text.starts_with('+') ? 1 : 0);
  const char* end = digits.data() + digits.size();
  int64_t whole = 0;
  if (auto [stopped, error] = std::from_chars(digits.data(), end, whole);
      error == std::errc() && stopped == end) {
    clause.value = whole;
    return OkStatus();
  }
  double number = 0;
  const bool numeric = !digits.empty() && digits.find_first_of("0123456789") != digits.npos;
  if (auto [stopped, error] = std::from_chars(digits.data(), end, number);
      numeric && error == std::errc() && stopped == end) {
    clause.value = number;
    return OkStatus();
  }
  reader.BackTo(start);
  return FailPlace(reader,
                   fmt::format("Invalid comparison clause. Expected a number or a quoted string "
                               "value (e.g. 'my-value'), found {}",
                               reader.Found()));
}

Status ReadList(Reader& reader, SearchClause& clause) {
  const auto ill_formed = [&] {
    return FailPlace(reader,
                     "While parsing a list in the query, expected a non-empty list of string "
                     "values, but got ill-formed list.");
  };
  if (!reader.Take('(')) return ill_formed();
  std::vector<std::string> listed;
  do {
    if (!listed.empty() && reader.Peek() == ')') break;  // ('a',)
    if (reader.Peek() != '\'' && reader.Peek() != '"') return ill_formed();
    MP_ASSIGN_OR_RETURN(auto value, reader.TakeQuoted());
    listed.push_back(std::move(value));
    if (listed.size() > kMaxListed) {
      return FailPlace(reader, fmt::format("A list may hold at most {} values", kMaxListed));
    }
  } while (reader.Take(','));
  if (!reader.Take(')')) return ill_formed();
  clause.value = std::move(listed);
  return OkStatus();
}

Result<SearchClause> ReadClause(Reader& reader) {
  (void)reader.AtEnd();
  SearchClause clause{.position = reader.place()};
  MP_ASSIGN_OR_RETURN(auto identifier, ReadIdentifier(reader));
  clause.entity = identifier.entity;
  clause.key = std::move(identifier.key);
  MP_ASSIGN_OR_RETURN(clause.comparison, ReadComparison(reader));
  switch (clause.comparison) {
    case Comparison::kIsNull:
    case Comparison::kIsNotNull:
      return clause;
    case Comparison::kIn:
    case Comparison::kNotIn:
      MP_RETURN_IF_ERROR(ReadList(reader, clause));
      return clause;
    default:
      break;
  }
  if (reader.Peek() == '\'' || reader.Peek() == '"') {
    MP_ASSIGN_OR_RETURN(clause.value, reader.TakeQuoted());
  } else {
    MP_RETURN_IF_ERROR(ReadNumber(reader, clause));
  }
  return clause;
}

}  // namespace

std::string_view ToString(SearchEntity entity) {
  switch (entity) {
    case SearchEntity::kAttribute:
      return "attribute";
    case SearchEntity::kMetric:
      return "metric";
    case SearchEntity::kParam:
      return "parameter";
    case SearchEntity::kTag:
      return "tag";
    case SearchEntity::kDataset:
      return "dataset";
  }
  return "?";
}

std::string_view ToString(Comparison comparison) {
  static constexpr std::array<std::string_view, 12> kTexts = {
      "=", "!=", ">", ">=", "<", "<=", "LIKE", "ILIKE", "IN", "NOT IN", "IS NULL", "IS NOT NULL"};
  return kTexts[static_cast<size_t>(comparison)];
}

Result<std::vector<SearchClause>> ParseSearchFilter(std::string_view filter) {
  if (filter.size() > kMaxFilter) {
    return Fail(ErrorKind::kInvalidArgument, "A filter may hold at most {} bytes, this one has {}",
                kMaxFilter, filter.size());
  }
  Reader reader(filter);
  std::vector<SearchClause> clauses;
  if (reader.AtEnd()) return clauses;
  while (true) {
    MP_ASSIGN_OR_RETURN(auto clause, ReadClause(reader));
    clauses.push_back(std::move(clause));
    if (reader.AtEnd()) return clauses;
    if (clauses.size() == kMaxClauses) {
      return FailPlace(reader, fmt::format("A filter may hold at most {} clauses", kMaxClauses));
    }
    if (!reader.TakeWord("and")) {
      return FailPlace(reader, fmt::format("Invalid clause(s) in filter string: {}. Comparisons "
                                           "are joined by AND",
                                           reader.Found()));
    }
  }
}

Result<SearchOrder> ParseSearchOrder(std::string_view text) {
  Reader reader(text);
  if (text.size() > kMaxFilter || reader.AtEnd()) {
    return Fail(ErrorKind::kInvalidArgument, "Invalid order_by clause '{}'. Could not be parsed.",
                text.substr(0, 80));
  }
  MP_ASSIGN_OR_RETURN(auto identifier, ReadIdentifier(reader));
  SearchOrder order{.entity = identifier.entity, .key = std::move(identifier.key)};
  if (reader.AtEnd()) return order;
  if (reader.TakeWord("desc")) {
    order.ascending = false;
  } else if (!reader.TakeWord("asc")) {
    return Fail(ErrorKind::kInvalidArgument,
                "Invalid ordering key in order_by clause '{}' (at character {}).", text,
                reader.place());
  }
  if (reader.AtEnd()) return order;
  return Fail(ErrorKind::kInvalidArgument,
              "Invalid order_by clause '{}'. Could not be parsed (at character {}).", text,
              reader.place());
}

}  // namespace millpond::platform
