// Batches through the Arrow C data interface: every type, NULLs, slices, and what others send.
#include "kernel/arrow_c.h"

#include <array>
#include <cmath>
#include <limits>

#include "base/testing/result_matchers.h"

namespace millpond::kernel {
namespace {

using ::testing::HasSubstr;

Batch EveryType() {
  Batch batch;
  auto add = [&](std::string name, Type type, std::vector<Value> values) {
    for (size_t i = 1; i < 24; i += 3)
      values.insert(values.begin() + static_cast<int64_t>(i), Value());
    while (values.size() < 20) values.push_back(values[values.size() % 3]);
    values.resize(20);
    batch.names.push_back(std::move(name));
    batch.columns.push_back(Column::FromValues(type, values));
  };
  auto eight = [](auto make) {
    std::vector<Value> values;
    for (int i = 0; i < 16; ++i) values.push_back(make(i));
    return values;
  };
  add("null", kNullType, eight([](int) { return Value(); }));
  add("boolean", kBoolean, eight([](int i) { return Value::Boolean(i % 3 == 0); }));
  add("bigint", kBigint, eight([](int i) { return Value::Bigint(INT64_MIN + i); }));
  add("double", kDouble,
      eight([](int i) { return Value::Double(i == 7 ? std::nan("") : i / 3.0); }));
  add("decimal", Decimal(38, 5),
      eight([](int i) { return Value::MakeDecimal(1 - PowerOfTen(38) + i, 38, 5); }));
  add("varchar", kVarchar, eight([](int i) { return Value::Varchar(std::string(i % 4, 'a')); }));
  add("date", kDate, eight([](int i) { return Value::Date(INT32_MIN + i); }));
  add("timestamp", kTimestamp, eight([](int i) { return Value::Timestamp(-i); }));
  add("interval", kInterval, eight([](int i) { return Value::Interval(i - 4); }));
  batch.rows = 20;
  return batch;
}

void ExpectRows(const Batch& batch, const Batch& expected, int64_t from) {
  ASSERT_EQ(batch.columns.size(), expected.columns.size());
  EXPECT_EQ(batch.names, expected.names);
  for (size_t i = 0; i < batch.columns.size(); ++i) {
    ASSERT_EQ(batch.columns[i].type(), expected.columns[i].type());
    ASSERT_EQ(batch.columns[i].size(), batch.rows);
    for (int64_t row = 0; row < batch.rows; ++row) {
      EXPECT_EQ(batch.columns[i].ValueAt(row), expected.columns[i].ValueAt(from + row))
          << batch.names[i] << " row " << row;
    }
  }
}

TEST(ArrowCSlices, EveryTypeComesBack) {
  Batch batch = EveryType();
  ArrowSchema schema;
  ArrowArray array;
  ExportBatch(batch, &schema, &array);
  auto back = ImportBatch(schema, array);
  MP_ASSERT_OK(back);
  ExpectRows(*back, batch, 0);
  // Slices: of the struct, of its children, of both.
  for (auto [parent, child] : {std::pair(3, 0), std::pair(0, 5), std::pair(9, 2)}) {
    array.offset = parent;
    array.length = batch.rows - parent - child;
    for (int64_t i = 0; i < array.n_children; ++i) array.children[i]->offset = child;
    auto slice = ImportBatch(schema, array);
    MP_ASSERT_OK(slice);
    ASSERT_EQ(slice->rows, batch.rows - parent - child);
    ExpectRows(*slice, batch, parent + child);
  }
  array.release(&array);
  schema.release(&schema);
  EXPECT_EQ(array.release, nullptr);
  EXPECT_EQ(schema.release, nullptr);
}

// One column as another library would send it; rows [1, 4) of the buffers, the second of them NULL.
struct Foreign {
  Foreign(const char* format, const void* values, const void* bytes = nullptr) {
    buffers = {&bits, values, bytes};
    child_schema.format = format;
    child_schema.name = "x";
    child.length = 4;
    child.n_buffers = bytes == nullptr ? 2 : 3;
    child.buffers = buffers.data();
    schema.format = "+s";
    schema.n_children = 1;
    schema.children = &child_schema_at;
    array.length = 3;
    array.offset = 1;
    array.n_children = 1;
    array.children = &child_at;
  }
  Result<Batch> Import() const { return ImportBatch(schema, array); }
  std::vector<Value> Values() const {
    auto batch = Import();
    MP_EXPECT_OK(batch);
    std::vector<Value> values;
    for (int64_t row = 0; row < 3; ++row) values.push_back(batch->columns[0].ValueAt(row));
    return values;
  }

  uint8_t bits = 0b1011;
  std::array<const void*, 3> buffers{};
  ArrowSchema child_schema{};
  ArrowSchema* child_schema_at = &child_schema;
  ArrowArray child{};
  ArrowArray* child_at = &child;
  ArrowSchema schema{};
  ArrowArray array{};
};

template <typename T>
std::vector<Value> Import(const char* format, std::array<T, 4> values) {
  return Foreign(format, values.data()).Values();
}

std::vector<Value> Around(const Value& first, const Value& last) {
  return {first, Value::Null(first.type()), last};
}

TEST(ArrowCSlices, IntegersOfEveryWidth) {
  EXPECT_EQ(Import<int8_t>("c", {0, -128, 1, 127}),
            Around(Value::Bigint(-128), Value::Bigint(127)));
  EXPECT_EQ(Import<uint8_t>("C", {0, 128, 1, 255}), Around(Value::Bigint(128), Value::Bigint(255)));
  EXPECT_EQ(Import<int16_t>("s", {0, -9, 1, 9}), Around(Value::Bigint(-9), Value::Bigint(9)));
  EXPECT_EQ(Import<uint16_t>("S", {0, 65535, 1, 9}),
            Around(Value::Bigint(65535), Value::Bigint(9)));
  EXPECT_EQ(Import<int32_t>("i", {0, -9, 1, 9}), Around(Value::Bigint(-9), Value::Bigint(9)));
  EXPECT_EQ(Import<uint32_t>("I", {0, 4294967295, 1, 9}),
            Around(Value::Bigint(4294967295), Value::Bigint(9)));
  EXPECT_EQ(Import<uint64_t>("L", {0, 8, 1, 9}), Around(Value::Bigint(8), Value::Bigint(9)));
  std::array<uint64_t, 4> past = {0, uint64_t{1} << 63, 0, 0};
  EXPECT_THAT(Foreign("L", past.data()).Import(),
              testing::FailsWith(ErrorKind::kInvalidArgument, HasSubstr("past BIGINT's range")));
}

TEST(ArrowCSlices, TimesFloorToMicroseconds) {
  EXPECT_EQ(Import<int64_t>("tss:UTC", {0, -1, 5, 2}),
            Around(Value::Timestamp(-1'000'000), Value::Timestamp(2'000'000)));
  EXPECT_EQ(Import<int64_t>("tsm:", {0, -1, 5, 2}),
            Around(Value::Timestamp(-1'000), Value::Timestamp(2'000)));
  EXPECT_EQ(Import<int64_t>("tsn:", {0, -1, 5, 1999}),
            Around(Value::Timestamp(-1), Value::Timestamp(1)));
  EXPECT_EQ(Import<int64_t>("tDs", {0, -1, 5, 2}),
            Around(Value::Interval(-1'000'000), Value::Interval(2'000'000)));
  EXPECT_EQ(Import<int64_t>("tdm", {0, -1, 5, 86'400'000}),
            Around(Value::Date(-1), Value::Date(1)));
  // Too far off for microseconds: NULL.
  EXPECT_EQ(Import<int64_t>("tss:", {0, INT64_MAX, 5, 2}),
            Around(Value::Null(kTimestamp), Value::Timestamp(2'000'000)));
}

TEST(ArrowCSlices, FloatsDecimalsTextsAndDictionaries) {
  EXPECT_EQ(Import<float>("f", {0, 0.5F, 1, -2}), Around(Value::Double(0.5), Value::Double(-2)));
  EXPECT_EQ(Import<int64_t>("d:9,2,64", {0, -125, 1, 3}),
            Around(Value::MakeDecimal(-125, 9, 2), Value::MakeDecimal(3, 9, 2)));
  EXPECT_EQ(Import<int32_t>("d:9,2,32", {0, -125, 1, 3}),
            Around(Value::MakeDecimal(-125, 9, 2), Value::MakeDecimal(3, 9, 2)));
  std::array<int64_t, 5> offsets = {0, 1, 3, 3, 4};
  EXPECT_EQ(Foreign("U", offsets.data(), "abcd").Values(),
            Around(Value::Varchar("bc"), Value::Varchar("d")));

  std::array<int32_t, 5> words = {0, 1, 3, 3, 4};
  Foreign values("u", words.data(), "abcd");
  std::array<int8_t, 4> indices = {9, 1, 9, 2};
  Foreign dictionary("c", indices.data());
  dictionary.child_schema.dictionary = &values.child_schema;
  dictionary.child.dictionary = &values.child;
  EXPECT_EQ(dictionary.Values(), Around(Value::Varchar("bc"), Value::Null(kVarchar)));
  indices[1] = 4;
  EXPECT_THAT(dictionary.Import(),
              testing::FailsWith(ErrorKind::kCorrupt, HasSubstr("no index 4")));
}

TEST(ArrowCSlices, WhatFeaturesCannotReadIsRefused) {
  std::array<int64_t, 4> zeros{};
  for (const char* format : {"+l", "z", "ttu", "d:50,2,256", "d:9,2,100", "tiM", "vu"}) {
    EXPECT_THAT(Foreign(format, zeros.data()).Import(),
                testing::FailsWith(ErrorKind::kUnsupported, HasSubstr(format)));
  }
}

}  // namespace
}  // namespace millpond::kernel
