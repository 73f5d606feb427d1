#include "data/sql/statements/column_type.h"

#include <algorithm>
#include <charconv>
#include <ranges>

#include "base/json.h"

namespace millpond::data {
namespace {

constexpr int kMaxDepth = 50;
constexpr const char* kTexts[] = {"VARCHAR", "CHAR", "CHARACTER", "STRING", "TEXT"};

class TypeParser {
 public:
  TypeParser(TokenCursor& at, const SourceText& source) : at_(at), source_(source) {}

  Result<ColumnType> TakeColumn() {
    MP_ASSIGN_OR_RETURN(DataType type, Take(0));
    return ColumnType{std::move(type), std::move(limits_)};
  }

 private:
  Result<DataType> Take(int depth) {
    if (depth > kMaxDepth) {
      return FailAt(source_, at_.offset(), ErrorKind::kInvalidArgument,
                    "types are nested more than {} deep", kMaxDepth);
    }
    MP_ASSIGN_OR_RETURN(DataType type, TakeWhole(depth));
    while (at_.Accept("[", "]")) {
      type = DataType::Array(std::move(type), true);
      MoveIntoArray();
    }
    return type;
  }

  Result<DataType> TakeWhole(int depth) {
    const size_t offset = at_.offset();
    MP_ASSIGN_OR_RETURN(std::string name, at_.TakeName("a type"));
    if (EqualNames(name, "ARRAY")) return TakeArray(depth);
    if (EqualNames(name, "MAP")) return TakeMap(depth);
    if (EqualNames(name, "STRUCT")) return TakeStruct(depth);
    const bool has_length = !at_.AtEnd() && at_.Peek()->IsPunctuation("(");
    if (has_length &&
        std::ranges::any_of(kTexts, [&](const char* text) { return EqualNames(name, text); })) {
      MP_RETURN_IF_ERROR(TakeLimit(name, offset));
      return DataType(TypeKind::kString);
    }
    if (at_.Accept("(")) {  // DECIMAL(10, 2)
      name += "(" + std::string(at_.TakeUntilSeparator());
      if (at_.Accept(",")) name += "," + std::string(at_.TakeUntilSeparator());
      MP_RETURN_IF_ERROR(at_.Expect(")"));
      name += ")";
    }
    auto type = ParseSqlType(name);
    if (!type) return FailAt(source_, offset, type.error().kind(), "{}", type.error().ToString());
    return type;
  }

  // VARCHAR(10), CHAR(3): the name is read.
  Status TakeLimit(const std::string& name, size_t offset) {
    if (EqualNames(name, "STRING") || EqualNames(name, "TEXT")) {
      return FailAt(source_, offset, ErrorKind::kInvalidArgument,
                    "{} has no length: write VARCHAR(n)", name);
    }
    TextLimit limit{0, !EqualNames(name, "VARCHAR")};
    MP_RETURN_IF_ERROR(at_.Expect("("));
    const std::string_view digits = at_.TakeUntilSeparator();
    const char* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, limit.length);
    if (error != std::errc() || stop != end || limit.length < 1 || limit.length > kMaxTextLength) {
      return FailAt(source_, offset, ErrorKind::kInvalidArgument,
                    "{0} needs a length of 1 to {1} characters: {0}(10)", name, kMaxTextLength);
    }
    MP_RETURN_IF_ERROR(at_.Expect(")"));
    limits_[path_] = limit;
    return OkStatus();
  }

  // The type that was read at the path has become that of an array's elements.
  void MoveIntoArray() {
    TextLimits moved;
    for (const auto& [path, limit] : limits_) {
      ColumnPath to = path;
      if (std::ranges::equal(path_, path | std::views::take(path_.size()))) {
        to.insert(to.begin() + static_cast<int64_t>(path_.size()), "element");
      }
      moved[std::move(to)] = limit;
    }
    limits_ = std::move(moved);
  }

  Result<DataType> TakePart(std::string name, int depth) {
    path_.push_back(std::move(name));
    auto part = Take(depth);
    path_.pop_back();
    return part;
  }

  Result<DataType> TakeArray(int depth) {
    MP_RETURN_IF_ERROR(Open());
    MP_ASSIGN_OR_RETURN(auto element, TakePart("element", depth + 1));
    MP_RETURN_IF_ERROR(Close());
    return DataType::Array(std::move(element), true);
  }

  Result<DataType> TakeMap(int depth) {
    MP_RETURN_IF_ERROR(Open());
    MP_ASSIGN_OR_RETURN(auto key, TakePart("key", depth + 1));
    MP_RETURN_IF_ERROR(at_.Expect(","));
    MP_ASSIGN_OR_RETURN(auto value, TakePart("value", depth + 1));
    MP_RETURN_IF_ERROR(Close());
    return DataType::Map(std::move(key), std::move(value), true);
  }

  Result<DataType> TakeStruct(int depth) {
    MP_RETURN_IF_ERROR(Open());
    std::vector<StructField> fields;
    do {
      StructField field;
      MP_ASSIGN_OR_RETURN(field.name, at_.TakeName("a field"));
      (void)at_.Accept(":");
      MP_ASSIGN_OR_RETURN(field.type, TakePart(field.name, depth + 1));
      if (at_.Accept("NOT", "NULL")) field.nullable = false;
      if (at_.Accept("COMMENT")) {
        MP_ASSIGN_OR_RETURN(const std::string comment, at_.TakeString("a comment"));
        field.metadata["comment"] = DumpJson(Json(comment));
      }
      fields.push_back(std::move(field));
    } while (open_.back() != kHalfClosed && at_.Accept(","));
    MP_RETURN_IF_ERROR(Close());
    return DataType::Struct(std::move(fields));
  }

  // "<" or "(": each is closed by its own. ">>" closes two.
  Status Open() {
    if (at_.Accept("(")) {
      open_.push_back(')');
      return OkStatus();
    }
    MP_RETURN_IF_ERROR(at_.Expect("<"));
    open_.push_back('>');
    return OkStatus();
  }

  Status Close() {
    const char close = open_.back();
    open_.pop_back();
    if (close == kHalfClosed) return OkStatus();
    if (close == ')') return at_.Expect(")");
    if (!open_.empty() && open_.back() == '>' && at_.Accept(">>")) {
      open_.back() = kHalfClosed;
      return OkStatus();
    }
    return at_.Expect(">");
  }

  static constexpr char kHalfClosed = '=';  // by the ">>" that closed what was inside
  TokenCursor& at_;
  const SourceText& source_;
  std::string open_;
  ColumnPath path_;  // to what is being read
  TextLimits limits_;
};

}  // namespace

Result<ColumnType> TakeColumnType(TokenCursor& at, const SourceText& source) {
  return TypeParser(at, source).TakeColumn();
}

Status TakeTypeOf(StructField& field, TokenCursor& at, const SourceText& source) {
  MP_ASSIGN_OR_RETURN(auto taken, TakeColumnType(at, source));
  field.type = std::move(taken.type);
  SetLimitsOnColumn(taken.limits, field);
  return OkStatus();
}

std::string NameText(const std::string& name) {
  const bool plain =
      !name.empty() && !(name[0] >= '0' && name[0] <= '9') && std::ranges::all_of(name, [](char c) {
        return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
               (c >= 'A' && c <= 'Z');
      });
  return plain ? name : QuoteName(name);
}

std::string TypeText(const DataType& type, const TextLimits& limits) {
  const auto part = [&](const DataType& inner, const std::string& name) {
    return TypeText(inner, LimitsWithin(limits, name));
  };
  switch (type.kind()) {
    case TypeKind::kLong:
      return "BIGINT";
    case TypeKind::kInteger:
      return "INT";
    case TypeKind::kShort:
      return "SMALLINT";
    case TypeKind::kByte:
      return "TINYINT";
    case TypeKind::kArray:
      return fmt::format("ARRAY<{}>", part(type.element(), "element"));
    case TypeKind::kMap:
      return fmt::format("MAP<{}, {}>", part(type.key(), "key"), part(type.element(), "value"));
    case TypeKind::kStruct: {
      std::string text = "STRUCT<";
      for (const StructField& field : type.fields()) {
        if (text.back() != '<') text += ", ";
        text += fmt::format("{}: {}{}", NameText(field.name), part(field.type, field.name),
                            field.nullable ? "" : " NOT NULL");
      }
      return text + ">";
    }
    default: {
      const auto limit = limits.find({});
      std::string text = limit == limits.end() ? type.ToString() : ToString(limit->second);
      for (char& c : text) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
      }
      return text;
    }
  }
}

}  // namespace millpond::data
