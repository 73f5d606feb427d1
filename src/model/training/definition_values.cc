#include <algorithm>
#include <charconv>
#include <cmath>

#include "model/training/definition_values.h"

namespace millpond::model {

namespace {

std::optional<double> ReadNumber(std::string_view text) {
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Micros> UnitOf(std::string_view unit) {
  if (unit.ends_with('s')) unit.remove_suffix(1);
  if (unit == "day") return kMicrosPerDay;
  if (unit == "hour") return kMicrosPerHour;
  if (unit == "minute") return 60 * kMicrosPerSecond;
  if (unit == "second") return kMicrosPerSecond;
  return std::nullopt;
}

int64_t LineOf(const YamlNode& node) {
  const std::string where = node.Where();
  const size_t last = where.rfind(':');
  const size_t before = last == std::string::npos ? last : where.rfind(':', last - 1);
  int64_t line = 0;
  if (before != std::string::npos) {
    std::from_chars(where.data() + before + 1, where.data() + last, line);
  }
  return line;
}

}  // namespace

Result<Micros> ReadDuration(const YamlNode& node) {
  MP_ASSIGN_OR_RETURN(auto text, node.AsString());
  const size_t blank = text.find(' ');
  const auto number = ReadNumber(std::string_view(text).substr(0, blank));
  if (number && *number == 0 && blank == std::string::npos) return Micros{0};
  const auto unit = blank == std::string::npos
                        ? std::nullopt
                        : UnitOf(std::string_view(text).substr(text.find_first_not_of(' ', blank)));
  if (!number || !unit || !(*number >= 0 && *number <= 36500)) {
    return node.Complain(fmt::format(
        "want a duration such as '90 days', '6 hours' or '30 minutes', found '{}'", text));
  }
  return static_cast<Micros>(*number * static_cast<double>(*unit));
}

Result<Micros> ReadMoment(const YamlNode& node) {
  MP_ASSIGN_OR_RETURN(auto text, node.AsString());
  auto moment = ParseTimestamp(text);
  if (!moment) {
    return node.Complain(fmt::format(
        "want a date or time such as 1997-04-01 or 1997-04-01T06:00:00Z, found '{}'", text));
  }
  return moment;
}

Result<ModelSql> ReadSql(const YamlNode& node, const std::string& file) {
  MP_ASSIGN_OR_RETURN(auto text, node.AsString());
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
    return node.Complain("want a SELECT, found nothing");
  }
  // A block ("|") begins on the line after its mark, a plain scalar on its mark's line.
  const bool block = text.ends_with('\n') || text.find('\n') != std::string::npos;
  const int64_t lines = std::max<int64_t>(0, LineOf(node) - (block ? 0 : 1));
  return ModelSql{file, std::string(static_cast<size_t>(lines), '\n') + text};
}

Result<SplitPart> ReadSplitPart(const YamlNode& node) {
  SplitPart part;
  if (node.IsSequence()) {
    MP_ASSIGN_OR_RETURN(auto items, node.AsList());
    for (const auto& item : items) {
      MP_ASSIGN_OR_RETURN(part.moments.emplace_back(), ReadMoment(item));
    }
    std::ranges::sort(part.moments);
    if (part.moments.empty()) return node.Complain("want at least one T");
    if (std::ranges::adjacent_find(part.moments) != part.moments.end()) {
      return node.Complain("a T stands here twice");
    }
    return part;
  }
  if (!node.IsMapping()) {
    MP_ASSIGN_OR_RETURN(auto text, node.AsString());
    return node.Complain(
        fmt::format("want a list of T such as [1997-04-01, 1997-05-01], or {{from: T, to: T}}, "
                    "found '{}'; one T is a list too: [{}]",
                    text, text));
  }
  MP_ASSIGN_OR_RETURN(auto reader, MappingReader::Open(node));
  MP_ASSIGN_OR_RETURN(auto from, reader.Require("from"));
  MP_ASSIGN_OR_RETURN(auto to, reader.Require("to"));
  MP_ASSIGN_OR_RETURN(part.from, ReadMoment(from));
  MP_ASSIGN_OR_RETURN(part.to, ReadMoment(to));
  MP_RETURN_IF_ERROR(reader.Finish());
  if (*part.from >= *part.to) return to.Complain("'to' must be later than 'from'");
  return part;
}

Result<TopK> ReadTopK(const YamlNode& node) {
  MP_ASSIGN_OR_RETURN(auto text, node.AsString());
  const bool share = text.ends_with('%');
  const auto number = ReadNumber(std::string_view(text).substr(0, text.size() - (share ? 1 : 0)));
  if (!number || !std::isfinite(*number) || *number <= 0 || (share && *number > 100)) {
    return node.Complain(fmt::format("want a number of rows or a share like 5%, found '{}'", text));
  }
  return TopK{share ? *number / 100 : *number, share};
}

Result<Json> ReadJson(const YamlNode& node) {
  if (node.IsSequence()) {
    Json list = Json::array();
    MP_ASSIGN_OR_RETURN(auto items, node.AsList());
    for (const auto& item : items) {
      MP_ASSIGN_OR_RETURN(auto value, ReadJson(item));
      list.push_back(std::move(value));
    }
    return list;
  }
  if (node.IsMapping()) {
    Json object = Json::object();
    MP_ASSIGN_OR_RETURN(auto entries, node.AsMapping());
    for (const auto& [key, child] : entries) {
      MP_ASSIGN_OR_RETURN(object[key], ReadJson(child));
    }
    return object;
  }
  if (node.IsNull()) return Json();
  MP_ASSIGN_OR_RETURN(auto text, node.AsString());
  if (node.IsQuoted()) return Json(text);
  if (auto whole = node.AsInt()) return Json(*whole);
  if (auto number = ReadNumber(text)) return Json(*number);
  if (text == "true" || text == "false") return Json(text == "true");
  return Json(text);
}

Result<std::vector<std::string>> ReadNames(const YamlNode& node) {
  std::vector<std::string> names;
  if (node.IsScalar()) {
    MP_ASSIGN_OR_RETURN(names.emplace_back(), node.AsString());
    return names;
  }
  MP_ASSIGN_OR_RETURN(auto items, node.AsList());
  for (const auto& item : items) {
    MP_ASSIGN_OR_RETURN(auto name, item.AsString());
    if (std::ranges::find(names, name) != names.end()) {
      return item.Complain(fmt::format("'{}' stands here twice", name));
    }
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace millpond::model
