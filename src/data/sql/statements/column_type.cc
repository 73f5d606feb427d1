#include "data/sql/statements/column_type.h"

#include <algorithm>

#include "base/json.h"

namespace millpond::data {
namespace {

constexpr int kMaxDepth = 50;
constexpr const char* kWithLength[] = {"VARCHAR", "CHAR", "CHARACTER", "STRING", "TEXT"};

class TypeParser {
 public:
  TypeParser(TokenCursor& at, const SourceText& source) : at_(at), source_(source) {}

  Result<DataType> Take(int depth = 0) {
    if (depth > kMaxDepth) {
      return FailAt(source_, at_.offset(), ErrorKind::kInvalidArgument,
                    "types are nested more than {} deep", kMaxDepth);
    }
    MP_ASSIGN_OR_RETURN(DataType type, TakeWhole(depth));
    while (at_.Accept("[", "]")) type = DataType::Array(std::move(type), true);
    return type;
  }

 private:
  Result<DataType> TakeWhole(int depth) {
    const size_t offset = at_.offset();
    MP_ASSIGN_OR_RETURN(std::string name, at_.TakeName("a type"));
    if (EqualNames(name, "ARRAY")) return TakeArray(depth);
    if (EqualNames(name, "MAP")) return TakeMap(depth);
    if (EqualNames(name, "STRUCT")) return TakeStruct(depth);
    const bool has_length = !at_.AtEnd() && at_.Peek()->IsPunctuation("(");
    if (has_length && std::ranges::any_of(
                          kWithLength, [&](const char* type) { return EqualNames(name, type); })) {
      return FailAt(source_, offset, ErrorKind::kUnsupported,
                    "a Delta table's texts have no length, so {}(…) would not keep it: write "
                    "STRING, and CHECK (length(column) <= n) where the length matters",
                    name);
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

  Result<DataType> TakeArray(int depth) {
    MP_RETURN_IF_ERROR(Open());
    MP_ASSIGN_OR_RETURN(auto element, Take(depth + 1));
    MP_RETURN_IF_ERROR(Close());
    return DataType::Array(std::move(element), true);
  }

  Result<DataType> TakeMap(int depth) {
    MP_RETURN_IF_ERROR(Open());
    MP_ASSIGN_OR_RETURN(auto key, Take(depth + 1));
    MP_RETURN_IF_ERROR(at_.Expect(","));
    MP_ASSIGN_OR_RETURN(auto value, Take(depth + 1));
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
      MP_ASSIGN_OR_RETURN(field.type, Take(depth + 1));
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
};

}  // namespace

Result<DataType> TakeColumnType(TokenCursor& at, const SourceText& source) {
  return TypeParser(at, source).Take();
}

std::string NameText(const std::string& name) {
  const bool plain =
      !name.empty() && !(name[0] >= '0' && name[0] <= '9') && std::ranges::all_of(name, [](char c) {
        return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
               (c >= 'A' && c <= 'Z');
      });
  return plain ? name : QuoteName(name);
}

std::string TypeText(const DataType& type) {
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
      return fmt::format("ARRAY<{}>", TypeText(type.element()));
    case TypeKind::kMap:
      return fmt::format("MAP<{}, {}>", TypeText(type.key()), TypeText(type.element()));
    case TypeKind::kStruct: {
      std::string text = "STRUCT<";
      for (const StructField& field : type.fields()) {
        if (text.back() != '<') text += ", ";
        text += fmt::format("{}: {}{}", NameText(field.name), TypeText(field.type),
                            field.nullable ? "" : " NOT NULL");
      }
      return text + ">";
    }
    default: {
      std::string text = type.ToString();
      for (char& c : text) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
      }
      return text;
    }
  }
}

}  // namespace millpond::data
