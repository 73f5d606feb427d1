#include "platform/features/aggregate_names.h"

#include <array>
#include <utility>

namespace millpond::platform {
namespace {

struct HiddenName {
  std::string_view keyword, shown, hidden;
};
constexpr std::array<HiddenName, 4> kNames = {{
    {"FIRST", "first", "f1rst"},
    {"LAST", "last", "l4st"},
    {"FIRST_VALUE", "first_value", "f1rst_value"},
    {"LAST_VALUE", "last_value", "l4st_value"},
}};

}  // namespace

data::SourceText HideWindowFunctions(const data::SourceText& source,
                                     const std::vector<data::Token>& tokens, size_t begin) {
  std::string text(source.text());
  for (size_t i = begin; i + 1 < tokens.size(); ++i) {
    if (!tokens[i + 1].IsPunctuation("(")) continue;
    for (const HiddenName& name : kNames) {
      if (tokens[i].Is(name.keyword)) {
        text.replace(tokens[i].offset, name.hidden.size(), name.hidden);
      }
    }
  }
  return {source.file(), std::move(text)};
}

std::string ShownName(const std::string& name) {
  for (const HiddenName& known : kNames) {
    if (name == known.hidden) return std::string(known.shown);
  }
  return name;
}

}  // namespace millpond::platform
