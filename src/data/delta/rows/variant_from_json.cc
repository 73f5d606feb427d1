// JSON text as a variant's bytes: one pass over the tokens, each value made when it ends.
#include <algorithm>
#include <cstring>
#include <map>
#include <vector>

#include "base/json.h"
#include "data/delta/metadata/column_value.h"
#include "data/delta/rows/variant.h"
#include "data/delta/rows/variant_layout_internal.h"

namespace millpond::data {
namespace {

constexpr int kMaxDigits = 38;

size_t BytesFor(uint64_t number) {
  return number < 1u << 8 ? 1 : number < 1u << 16 ? 2 : number < 1u << 24 ? 3 : 4;
}

void AppendUnsigned(std::string& out, uint64_t number, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) out += static_cast<char>(number >> (8 * i) & 0xFF);
}

char PrimitiveHeader(VariantPrimitive type) {
  return static_cast<char>(static_cast<uint8_t>(type) << 2);
}

template <typename Number>
void AppendPrimitive(std::string& out, VariantPrimitive type, Number number) {
  char bytes[sizeof(number)];
  std::memcpy(bytes, &number, sizeof(number));
  out += PrimitiveHeader(type);
  out.append(bytes, sizeof(bytes));
}

void AppendInteger(std::string& out, int64_t number) {
  if (number == static_cast<int8_t>(number)) {
    AppendPrimitive(out, VariantPrimitive::kInt8, static_cast<int8_t>(number));
  } else if (number == static_cast<int16_t>(number)) {
    AppendPrimitive(out, VariantPrimitive::kInt16, static_cast<int16_t>(number));
  } else if (number == static_cast<int32_t>(number)) {
    AppendPrimitive(out, VariantPrimitive::kInt32, static_cast<int32_t>(number));
  } else {
    AppendPrimitive(out, VariantPrimitive::kInt64, number);
  }
}

// A number written with digits and a point alone, of up to 38 digits, is exactly that; false:
// something else.
bool AppendDecimal(std::string& out, std::string_view text) {
  if (text.find_first_not_of("-.0123456789") != std::string_view::npos) return false;
  const size_t point = text.find('.');
  const size_t scale = point == std::string_view::npos ? 0 : text.size() - point - 1;
  std::string_view digits = text;
  while (!digits.empty() && (digits[0] == '-' || digits[0] == '0' || digits[0] == '.')) {
    digits.remove_prefix(1);
  }
  const size_t precision = std::ranges::count_if(digits, [](char c) { return c != '.'; });
  const size_t width = std::max(precision, scale);
  if (width > kMaxDigits) return false;
  const auto unscaled = ParseDecimal(text, static_cast<int>(scale));
  if (!unscaled) return false;
  const auto append = [&](VariantPrimitive type, auto number) {
    out += PrimitiveHeader(type);
    out += static_cast<char>(scale);
    char bytes[sizeof(number)];
    std::memcpy(bytes, &number, sizeof(number));
    out.append(bytes, sizeof(bytes));
  };
  if (width <= 9) {
    append(VariantPrimitive::kDecimal4, static_cast<int32_t>(*unscaled));
  } else if (width <= 18) {
    append(VariantPrimitive::kDecimal8, static_cast<int64_t>(*unscaled));
  } else {
    append(VariantPrimitive::kDecimal16, *unscaled);
  }
  return true;
}

void AppendText(std::string& out, std::string_view text) {
  if (text.size() < 64) {
    out += static_cast<char>(text.size() << 2 | static_cast<uint8_t>(VariantBasic::kShortString));
  } else {
    out += PrimitiveHeader(VariantPrimitive::kString);
    AppendUnsigned(out, text.size(), 4);
  }
  out += text;
}

// An object or array that is not yet at its end.
struct OpenValue {
  bool is_object;
  std::vector<std::string> parts = {};
  std::vector<uint32_t> names = {};  // of an object's parts
};

class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return Take(std::string(1, PrimitiveHeader(VariantPrimitive::kNull))); }
  bool boolean(bool value) override {
    const auto type = value ? VariantPrimitive::kTrue : VariantPrimitive::kFalse;
    return Take(std::string(1, PrimitiveHeader(type)));
  }
  bool number_integer(number_integer_t value) override {
    std::string bytes;
    AppendInteger(bytes, value);
    return Take(std::move(bytes));
  }
  bool number_unsigned(number_unsigned_t value) override {
    std::string bytes;
    if (value <= static_cast<uint64_t>(INT64_MAX)) {
      AppendInteger(bytes, static_cast<int64_t>(value));
    } else {
      AppendDecimal(bytes, fmt::format("{}", value));
    }
    return Take(std::move(bytes));
  }
  bool number_float(number_float_t value, const string_t& text) override {
    std::string bytes;
    if (!AppendDecimal(bytes, text)) AppendPrimitive(bytes, VariantPrimitive::kDouble, value);
    return Take(std::move(bytes));
  }
  bool string(string_t& value) override {
    std::string bytes;
    AppendText(bytes, value);
    return Take(std::move(bytes));
  }
  bool binary(binary_t&) override { return false; }
  bool start_object(size_t) override { return Open(true); }
  bool start_array(size_t) override { return Open(false); }
  bool key(string_t& name) override {
    const auto [at, is_new] = ids_.try_emplace(name, static_cast<uint32_t>(names_.size()));
    if (is_new) names_.push_back(name);
    open_.back().names.push_back(at->second);
    return true;
  }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }
  bool parse_error(size_t, const std::string&, const nlohmann::json::exception& error) override {
    why_ = error.what();
    if (const size_t at = why_.find("] "); at != std::string::npos) why_ = why_.substr(at + 2);
    return false;
  }

  const std::string& why() const { return why_; }

  Result<VariantBytes> Finish() {
    uint64_t bytes = 0;
    for (const std::string& name : names_) bytes += name.size();
    const size_t width = BytesFor(std::max<uint64_t>(bytes, names_.size()));
    std::string metadata(1, static_cast<char>(1 | (width - 1) << 6));
    AppendUnsigned(metadata, names_.size(), width);
    uint64_t offset = 0;
    AppendUnsigned(metadata, offset, width);
    for (const std::string& name : names_) AppendUnsigned(metadata, offset += name.size(), width);
    for (const std::string& name : names_) metadata += name;
    if (metadata.size() + value_.size() > kMaxVariantBytes) {
      return Fail(ErrorKind::kInvalidArgument, "a variant of {} bytes: {} are the most",
                  metadata.size() + value_.size(), kMaxVariantBytes);
    }
    return VariantBytes{std::move(metadata), std::move(value_)};
  }

 private:
  bool Refuse(std::string why) {
    why_ = std::move(why);
    return false;
  }

  bool Open(bool is_object) {
    if (open_.size() >= static_cast<size_t>(kMaxVariantDepth)) {
      return Refuse(fmt::format("it is nested more than {} deep", kMaxVariantDepth));
    }
    open_.push_back({is_object});
    return true;
  }

  bool Take(std::string bytes) {
    if (open_.empty()) {
      value_ = std::move(bytes);
    } else {
      open_.back().parts.push_back(std::move(bytes));
    }
    return true;
  }

  bool Close() {
    OpenValue closed = std::move(open_.back());
    open_.pop_back();
    const size_t count = closed.parts.size();
    std::vector<size_t> order(count);
    for (size_t i = 0; i < count; ++i) order[i] = i;
    if (closed.is_object) {
      const auto name = [&](size_t i) -> const std::string& { return names_[closed.names[i]]; };
      std::ranges::sort(order, {}, name);
      const auto twice = std::ranges::adjacent_find(order, {}, name);
      if (twice != order.end())
        return Refuse(fmt::format("the field '{}' is there twice", name(*twice)));
    }
    uint64_t bytes = 0, max_id = 0;
    for (const std::string& part : closed.parts) bytes += part.size();
    if (bytes > kMaxVariantBytes) return Refuse("it is too large");
    for (const uint32_t id : closed.names) max_id = std::max<uint64_t>(max_id, id);
    const size_t offset_bytes = BytesFor(bytes), id_bytes = BytesFor(max_id);
    const bool is_large = count > 255;
    size_t header = offset_bytes - 1;
    header |=
        closed.is_object ? (id_bytes - 1) << 2 | size_t{is_large} << 4 : size_t{is_large} << 2;
    const auto basic = closed.is_object ? VariantBasic::kObject : VariantBasic::kArray;
    std::string out(1, static_cast<char>(header << 2 | static_cast<uint8_t>(basic)));
    AppendUnsigned(out, count, is_large ? 4 : 1);
    if (closed.is_object) {
      for (const size_t i : order) AppendUnsigned(out, closed.names[i], id_bytes);
    }
    uint64_t offset = 0;
    AppendUnsigned(out, offset, offset_bytes);
    for (const size_t i : order)
      AppendUnsigned(out, offset += closed.parts[i].size(), offset_bytes);
    for (const size_t i : order) out += closed.parts[i];
    return Take(std::move(out));
  }

  std::vector<OpenValue> open_;
  std::map<std::string, uint32_t> ids_;
  std::vector<std::string> names_;
  std::string value_;
  std::string why_;
};

}  // namespace

Result<VariantBytes> VariantFromJson(std::string_view json) {
  Builder builder;
  if (!nlohmann::json::sax_parse(json, &builder)) {
    return Fail(ErrorKind::kInvalidArgument, "this cannot become a variant: {}", builder.why());
  }
  return builder.Finish();
}

}  // namespace millpond::data
