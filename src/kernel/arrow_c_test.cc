// The way out through the Arrow C data interface and back; what is refused; slices and
// dictionaries.
#include "kernel/arrow_c.h"

#include "base/testing/result_matchers.h"

namespace millpond::kernel {
namespace {

using ::millpond::testing::FailsWith;
using ::testing::HasSubstr;

Batch MakeBatch() {
  Batch batch;
  batch.rows = 3;
  auto add = [&](Type type, std::vector<Value> values) {
    batch.names.push_back(ToString(type));
    batch.columns.push_back(Column::FromValues(type, values));
  };
  add(kBoolean, {Value::Boolean(true), Value::Null(kBoolean), Value::Boolean(false)});
  add(kBigint, {Value::Bigint(INT64_MIN), Value::Null(kBigint), Value::Bigint(7)});
  add(kDouble, {Value::Double(0.1), Value::Null(kDouble), Value::Double(-0.0)});
  add(Decimal(38, 2), {Value::MakeDecimal(1 - PowerOfTen(38), 38, 2), Value::Null(Decimal(38, 2)),
                       Value::MakeDecimal(5, 38, 2)});
  add(kVarchar, {Value::Varchar("Ä"), Value::Null(kVarchar), Value::Varchar("")});
  add(kDate, {Value::Date(-1), Value::Null(kDate), Value::Date(10'000)});
  add(kTimestamp, {Value::Timestamp(-1), Value::Null(kTimestamp), Value::Timestamp(5)});
  add(kInterval, {Value::Interval(1), Value::Null(kInterval), Value::Interval(-5)});
  add(kNullType, {Value(), Value(), Value()});
  return batch;
}

TEST(ArrowC, ThereAndBack) {
  ArrowSchema schema;
  ArrowArray array;
  ExportBatch(MakeBatch(), &schema, &array);
  MP_ASSERT_OK_AND_ASSIGN(Batch back, ImportBatch(schema, array));
  Batch batch = MakeBatch();
  ASSERT_EQ(back.names, batch.names);
  for (size_t i = 0; i < batch.columns.size(); ++i) {
    ASSERT_EQ(back.columns[i].type(), batch.columns[i].type());
    for (int64_t row = 0; row < 3; ++row) {
      EXPECT_EQ(back.columns[i].ValueAt(row), batch.columns[i].ValueAt(row));
    }
  }
  // A slice: rows 1 and 2.
  array.offset = 1;
  array.length = 2;
  MP_ASSERT_OK_AND_ASSIGN(Batch slice, ImportBatch(schema, array));
  for (size_t i = 0; i < batch.columns.size(); ++i) {
    EXPECT_EQ(slice.columns[i].ValueAt(1), batch.columns[i].ValueAt(2));
  }
  schema.release(&schema);
  array.release(&array);
  EXPECT_EQ(schema.release, nullptr);
  EXPECT_EQ(array.release, nullptr);
}

TEST(ArrowC, EmptyBatch) {
  ArrowSchema schema;
  ArrowArray array;
  Batch batch = MakeBatch();
  batch.rows = 0;
  for (Column& column : batch.columns) column = Column(column.type(), 0);
  ExportBatch(std::move(batch), &schema, &array);
  MP_ASSERT_OK_AND_ASSIGN(Batch back, ImportBatch(schema, array));
  EXPECT_EQ(back.rows, 0);
  schema.release(&schema);
  array.release(&array);
}

// One column of raw buffers, for formats that the kernel reads and never writes.
struct Raw {
  ArrowSchema child_schema{};
  ArrowArray child{};
  ArrowSchema schema{};
  ArrowArray array{};
  ArrowSchema* schema_child = &child_schema;
  ArrowArray* array_child = &child;
  const void* buffers[3] = {nullptr, nullptr, nullptr};

  Raw(const char* format, const void* data, int64_t length) {
    buffers[1] = data;
    child_schema.format = format;
    child_schema.name = "x";
    child.length = length;
    child.n_buffers = 2;
    child.buffers = buffers;
    schema.format = "+s";
    schema.n_children = 1;
    schema.children = &schema_child;
    array.length = length;
    array.n_children = 1;
    array.children = &array_child;
  }
  Result<Batch> Import() const { return ImportBatch(schema, array); }
};

TEST(ArrowC, NarrowAndWideNumbers) {
  int8_t small[] = {-1, 5};
  EXPECT_EQ(Raw("c", small, 2).Import()->columns[0].ValueAt(0), Value::Bigint(-1));
  uint32_t natural[] = {0xffffffff};
  EXPECT_EQ(Raw("I", natural, 1).Import()->columns[0].ValueAt(0), Value::Bigint(4294967295));
  uint64_t past[] = {uint64_t{1} << 63};
  EXPECT_THAT(Raw("L", past, 1).Import(),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("9223372036854775808")));
  float real[] = {0.1F};
  EXPECT_EQ(Raw("f", real, 1).Import()->columns[0].ValueAt(0), Value::Double(double{0.1F}));
  int64_t nanos[] = {-1, 1'999};
  EXPECT_EQ(Raw("tsn:", nanos, 2).Import()->columns[0].ValueAt(0), Value::Timestamp(-1));
  EXPECT_EQ(Raw("tsn:", nanos, 2).Import()->columns[0].ValueAt(1), Value::Timestamp(1));
  int64_t seconds[] = {2, INT64_MAX};
  EXPECT_EQ(Raw("tss:UTC", seconds, 2).Import()->columns[0].ValueAt(0),
            Value::Timestamp(2'000'000));
  EXPECT_TRUE(Raw("tss:UTC", seconds, 2).Import()->columns[0].IsNull(1));
  int64_t unscaled[] = {-250};
  EXPECT_EQ(Raw("d:10,2,64", unscaled, 1).Import()->columns[0].ValueAt(0),
            Value::MakeDecimal(-250, 10, 2));
}

TEST(ArrowC, Dictionary) {
  int8_t indices[] = {1, 0, 1};
  Raw raw("c", indices, 3);
  int32_t offsets[] = {0, 1, 3};
  const void* buffers[] = {nullptr, offsets, "abb"};
  ArrowArray values{};
  values.length = 2;
  values.n_buffers = 3;
  values.buffers = buffers;
  ArrowSchema type{};
  type.format = "u";
  raw.child_schema.dictionary = &type;
  raw.child.dictionary = &values;
  MP_ASSERT_OK_AND_ASSIGN(Batch batch, raw.Import());
  EXPECT_EQ(batch.columns[0].ValueAt(0), Value::Varchar("bb"));
  EXPECT_EQ(batch.columns[0].ValueAt(1), Value::Varchar("a"));
  indices[2] = 2;
  EXPECT_THAT(raw.Import(), FailsWith(ErrorKind::kCorrupt, HasSubstr("no index 2")));
}

TEST(ArrowC, RefusesByName) {
  int64_t data[] = {0, 0};
  EXPECT_THAT(Raw("z", data, 1).Import(),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("column x has Arrow format 'z'")));
  EXPECT_THAT(Raw("tiM", data, 1).Import(), FailsWith(ErrorKind::kUnsupported, HasSubstr("'tiM'")));
  EXPECT_THAT(Raw("d:50,2,256", data, 1).Import(),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("'d:50,2,256'")));
}

}  // namespace
}  // namespace millpond::kernel
