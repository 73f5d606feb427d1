#include "kernel/encoder.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "base/json.h"
#include "base/sha256.h"
#include "kernel/exact_math.h"

namespace millpond::kernel {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr double kLargest = std::numeric_limits<float>::max();

std::string_view NameOf(EncodingKind kind) {
  switch (kind) {
    case EncodingKind::kNumber:
      return "number";
    case EncodingKind::kBoolean:
      return "boolean";
    case EncodingKind::kCategory:
      return "category";
  }
  return "number";
}

Result<EncodingKind> KindFor(const std::string& name, Type type) {
  if (IsNumeric(type)) return EncodingKind::kNumber;
  if (type.id == TypeId::kBoolean) return EncodingKind::kBoolean;
  if (type.id == TypeId::kVarchar) return EncodingKind::kCategory;
  return Fail(ErrorKind::kUnsupported,
              "an encoder takes numbers, booleans and texts; make a number of column '{}' in the "
              "feature view (days_between, a cast); it is {}",
              name, ToString(type));
}

// To the nearest float32; what is too large for one becomes the largest. NaN stays.
float ToFloat(double x) {
  if (x > kLargest) return static_cast<float>(kLargest);
  if (x < -kLargest) return static_cast<float>(-kLargest);
  return static_cast<float>(x);
}

std::vector<std::string> CategoriesOf(const Column& column, const EncoderOptions& options) {
  std::map<std::string, int64_t, std::less<>> counts;  // by bytes
  for (int64_t row = 0; row < column.size(); ++row) {
    if (!column.IsNull(row)) ++counts.try_emplace(std::string(column.text(row)), 0).first->second;
  }
  std::vector<std::pair<std::string, int64_t>> ordered(counts.begin(), counts.end());
  if (options.order_by_frequency) {
    std::ranges::stable_sort(ordered, std::ranges::greater(),
                             &std::pair<std::string, int64_t>::second);
  }
  const auto limit = static_cast<size_t>(std::max(0, options.max_categories));
  if (ordered.size() > limit) ordered.resize(limit);
  std::vector<std::string> categories;
  for (auto& [text, count] : ordered) categories.push_back(std::move(text));
  return categories;
}

// Writes column `at` of every row of `out`.
struct Target {
  std::span<float> out;
  size_t at;
  size_t width;
  float& operator[](int64_t row) { return out[static_cast<size_t>(row) * width + at]; }
};

void EncodeNumbers(const Column& column, Target target) {
  for (int64_t row = 0; row < column.size(); ++row) {
    if (column.IsNull(row)) {
      target[row] = kNan;
    } else if (column.type().id == TypeId::kBigint) {
      target[row] = ToFloat(static_cast<double>(column.int64s()[row]));
    } else if (column.type().id == TypeId::kDouble) {
      target[row] = ToFloat(column.doubles()[row]);
    } else {
      target[row] = ToFloat(DecimalToDouble(column.decimals()[row], column.type().scale));
    }
  }
}

template <typename Codes>
void EncodeCategories(const Column& column, const Codes& codes, float unknown, Target target) {
  for (int64_t row = 0; row < column.size(); ++row) {
    if (column.IsNull(row)) {
      target[row] = kNan;
      continue;
    }
    const auto found = codes.find(column.text(row));
    target[row] = found == codes.end() ? unknown : found->second;
  }
}

void EncodeBooleans(const Column& column, Target target) {
  for (int64_t row = 0; row < column.size(); ++row) {
    target[row] = column.IsNull(row) ? kNan : static_cast<float>(column.booleans()[row]);
  }
}

std::unexpected<Error> Corrupt(std::string_view what) {
  return Fail(ErrorKind::kCorrupt, "this is no encoder (docs/formats/encoder.md): {}", what);
}

Status ReadCategories(const Json& entry, EncodedColumn& column) {
  const auto categories = entry.find("categories"), unknown = entry.find("unknown");
  if (categories == entry.end() || !categories->is_array() || unknown == entry.end() ||
      !unknown->is_number()) {
    return Corrupt("column '" + column.name + "' lacks 'categories' or 'unknown'");
  }
  for (const Json& category : *categories) {
    if (!category.is_string()) return Corrupt("a category of '" + column.name + "' is no text");
    column.categories.push_back(category.get<std::string>());
  }
  column.unknown = unknown->get<float>();
  return OkStatus();
}

Result<EncodedColumn> ReadColumn(const Json& entry) {
  for (const char* key : {"name", "type", "kind"}) {
    if (!entry.is_object() || !entry.contains(key) || !entry[key].is_string()) {
      return Corrupt(fmt::format("a column has no text '{}'", key));
    }
  }
  EncodedColumn column;
  column.name = entry["name"].get<std::string>();
  MP_ASSIGN_OR_RETURN(column.type, ParseType(entry["type"].get<std::string>()));
  MP_ASSIGN_OR_RETURN(column.kind, KindFor(column.name, column.type));
  if (NameOf(column.kind) != entry["kind"].get<std::string>()) {
    return Corrupt("kind and type of column '" + column.name + "' do not fit");
  }
  if (column.kind == EncodingKind::kCategory) MP_RETURN_IF_ERROR(ReadCategories(entry, column));
  return column;
}

}  // namespace

Result<Encoder> Encoder::Fit(const Batch& training, const EncoderOptions& options) {
  Encoder encoder;
  for (size_t i = 0; i < training.columns.size(); ++i) {
    EncodedColumn column{.name = training.names[i],
                         .type = training.columns[i].type(),
                         .kind = EncodingKind::kNumber,
                         .categories = {},
                         .unknown = -1};
    MP_ASSIGN_OR_RETURN(column.kind, KindFor(column.name, column.type));
    if (column.kind == EncodingKind::kCategory) {
      column.categories = CategoriesOf(training.columns[i], options);
    }
    encoder.columns_.push_back(std::move(column));
  }
  encoder.IndexCategories();
  return encoder;
}

Result<Encoder> Encoder::FromText(std::string_view json) {
  MP_ASSIGN_OR_RETURN(auto document, ParseJson(json, "an encoder"));
  if (!document.is_object() || document.value("format", Json()) != "millpond.encoder") {
    return Corrupt("format is not millpond.encoder");
  }
  if (document.value("version", Json()) != 1) {
    return Fail(ErrorKind::kUnsupported, "encoder version {} is not one this program reads (1)",
                document.value("version", Json()).dump());
  }
  const Json columns = document.value("columns", Json());
  if (!columns.is_array()) return Corrupt("there is no list 'columns'");
  Encoder encoder;
  for (const Json& entry : columns) {
    MP_ASSIGN_OR_RETURN(encoder.columns_.emplace_back(), ReadColumn(entry));
  }
  encoder.IndexCategories();
  return encoder;
}

std::string Encoder::ToText() const {
  OrderedJson document;
  document["format"] = "millpond.encoder";
  document["version"] = 1;
  document["columns"] = OrderedJson::array();
  for (const EncodedColumn& column : columns_) {
    OrderedJson entry;
    entry["name"] = column.name;
    entry["type"] = ToString(column.type);
    entry["kind"] = NameOf(column.kind);
    if (column.kind == EncodingKind::kCategory) {
      entry["unknown"] = column.unknown;
      entry["categories"] = column.categories;
    }
    document["columns"].push_back(std::move(entry));
  }
  return DumpJson(document) + "\n";
}

std::string Encoder::Hash() const {
  return Sha256::Hex(ToText());
}

void Encoder::IndexCategories() {
  for (const EncodedColumn& column : columns_) {
    if (column.kind != EncodingKind::kCategory) {
      codes_.push_back(nullptr);
      continue;
    }
    auto codes = std::make_shared<CategoryCodes>();
    for (size_t code = 0; code < column.categories.size(); ++code) {
      codes->emplace(column.categories[code], static_cast<float>(code));
    }
    codes_.push_back(std::move(codes));
  }
}

Result<std::vector<const Column*>> Encoder::FindColumns(const Batch& batch) const {
  std::vector<const Column*> columns;
  columns.reserve(columns_.size());
  for (const EncodedColumn& rule : columns_) {
    const int found = batch.Find(rule.name);
    if (found < 0) {
      return Fail(ErrorKind::kInvalidArgument, "the model needs a column '{}', which is missing",
                  rule.name);
    }
    columns.push_back(&batch.columns[static_cast<size_t>(found)]);
  }
  return columns;
}

Status Encoder::EncodeColumns(std::span<const Column* const> columns, int64_t rows,
                              std::span<float> out) const {
  if (columns.size() != columns_.size() ||
      out.size() != static_cast<size_t>(rows) * columns_.size()) {
    return Fail(ErrorKind::kInvalidArgument,
                "the encoder takes {} columns; given {} columns and {} places for {} rows",
                columns_.size(), columns.size(), out.size(), rows);
  }
  std::ranges::fill(out, kNan);
  for (size_t i = 0; i < columns_.size(); ++i) {
    const EncodedColumn& rule = columns_[i];
    const Column& column = *columns[i];
    if (column.size() != rows) {
      return Fail(ErrorKind::kInvalidArgument, "column '{}' has {} values for {} rows", rule.name,
                  column.size(), rows);
    }
    if (column.type().id == TypeId::kNull) continue;  // NULL throughout
    if (column.type() != rule.type) {
      return Fail(ErrorKind::kInvalidArgument,
                  "the model was trained on column '{}' as {}, and gets it as {}", rule.name,
                  ToString(rule.type), ToString(column.type()));
    }
    const Target target{out, i, columns_.size()};
    switch (rule.kind) {
      case EncodingKind::kNumber:
        EncodeNumbers(column, target);
        break;
      case EncodingKind::kBoolean:
        EncodeBooleans(column, target);
        break;
      case EncodingKind::kCategory:
        EncodeCategories(column, *codes_[i], rule.unknown, target);
        break;
    }
  }
  return OkStatus();
}

Result<std::vector<float>> Encoder::Encode(const Batch& batch) const {
  MP_ASSIGN_OR_RETURN(auto columns, FindColumns(batch));
  std::vector<float> out(static_cast<size_t>(batch.rows) * columns_.size());
  MP_RETURN_IF_ERROR(EncodeColumns(columns, batch.rows, out));
  return out;
}

}  // namespace millpond::kernel
