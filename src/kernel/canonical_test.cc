// Bytes compare as values do, equal values have equal bytes, and bytes read back.
#include "kernel/canonical.h"

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "base/testing/result_matchers.h"

namespace millpond::kernel {
namespace {

using ::testing::HasSubstr;
using Random = std::mt19937_64;

std::string Bytes(const Value& value) {
  std::string bytes;
  AppendCanonical(value, &bytes);
  return bytes;
}

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Values of the type in ascending order, NULL first.
std::vector<Value> Ascending(Type type) {
  std::vector<Value> values = {Value::Null(type)};
  auto integers = [&](auto make) {
    for (int64_t x : {INT64_MIN, int64_t{-4294967296}, int64_t{-256}, int64_t{-1}, int64_t{0},
                      int64_t{1}, int64_t{255}, int64_t{256}, INT64_MAX}) {
      values.push_back(make(x));
    }
  };
  switch (type.id) {
    case TypeId::kBoolean:
      values.insert(values.end(), {Value::Boolean(false), Value::Boolean(true)});
      break;
    case TypeId::kBigint:
      integers(Value::Bigint);
      break;
    case TypeId::kDate:
      integers(Value::Date);
      break;
    case TypeId::kTimestamp:
      integers(Value::Timestamp);
      break;
    case TypeId::kInterval:
      integers(Value::Interval);
      break;
    case TypeId::kDouble:
      for (double x : {-kInfinity, -1e308, -1.5, -1.0, -1e-308, -5e-324, 0.0, 5e-324, 1e-308, 1.0,
                       1.5, 1e308, kInfinity, std::numeric_limits<double>::quiet_NaN()}) {
        values.push_back(Value::Double(x));
      }
      break;
    case TypeId::kDecimal:
      for (Int128 x : {-(PowerOfTen(38) - 1), -(Int128{1} << 64), Int128{-1}, Int128{0}, Int128{1},
                       Int128{INT64_MAX}, Int128{1} << 64, PowerOfTen(38) - 1}) {
        values.push_back(Value::MakeDecimal(x, 38, 3));
      }
      break;
    case TypeId::kVarchar:
      for (std::string_view x :
           {std::string_view(""), std::string_view("\0", 1), std::string_view("\0\0", 2),
            std::string_view("\0\1", 2), std::string_view("\0a", 2), std::string_view("\1"),
            std::string_view("a"), std::string_view("a\0", 2), std::string_view("a\0b", 3),
            std::string_view("ab"), std::string_view("a\xff"), std::string_view("b"),
            std::string_view("\xc3\xa4"), std::string_view("\xff")}) {
        values.push_back(Value::Varchar(std::string(x)));
      }
      break;
    default:
      break;
  }
  return values;
}

const std::vector<Type> kTypes = {kBoolean, kBigint,        kDouble,  kTimestamp,
                                  kDate,    Decimal(38, 3), kVarchar, kInterval};

TEST(Canonical, BytesCompareAsValuesDo) {
  for (Type type : kTypes) {
    std::vector<Value> values = Ascending(type);
    Column column = Column::FromValues(type, values);
    for (size_t i = 0; i < values.size(); ++i) {
      for (size_t j = 0; j < values.size(); ++j) {
        int order = i < j ? -1 : j < i ? 1 : 0;
        int bytes = Bytes(values[i]).compare(Bytes(values[j]));
        EXPECT_EQ((bytes > 0) - (bytes < 0), order) << ToString(type) << " " << i << " " << j;
        EXPECT_EQ(CompareCanonical(column, i, column, j), order);
        // The order holds for the first value of a row whatever follows it.
        int rows = (Bytes(values[i]) + "\xff").compare(Bytes(values[j]) + std::string(1, '\0'));
        EXPECT_TRUE(order == 0 || (rows > 0) - (rows < 0) == order);
      }
      std::string from_column;
      AppendCanonical(column, static_cast<int64_t>(i), &from_column);
      EXPECT_EQ(from_column, Bytes(values[i]));
    }
  }
}

TEST(Canonical, RandomDoublesAndIntegersKeepTheirOrder) {
  Random random(1);
  for (int round = 0; round < 20'000; ++round) {
    uint64_t bits = random();
    auto a = std::bit_cast<double>(bits);
    auto b = round % 2 == 0 ? std::bit_cast<double>(random()) : std::bit_cast<double>(bits + 1);
    if (!std::isnan(a) && !std::isnan(b)) {
      ASSERT_EQ(Bytes(Value::Double(a)) < Bytes(Value::Double(b)), a < b) << a << " " << b;
    }
    auto i = static_cast<int64_t>(bits);
    auto j = static_cast<int64_t>(random());
    ASSERT_EQ(Bytes(Value::Bigint(i)) < Bytes(Value::Bigint(j)), i < j);
    Int128 p = static_cast<Int128>(i) * j;
    Int128 q = static_cast<Int128>(j) * static_cast<int64_t>(random());
    ASSERT_EQ(Bytes(Value::MakeDecimal(p, 38, 0)) < Bytes(Value::MakeDecimal(q, 38, 0)), p < q);
  }
}

TEST(Canonical, EqualValuesHaveEqualBytes) {
  EXPECT_EQ(Bytes(Value::Double(-0.0)), Bytes(Value::Double(0.0)));
  auto signalling = std::bit_cast<double>(uint64_t{0xfff0000000000001});
  EXPECT_EQ(Bytes(Value::Double(signalling)),
            Bytes(Value::Double(std::numeric_limits<double>::quiet_NaN())));
}

TEST(Canonical, RowsReadBack) {
  Random random(2);
  for (int round = 0; round < 300; ++round) {
    std::vector<Column> columns;
    for (size_t i = 0; i < 1 + random() % 5; ++i) {
      std::vector<Value> values = Ascending(kTypes[random() % kTypes.size()]);
      Type type = values[0].type();
      columns.push_back(Column::FromValues(type, {{values[random() % values.size()]}}));
    }
    std::vector<const Column*> row;
    for (const Column& column : columns) row.push_back(&column);
    std::string bytes = CanonicalRow(row, 0);
    std::string_view rest = bytes;
    for (const Column& column : columns) {
      auto value = ReadCanonical(column.type(), &rest);
      ASSERT_THAT(value, testing::IsOk());
      EXPECT_EQ(*value, column.ValueAt(0));
    }
    EXPECT_TRUE(rest.empty());
  }
}

TEST(Canonical, DamagedBytesAreRefused) {
  for (Type type : kTypes) {
    for (const Value& value : Ascending(type)) {
      std::string good = Bytes(value);
      for (size_t size = 0; size < good.size(); ++size) {
        std::string_view cut = std::string_view(good).substr(0, size);
        EXPECT_THAT(ReadCanonical(type, &cut),
                    testing::FailsWith(ErrorKind::kCorrupt, HasSubstr("row")));
      }
      std::string other_tag = "\x02" + good.substr(1);
      std::string_view bytes = other_tag;
      EXPECT_THAT(ReadCanonical(type, &bytes),
                  testing::FailsWith(ErrorKind::kCorrupt, HasSubstr("row")));
    }
  }
  for (std::string_view bad : {std::string_view("\x01\x02"), std::string_view("\x01\xff")}) {
    EXPECT_THAT(ReadCanonical(kBoolean, &bad),
                testing::FailsWith(ErrorKind::kCorrupt, HasSubstr("row")));
  }
  std::string_view text(
      "\x01"
      "a\0b",
      4);
  EXPECT_THAT(ReadCanonical(kVarchar, &text),
              testing::FailsWith(ErrorKind::kCorrupt, HasSubstr("row")));
}

}  // namespace
}  // namespace millpond::kernel
