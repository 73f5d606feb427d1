#include "data/delta/rows/statistics.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include <charconv>
#include <cmath>
#include <set>

#include "base/clock.h"
#include "base/json.h"
#include "data/arrow/status.h"
#include "data/delta/metadata/column_mapping.h"
#include "data/delta/metadata/properties.h"
#include "data/delta/metadata/protocol.h"
#include "data/delta/rows/array_range.h"

namespace millpond::data {
namespace {

constexpr int kDefaultIndexedColumns = 32;
constexpr size_t kTextLimit = 32;

bool HasBounds(TypeKind kind) {
  return kind < TypeKind::kStruct && kind != TypeKind::kBoolean && kind != TypeKind::kBinary;
}

bool Less(const ColumnValue& a, const ColumnValue& b) {
  if (const auto* decimal = std::get_if<DecimalValue>(&a)) {
    return decimal->unscaled < std::get<DecimalValue>(b).unscaled;
  }
  if (const auto* text = std::get_if<std::string>(&a)) return *text < std::get<std::string>(b);
  if (const auto* number = std::get_if<double>(&a)) return *number < std::get<double>(b);
  return std::get<int64_t>(a) < std::get<int64_t>(b);
}

// The text of a JSON number or string for one bound; "" if the bound cannot be written.
std::string BoundText(const ColumnValue& value, const DataType& type, bool is_max) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    auto cut = is_max ? RoundUpText(*text, kTextLimit) : CutText(*text, kTextLimit);
    return cut ? DumpJson(Json(*cut)) : "";
  }
  if (const auto* decimal = std::get_if<DecimalValue>(&value)) {
    return FormatDecimal(decimal->unscaled, type.scale());
  }
  if (const auto* number = std::get_if<double>(&value)) {
    if (!std::isfinite(*number)) return "";
    // -0.0 and 0.0 are equal in a comparison, but readers may order them by their bits.
    double written = *number == 0 ? (is_max ? 0.0 : -0.0) : *number;
    std::string text = type.kind() == TypeKind::kFloat
                           ? fmt::format("{}", static_cast<float>(written))
                           : fmt::format("{}", written);
    return text.find_first_of(".e") == text.npos ? text + ".0" : text;
  }
  int64_t number = std::get<int64_t>(value);
  if (type.kind() == TypeKind::kDate) {
    return fmt::format("\"{}\"", FormatDate(static_cast<int32_t>(number)));
  }
  if (type.kind() == TypeKind::kTimestamp || type.kind() == TypeKind::kTimestampNtz) {
    int64_t down = number - ((number % 1000) + 1000) % 1000;  // towards the past
    std::string text = FormatTimestamp(down);                 // …:ss.mmm000Z
    text.resize(text.size() - 4);
    return fmt::format("\"{}{}\"", text, type.kind() == TypeKind::kTimestamp ? "Z" : "");
  }
  return fmt::format("{}", number);
}

}  // namespace

std::string CutText(const std::string& text, size_t limit) {
  size_t points = 0, end = 0;
  while (end < text.size() && points < limit) {
    ++end;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
    ++points;
  }
  return text.substr(0, end);
}

std::optional<std::string> RoundUpText(const std::string& text, size_t limit) {
  std::string cut = CutText(text, limit);
  if (cut.size() == text.size()) return text;
  // U+10FFFF is above every character that a longer text may go on with, as Spark does it; where
  // it could itself stand in the text, a second one would be needed, so no bound is given then.
  static constexpr std::string_view kGreatest = "\xF4\x8F\xBF\xBF";
  if (text.compare(cut.size(), kGreatest.size(), kGreatest) == 0) return std::nullopt;
  return cut + std::string(kGreatest);
}

struct StatsCollector::Node {
  std::string name;
  DataType type;
  bool indexed = false;  // counts towards the columns with statistics
  int64_t nulls = 0;
  bool nan = false;
  ColumnValue min, max;
  std::vector<Node> children;  // of a struct

  Status Update(const arrow::Array& array) {
    if (type.kind() == TypeKind::kStruct) {
      const auto& node = static_cast<const arrow::StructArray&>(array);
      for (size_t i = 0; i < children.size(); ++i) {
        MP_ARROW_ASSIGN_OR_RETURN(auto child, node.GetFlattenedField(static_cast<int>(i)));
        MP_RETURN_IF_ERROR(children[i].Update(*child));
      }
      return OkStatus();
    }
    if (!indexed) return OkStatus();
    nulls += array.null_count();
    if (nan || !HasBounds(type.kind())) return OkStatus();
    ArrayRange range = RangeOf(array);
    nan = range.nan;
    if (!HasValue(range.min)) return OkStatus();
    if (!HasValue(min) || Less(range.min, min)) min = std::move(range.min);
    if (!HasValue(max) || Less(max, range.max)) max = std::move(range.max);
    return OkStatus();
  }

  enum class Section { kMin, kMax, kNulls };

  // "name":… for one section, "" if there is nothing to say.
  std::string ToJson(Section section) const {
    std::string body;
    if (type.kind() == TypeKind::kStruct) {
      body = ObjectOf(children, section);
      if (body == "{}") return "";
    } else if (!indexed) {
      return "";
    } else if (section == Section::kNulls) {
      body = fmt::format("{}", nulls);
    } else if (nan || !HasValue(min)) {
      return "";
    } else {
      bool is_max = section == Section::kMax;
      body = BoundText(is_max ? max : min, type, is_max);
      if (body.empty()) return "";
    }
    return DumpJson(Json(name)) + ":" + body;
  }

  static std::string ObjectOf(const std::vector<Node>& nodes, Section section) {
    std::string body = "{";
    for (const auto& node : nodes) {
      std::string entry = node.ToJson(section);
      if (entry.empty()) continue;
      if (body.size() > 1) body += ',';
      body += entry;
    }
    return body + "}";
  }

  // Marks the leaves that get statistics: those named, or the first `*left`.
  static Node Make(const StructField& field, const std::string& prefix,
                   const std::optional<std::set<std::string>>& named, bool inherited, int* left) {
    Node node;
    node.name = PhysicalName(field);
    node.type = field.type;
    std::string path = prefix + field.name;
    bool wanted = inherited || (named && named->contains(path));
    if (field.type.kind() == TypeKind::kStruct) {
      for (const auto& child : field.type.fields()) {
        node.children.push_back(Make(child, path + ".", named, wanted, left));
      }
      return node;
    }
    node.indexed = named ? wanted : *left != 0;
    if (!named && *left > 0) --*left;
    return node;
  }
};

StatsCollector::~StatsCollector() = default;
StatsCollector::StatsCollector(StatsCollector&&) noexcept = default;
StatsCollector& StatsCollector::operator=(StatsCollector&&) noexcept = default;

StatsCollector::StatsCollector(const Schema& columns, const StringMap& table_properties) {
  int left = kDefaultIndexedColumns;
  if (auto count = table_properties.find(property::kIndexedColumns);
      count != table_properties.end()) {
    // -1 means all columns.
    (void)std::from_chars(count->second.data(), count->second.data() + count->second.size(), left);
  }
  std::optional<std::set<std::string>> named;
  if (auto list = table_properties.find(property::kStatsColumns); list != table_properties.end()) {
    const auto names = ParseColumnList(list->second);
    named.emplace(names.begin(), names.end());
  }
  for (const auto& field : columns.fields()) {
    nodes_.push_back(Node::Make(field, "", named, false, &left));
  }
}

Status StatsCollector::Update(const arrow::RecordBatch& batch) {
  num_records_ += batch.num_rows();
  for (size_t i = 0; i < nodes_.size(); ++i) {
    MP_RETURN_IF_ERROR(nodes_[i].Update(*batch.column(static_cast<int>(i))));
  }
  return OkStatus();
}

std::string StatsCollector::ToJson() const {
  using Section = Node::Section;
  return fmt::format(R"({{"numRecords":{},"minValues":{},"maxValues":{},"nullCount":{}}})",
                     num_records_, Node::ObjectOf(nodes_, Section::kMin),
                     Node::ObjectOf(nodes_, Section::kMax),
                     Node::ObjectOf(nodes_, Section::kNulls));
}

}  // namespace millpond::data
