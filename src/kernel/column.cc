#include "kernel/column.h"

#include "base/check.h"

namespace millpond::kernel {

Column::Column(Type type, int64_t rows) : type_(type), valid_(rows, 0) {
  switch (type.id) {
    case TypeId::kNull:
    case TypeId::kBoolean:
      data_ = std::vector<uint8_t>(rows);
      break;
    case TypeId::kDouble:
      data_ = std::vector<double>(rows);
      break;
    case TypeId::kDecimal:
      data_ = std::vector<Int128>(rows);
      break;
    case TypeId::kVarchar:
      data_ = std::vector<std::string>(rows);
      break;
    default:
      data_ = std::vector<int64_t>(rows);
  }
}

Column Column::FromValues(Type type, std::span<const Value> values) {
  Column column(type, static_cast<int64_t>(values.size()));
  for (size_t i = 0; i < values.size(); ++i) column.Set(static_cast<int64_t>(i), values[i]);
  return column;
}

Column Column::Repeat(const Value& value, int64_t rows) {
  Column column(value.type(), rows);
  if (value.is_null()) return column;
  column.valid_.assign(rows, 1);
  std::visit(
      [&](auto& data) {
        using T = typename std::decay_t<decltype(data)>::value_type;
        if constexpr (std::is_same_v<T, uint8_t>) data.assign(rows, value.boolean() ? 1 : 0);
        if constexpr (std::is_same_v<T, int64_t>) data.assign(rows, value.int64());
        if constexpr (std::is_same_v<T, double>) data.assign(rows, value.number());
        if constexpr (std::is_same_v<T, Int128>) data.assign(rows, value.decimal());
        if constexpr (std::is_same_v<T, std::string>) data.assign(rows, value.text());
      },
      column.data_);
  return column;
}

void Column::SetText(int64_t row, std::string text) {
  std::get<std::vector<std::string>>(data_)[row] = std::move(text);
  valid_[row] = 1;
}

Value Column::ValueAt(int64_t row) const {
  if (IsNull(row)) return Value::Null(type_);
  switch (type_.id) {
    case TypeId::kNull:
      return Value();
    case TypeId::kBoolean:
      return Value::Boolean(booleans()[row] != 0);
    case TypeId::kBigint:
      return Value::Bigint(int64s()[row]);
    case TypeId::kDouble:
      return Value::Double(doubles()[row]);
    case TypeId::kDecimal:
      return Value::MakeDecimal(decimals()[row], type_.precision, type_.scale);
    case TypeId::kVarchar:
      return Value::Varchar(std::string(text(row)));
    case TypeId::kDate:
      return Value::Date(int64s()[row]);
    case TypeId::kTimestamp:
      return Value::Timestamp(int64s()[row]);
    case TypeId::kInterval:
      return Value::Interval(int64s()[row]);
  }
  return Value();
}

void Column::Set(int64_t row, const Value& value) {
  CHECK(value.is_null() || value.type() == type_);
  valid_[row] = value.is_null() ? 0 : 1;
  std::visit(
      [&](auto& data) {
        using T = typename std::decay_t<decltype(data)>::value_type;
        if (value.is_null()) {
          data[row] = T();
        } else {
          if constexpr (std::is_same_v<T, uint8_t>) data[row] = value.boolean() ? 1 : 0;
          if constexpr (std::is_same_v<T, int64_t>) data[row] = value.int64();
          if constexpr (std::is_same_v<T, double>) data[row] = value.number();
          if constexpr (std::is_same_v<T, Int128>) data[row] = value.decimal();
          if constexpr (std::is_same_v<T, std::string>) data[row] = value.text();
        }
      },
      data_);
}

void Column::Append(const Value& value) {
  valid_.push_back(0);
  std::visit([](auto& data) { data.emplace_back(); }, data_);
  Set(size() - 1, value);
}

void Column::CopyRow(int64_t row, const Column& from, int64_t from_row) {
  valid_[row] = from.valid_[from_row];
  std::visit(
      [&](auto& data) { data[row] = std::get<std::decay_t<decltype(data)>>(from.data_)[from_row]; },
      data_);
}

Column Column::Take(std::span<const int64_t> take) const {
  Column taken(type_, static_cast<int64_t>(take.size()));
  for (size_t i = 0; i < take.size(); ++i) taken.valid_[i] = valid_[take[i]];
  std::visit(
      [&](const auto& from) {
        auto& to = std::get<std::decay_t<decltype(from)>>(taken.data_);
        for (size_t i = 0; i < take.size(); ++i) to[i] = from[take[i]];
      },
      data_);
  return taken;
}

namespace {

char LowerAscii(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool EqualWithoutCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (LowerAscii(a[i]) != LowerAscii(b[i])) return false;
  }
  return true;
}

}  // namespace

int Batch::Find(std::string_view name) const {
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<int>(i);
  }
  for (size_t i = 0; i < names.size(); ++i) {
    if (EqualWithoutCase(names[i], name)) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace millpond::kernel
