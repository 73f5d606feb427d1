#include "base/s3/ini_file.h"

#include <algorithm>

namespace millpond {
namespace {

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r");
  if (begin == text.npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

std::string LowerCase(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// " # why" at the end of a value; "a#b" is a value.
std::string_view WithoutComment(std::string_view value) {
  for (const std::string_view mark : {" #", " ;", "\t#", "\t;"}) {
    value = value.substr(0, value.find(mark));
  }
  return Trim(value);
}

}  // namespace

Result<IniFile> ParseIniFile(std::string_view text, std::string_view source) {
  IniFile file;
  IniSection* section = nullptr;
  std::string parent;  // of indented lines
  for (int number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string_view bare = Trim(line);
    if (bare.empty() || bare.front() == '#' || bare.front() == ';') continue;
    if (bare.front() == '[') {
      const size_t close = bare.find(']');
      if (close == bare.npos) {
        return Fail(ErrorKind::kInvalidArgument, "{}:{}: a section's name lacks its ']'", source,
                    number);
      }
      section = &file[std::string(Trim(bare.substr(1, close - 1)))];
      parent.clear();
      continue;
    }
    const size_t equals = bare.find('=');
    if (equals == bare.npos || equals == 0 || section == nullptr) {
      return Fail(ErrorKind::kInvalidArgument, "{}:{}: want 'name = value' below a '[section]'",
                  source, number);
    }
    std::string name = LowerCase(Trim(bare.substr(0, equals)));
    const std::string_view value = WithoutComment(Trim(bare.substr(equals + 1)));
    const bool is_nested = (line.front() == ' ' || line.front() == '\t') && !parent.empty();
    if (is_nested) {
      name = parent + "." + name;
    } else {
      parent = value.empty() ? name : "";
    }
    (*section)[name] = value;
  }
  return file;
}

}  // namespace millpond
