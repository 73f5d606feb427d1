// A variant's bytes as JSON text; checking them is writing the text to nowhere.
#include <arrow/util/utf8.h>

#include <charconv>
#include <cmath>
#include <cstring>

#include "base/clock.h"
#include "data/delta/metadata/column_value.h"
#include "data/delta/rows/variant.h"
#include "data/delta/rows/variant_layout_internal.h"

namespace millpond::data {
namespace {

std::unexpected<Error> Corrupt(std::string_view why) {
  return Fail(ErrorKind::kCorrupt, "a variant {}", why);
}

bool IsUtf8(std::string_view text) {
  static const bool ready = (arrow::util::InitializeUTF8(), true);
  return ready && arrow::util::ValidateUTF8(text);
}

template <typename Number>
Number Load(std::string_view data) {
  Number value;
  std::memcpy(&value, data.data(), sizeof(value));
  return value;
}

// As Java's Double.toString: 12.5, 1.0E10, with the fewest digits that give the number back.
template <typename Number>
std::string JavaText(Number number) {
  if (std::isnan(number)) return "\"NaN\"";
  if (std::isinf(number)) return number > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  char buffer[64];
  const auto end =
      std::to_chars(buffer, buffer + sizeof(buffer), number, std::chars_format::scientific).ptr;
  const std::string_view text(buffer, end - buffer);  // -d.ddde-xx
  const size_t e = text.find('e');
  std::string sign, digits;
  for (const char c : text.substr(0, e)) {
    if (c == '-') sign = "-";
    if (c >= '0' && c <= '9') digits += c;
  }
  int exponent = 0;
  std::string_view power = text.substr(e + 1);
  if (power.starts_with('+')) power.remove_prefix(1);
  std::from_chars(power.data(), power.data() + power.size(), exponent);
  const auto size = static_cast<int>(digits.size());
  if (exponent < -3 || exponent >= 7) {
    return fmt::format("{}{}.{}E{}", sign, digits[0], size > 1 ? digits.substr(1) : "0", exponent);
  }
  if (exponent < 0) return fmt::format("{}0.{}{}", sign, std::string(-exponent - 1, '0'), digits);
  if (size <= exponent + 1) {
    return fmt::format("{}{}{}.0", sign, digits, std::string(exponent + 1 - size, '0'));
  }
  return fmt::format("{}{}.{}", sign, digits.substr(0, exponent + 1), digits.substr(exponent + 1));
}

std::string DecimalText(__int128 unscaled, int scale) {
  std::string text = FormatDecimal(unscaled, scale);
  if (text.find('.') == std::string::npos) return text;
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string Base64(std::string_view bytes) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    const size_t there = std::min<size_t>(3, bytes.size() - i);
    for (size_t j = 0; j < 3; ++j) {
      group = group << 8 | (j < there ? static_cast<uint8_t>(bytes[i + j]) : 0);
    }
    for (size_t j = 0; j < 4; ++j) {
      text += j <= there ? kDigits[group >> (18 - 6 * j) & 63] : '=';
    }
  }
  return text;
}

// Parts of a second without zeros at their end; `digits` of them at most.
std::string Fraction(int64_t part, int digits) {
  if (part == 0) return "";
  std::string text = fmt::format(".{:0{}}", part, digits);
  while (text.back() == '0') text.pop_back();
  return text;
}

std::string TimeText(int64_t micros_of_day) {
  const int64_t seconds = micros_of_day / kMicrosPerSecond;
  return fmt::format("{:02}:{:02}:{:02}{}", seconds / 3600, seconds / 60 % 60, seconds % 60,
                     Fraction(micros_of_day % kMicrosPerSecond, 6));
}

class JsonWriter {
 public:
  JsonWriter(const VariantMetadata& metadata, size_t bytes, std::string* out)
      : metadata_(metadata), parts_left_(bytes), out_(out) {}

  Status Write(std::string_view data, int depth) {
    if (data.empty()) return Corrupt("without a value");
    if (depth > kMaxVariantDepth) {
      return Corrupt(fmt::format("nested more than {} deep", kMaxVariantDepth));
    }
    // Each part has a byte of its own: more of them share bytes, and could give a text without end.
    if (parts_left_-- == 0) return Corrupt("whose parts overlap");
    const auto header = static_cast<uint8_t>(data[0]);
    switch (static_cast<VariantBasic>(header & 3)) {
      case VariantBasic::kPrimitive:
        return Primitive(header >> 2, data.substr(1));
      case VariantBasic::kShortString:
        if (data.size() - 1 < static_cast<size_t>(header >> 2)) return Corrupt("cut off in a text");
        return Text(data.substr(1, header >> 2));
      case VariantBasic::kObject:
        return Object(data, depth);
      case VariantBasic::kArray:
        return Array(data, depth);
    }
    return OkStatus();
  }

 private:
  Status Object(std::string_view data, int depth) {
    MP_ASSIGN_OR_RETURN(const VariantChildren children, VariantChildren::Read(data));
    Put("{");
    for (uint32_t i = 0; i < children.count(); ++i) {
      if (i > 0) Put(",");
      MP_ASSIGN_OR_RETURN(const uint32_t id, children.NameId(i));
      MP_ASSIGN_OR_RETURN(const std::string_view name, metadata_.Name(id));
      MP_RETURN_IF_ERROR(Text(name));
      Put(":");
      MP_ASSIGN_OR_RETURN(const std::string_view child, children.Child(i));
      MP_RETURN_IF_ERROR(Write(child, depth + 1));
    }
    Put("}");
    return OkStatus();
  }

  Status Array(std::string_view data, int depth) {
    MP_ASSIGN_OR_RETURN(const VariantChildren children, VariantChildren::Read(data));
    Put("[");
    for (uint32_t i = 0; i < children.count(); ++i) {
      if (i > 0) Put(",");
      MP_ASSIGN_OR_RETURN(const std::string_view child, children.Child(i));
      MP_RETURN_IF_ERROR(Write(child, depth + 1));
    }
    Put("]");
    return OkStatus();
  }

  Status Primitive(int type, std::string_view data) {
    static constexpr uint8_t kBytes[] = {0, 0, 0, 1, 2, 4, 8, 8, 5, 9, 17,
                                         4, 8, 8, 4, 4, 4, 8, 8, 8, 16};
    if (type >= static_cast<int>(std::size(kBytes))) {
      return Fail(ErrorKind::kUnsupported,
                  "a variant with a value of the type {}, which this version of Millpond does not "
                  "know",
                  type);
    }
    if (data.size() < kBytes[type]) return Corrupt("cut off in a value");
    switch (static_cast<VariantPrimitive>(type)) {
      case VariantPrimitive::kNull:
        return Put("null");
      case VariantPrimitive::kTrue:
        return Put("true");
      case VariantPrimitive::kFalse:
        return Put("false");
      case VariantPrimitive::kBinary:
      case VariantPrimitive::kString: {
        const auto size = Load<uint32_t>(data);
        if (data.size() - 4 < size) return Corrupt("cut off in a text");
        const bool is_text = static_cast<VariantPrimitive>(type) == VariantPrimitive::kString;
        return is_text ? Text(data.substr(4, size)) : Quoted(Base64(data.substr(4, size)));
      }
      case VariantPrimitive::kUuid:
        return Uuid(data);
      case VariantPrimitive::kDecimal4:
        return Decimal(Load<int32_t>(data.substr(1)), data[0], 9);
      case VariantPrimitive::kDecimal8:
        return Decimal(Load<int64_t>(data.substr(1)), data[0], 18);
      case VariantPrimitive::kDecimal16:
        return Decimal(Load<__int128>(data.substr(1)), data[0], 38);
      default:
        return NumberOrTime(static_cast<VariantPrimitive>(type), data);
    }
  }

  Status NumberOrTime(VariantPrimitive type, std::string_view data) {
    switch (type) {
      case VariantPrimitive::kInt8:
        return Put(fmt::format("{}", Load<int8_t>(data)));
      case VariantPrimitive::kInt16:
        return Put(fmt::format("{}", Load<int16_t>(data)));
      case VariantPrimitive::kInt32:
        return Put(fmt::format("{}", Load<int32_t>(data)));
      case VariantPrimitive::kInt64:
        return Put(fmt::format("{}", Load<int64_t>(data)));
      case VariantPrimitive::kDouble:
        return Put(JavaText(Load<double>(data)));
      case VariantPrimitive::kFloat:
        return Put(JavaText(Load<float>(data)));
      case VariantPrimitive::kDate:
        return Moment(Load<int32_t>(data), std::nullopt, 6, "");
      case VariantPrimitive::kTimeNtz: {
        const auto time = Load<int64_t>(data);
        if (time < 0 || time >= kMicrosPerDay) return Corrupt("with a time outside the day");
        return Quoted(TimeText(time));
      }
      case VariantPrimitive::kTimestamp:
        return Moment(Load<int64_t>(data), kMicrosPerDay, 6, "+00:00");
      case VariantPrimitive::kTimestampNtz:
        return Moment(Load<int64_t>(data), kMicrosPerDay, 6, "");
      case VariantPrimitive::kTimestampNanos:
        return Moment(Load<int64_t>(data), kMicrosPerDay * 1000, 9, "+00:00");
      default:  // kTimestampNtzNanos
        return Moment(Load<int64_t>(data), kMicrosPerDay * 1000, 9, "");
    }
  }

  // Days since 1970, or parts of which a day has `per_day`.
  Status Moment(int64_t count, std::optional<int64_t> per_day, int digits, std::string_view zone) {
    int64_t days = count, rest = 0;
    if (per_day) {
      rest = (count % *per_day + *per_day) % *per_day;
      days = (count - rest) / *per_day;
    }
    if (days < -719'162 || days > 2'932'896)
      return Corrupt("with a date outside the years 1 to 9999");
    std::string text = FormatDate(static_cast<int32_t>(days));
    if (per_day) {
      const int64_t per_second = *per_day / 86'400;
      const int64_t seconds = rest / per_second;
      text += fmt::format(" {:02}:{:02}:{:02}{}{}", seconds / 3600, seconds / 60 % 60, seconds % 60,
                          Fraction(rest % per_second, digits), zone);
    }
    return Quoted(text);
  }

  Status Decimal(__int128 unscaled, char scale_byte, int digits) {
    const auto scale = static_cast<uint8_t>(scale_byte);
    __int128 limit = 1;
    for (int i = 0; i < digits; ++i) limit *= 10;
    if (scale > 38 || unscaled >= limit || unscaled <= -limit) {
      return Corrupt("with a decimal of more digits than there are");
    }
    return Put(DecimalText(unscaled, scale));
  }

  Status Uuid(std::string_view data) {
    std::string text;
    for (size_t i = 0; i < 16; ++i) {
      if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
      text += fmt::format("{:02x}", static_cast<uint8_t>(data[i]));
    }
    return Quoted(text);
  }

  Status Text(std::string_view text) {
    if (!IsUtf8(text)) return Corrupt("with a text that is not UTF-8");
    if (out_ == nullptr) return OkStatus();
    *out_ += '"';
    for (const char c : text) {
      switch (c) {
        case '"':
        case '\\':
          *out_ += '\\';
          *out_ += c;
          break;
        case '\b':
          *out_ += "\\b";
          break;
        case '\f':
          *out_ += "\\f";
          break;
        case '\n':
          *out_ += "\\n";
          break;
        case '\r':
          *out_ += "\\r";
          break;
        case '\t':
          *out_ += "\\t";
          break;
        default:
          if (static_cast<uint8_t>(c) < 0x20) {
            *out_ += fmt::format("\\u{:04X}", static_cast<int>(c));
          } else {
            *out_ += c;
          }
      }
    }
    *out_ += '"';
    return OkStatus();
  }

  Status Quoted(std::string_view text) {
    Put("\"");
    Put(text);
    return Put("\"");
  }

  Status Put(std::string_view text) {
    if (out_ != nullptr) *out_ += text;
    return OkStatus();
  }

  const VariantMetadata& metadata_;
  size_t parts_left_;
  std::string* out_;  // null: only checks
};

Status WriteJson(const VariantView& variant, std::string* out) {
  MP_ASSIGN_OR_RETURN(const VariantMetadata metadata, VariantMetadata::Read(variant.metadata));
  return JsonWriter(metadata, variant.value.size(), out).Write(variant.value, 0);
}

}  // namespace

Result<VariantView> SplitVariant(std::string_view joined) {
  MP_ASSIGN_OR_RETURN(const VariantMetadata metadata, VariantMetadata::Read(joined));
  return VariantView{joined.substr(0, metadata.size()), joined.substr(metadata.size())};
}

Status AppendJoinedVariant(const VariantView& variant, std::string* out) {
  MP_ASSIGN_OR_RETURN(const VariantMetadata metadata, VariantMetadata::Read(variant.metadata));
  *out += variant.metadata.substr(0, metadata.size());
  *out += variant.value;
  return OkStatus();
}

Status CheckVariant(const VariantView& variant) {
  return WriteJson(variant, nullptr);
}

Status AppendVariantJson(const VariantView& variant, std::string* out) {
  return WriteJson(variant, out);
}

}  // namespace millpond::data
