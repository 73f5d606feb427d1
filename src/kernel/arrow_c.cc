#include "kernel/arrow_c.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <memory>

#include "kernel/canonical.h"

namespace millpond::kernel {
namespace {

struct DecimalFormat {
  int precision = 0;
  int scale = 0;
  int bits = 128;
};

// "d:10,2" or "d:10,2,64"
bool ReadDecimalFormat(std::string_view format, DecimalFormat* out) {
  const char* at = format.data() + 2;
  const char* end = format.data() + format.size();
  for (int* part : {&out->precision, &out->scale, &out->bits}) {
    auto [stop, error] = std::from_chars(at, end, *part);
    if (error != std::errc()) return false;
    at = stop;
    if (at == end) break;
    if (*at++ != ',') return false;
  }
  return at == end && out->precision >= 1 && out->precision <= kMaxDecimalDigits &&
         out->scale >= 0 && out->scale <= out->precision &&
         (out->bits == 32 || out->bits == 64 || out->bits == 128);
}

bool IsValid(const ArrowArray& array, int64_t row) {
  if (array.n_buffers == 0 || array.buffers[0] == nullptr) return true;
  const auto* bits = static_cast<const uint8_t*>(array.buffers[0]);
  int64_t at = array.offset + row;
  return (bits[at / 8] >> (at % 8) & 1) != 0;
}

template <typename T>
T Load(const ArrowArray& array, int buffer, int64_t row) {
  T value;
  std::memcpy(&value, static_cast<const T*>(array.buffers[buffer]) + array.offset + row, sizeof(T));
  return value;
}

// Fills a column row by row; `convert` gives the stored value of a row that is not NULL.
template <typename Out, typename F>
void Fill(const ArrowArray& array, Column* column, std::span<Out> out, F&& convert) {
  for (int64_t row = 0; row < array.length; ++row) {
    if (!IsValid(array, row)) continue;
    column->mutable_valid()[row] = 1;
    out[row] = convert(row);
  }
}

template <typename T>
void FillInts(const ArrowArray& array, Column* column, int64_t multiply = 1, int64_t divide = 1) {
  for (int64_t row = 0; row < array.length; ++row) {
    if (!IsValid(array, row)) continue;
    auto value = static_cast<int64_t>(Load<T>(array, 1, row));
    int64_t quotient = value / divide - (value % divide < 0 ? 1 : 0);
    // A time too far off for microseconds is NULL, as every cast out of range.
    if (__builtin_mul_overflow(quotient, multiply, &quotient)) continue;
    column->mutable_int64s()[row] = quotient;
    column->mutable_valid()[row] = 1;
  }
}

template <typename T>
void FillDoubles(const ArrowArray& array, Column* column) {
  Fill(array, column, column->mutable_doubles(),
       [&](int64_t row) { return static_cast<double>(Load<T>(array, 1, row)); });
}

template <typename T>
void FillDecimals(const ArrowArray& array, Column* column) {
  Fill(array, column, column->mutable_decimals(),
       [&](int64_t row) { return static_cast<Int128>(Load<T>(array, 1, row)); });
}

template <typename Offset>
void FillTexts(const ArrowArray& array, Column* column) {
  for (int64_t row = 0; row < array.length; ++row) {
    if (!IsValid(array, row)) continue;
    auto begin = Load<Offset>(array, 1, row);
    auto end = Load<Offset>(array, 1, row + 1);
    const auto* bytes = static_cast<const char*>(array.buffers[2]);
    column->SetText(row, end == begin ? std::string() : std::string(bytes + begin, bytes + end));
  }
}

// How many stored units make a second: "tss:", "tDm" and so on, by the third letter.
int64_t UnitsPerSecond(char unit) {
  switch (unit) {
    case 's':
      return 1;
    case 'm':
      return 1'000;
    case 'u':
      return 1'000'000;
    default:
      return 1'000'000'000;
  }
}

void FillMicros(const ArrowArray& array, Column* column, int64_t units_per_second) {
  if (units_per_second <= 1'000'000) {
    FillInts<int64_t>(array, column, 1'000'000 / units_per_second);
  } else {
    FillInts<int64_t>(array, column, 1, units_per_second / 1'000'000);
  }
}

Status FillIntegers(char format, const ArrowArray& array, Column* column) {
  switch (format) {
    case 'c':
      FillInts<int8_t>(array, column);
      break;
    case 'C':
      FillInts<uint8_t>(array, column);
      break;
    case 's':
      FillInts<int16_t>(array, column);
      break;
    case 'S':
      FillInts<uint16_t>(array, column);
      break;
    case 'i':
      FillInts<int32_t>(array, column);
      break;
    case 'I':
      FillInts<uint32_t>(array, column);
      break;
    default:
      FillInts<int64_t>(array, column);
  }
  if (format != 'L') return OkStatus();
  for (int64_t row = 0; row < array.length; ++row) {
    if (column->IsNull(row) || column->int64s()[row] >= 0) continue;
    return Fail(ErrorKind::kInvalidArgument, "unsigned value {} is past BIGINT's range",
                static_cast<uint64_t>(column->int64s()[row]));
  }
  return OkStatus();
}

Result<Column> ImportColumn(const ArrowSchema& schema, const ArrowArray& array);

// A dictionary's indices, then the values they stand for.
Result<Column> ImportDictionary(const ArrowSchema& schema, const ArrowArray& array) {
  MP_ASSIGN_OR_RETURN(Column values, ImportColumn(*schema.dictionary, *array.dictionary));
  Column indices(kBigint, array.length);
  MP_RETURN_IF_ERROR(FillIntegers(schema.format[0], array, &indices));
  Column column(values.type(), array.length);
  for (int64_t row = 0; row < array.length; ++row) {
    if (indices.IsNull(row)) continue;
    int64_t index = indices.int64s()[row];
    if (index < 0 || index >= values.size()) {
      return Fail(ErrorKind::kCorrupt, "a dictionary of {} values has no index {}", values.size(),
                  index);
    }
    column.Set(row, values.ValueAt(index));
  }
  return column;
}

Result<Column> ImportColumn(const ArrowSchema& schema, const ArrowArray& array) {
  if (schema.dictionary != nullptr) return ImportDictionary(schema, array);
  MP_ASSIGN_OR_RETURN(Type type, ImportType(schema));
  Column column(type, array.length);
  std::string_view format = schema.format;
  switch (type.id) {
    case TypeId::kNull:
      break;
    case TypeId::kBoolean:
      Fill(array, &column, column.mutable_booleans(), [&](int64_t row) {
        int64_t at = array.offset + row;
        return static_cast<uint8_t>(
            static_cast<const uint8_t*>(array.buffers[1])[at / 8] >> (at % 8) & 1);
      });
      break;
    case TypeId::kBigint:
      MP_RETURN_IF_ERROR(FillIntegers(format[0], array, &column));
      break;
    case TypeId::kDouble:
      format == "f" ? FillDoubles<float>(array, &column) : FillDoubles<double>(array, &column);
      for (double& x : column.mutable_doubles()) {
        if (std::isnan(x)) x = CanonicalDouble(x);
      }
      break;
    case TypeId::kDecimal: {
      DecimalFormat decimal;
      ReadDecimalFormat(format, &decimal);
      if (decimal.bits == 32) FillDecimals<int32_t>(array, &column);
      if (decimal.bits == 64) FillDecimals<int64_t>(array, &column);
      if (decimal.bits == 128) FillDecimals<Int128>(array, &column);
      break;
    }
    case TypeId::kVarchar:
      format == "U" ? FillTexts<int64_t>(array, &column) : FillTexts<int32_t>(array, &column);
      break;
    case TypeId::kDate:
      format == "tdD" ? FillInts<int32_t>(array, &column)
                      : FillInts<int64_t>(array, &column, 1, 86'400'000);
      break;
    case TypeId::kTimestamp:
    case TypeId::kInterval:
      FillMicros(array, &column, UnitsPerSecond(format[2]));
      break;
  }
  return column;
}

}  // namespace

Result<Type> ImportType(const ArrowSchema& schema) {
  if (schema.dictionary != nullptr) return ImportType(*schema.dictionary);
  std::string_view format = schema.format;
  if (format == "n") return kNullType;
  if (format == "b") return kBoolean;
  if (format.size() == 1 && std::string_view("cCsSiIlL").find(format[0]) != std::string_view::npos)
    return kBigint;
  if (format == "f" || format == "g") return kDouble;
  if (format == "u" || format == "U") return kVarchar;
  if (format == "tdD" || format == "tdm") return kDate;
  if (format.starts_with("ts")) return kTimestamp;
  if (format.starts_with("tD")) return kInterval;
  DecimalFormat decimal;
  if (format.starts_with("d:") && ReadDecimalFormat(format, &decimal)) {
    return Decimal(decimal.precision, decimal.scale);
  }
  return Fail(ErrorKind::kUnsupported,
              "column {} has Arrow format '{}', which features cannot read; cast it in the flow "
              "that writes the table",
              schema.name == nullptr ? "?" : schema.name, format);
}

Result<Batch> ImportBatch(const ArrowSchema& schema, const ArrowArray& array) {
  if (std::string_view(schema.format) != "+s" || schema.n_children != array.n_children) {
    return Fail(ErrorKind::kInvalidArgument, "a batch must be a struct array, got format '{}'",
                schema.format);
  }
  Batch batch;
  batch.rows = array.length;
  for (int64_t i = 0; i < schema.n_children; ++i) {
    ArrowArray child = *array.children[i];
    child.offset += array.offset;
    child.length = array.length;
    const char* name = schema.children[i]->name == nullptr ? "" : schema.children[i]->name;
    MP_ASSIGN_OR_RETURN_CONTEXT(Column column, ImportColumn(*schema.children[i], child),
                                "while reading column {}", name);
    batch.names.emplace_back(name);
    batch.columns.push_back(std::move(column));
  }
  return batch;
}

}  // namespace millpond::kernel
