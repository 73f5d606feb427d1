// Tables with variants and void columns that others wrote: SQL and ScanTable give the same values,
// and bytes that are no variant are an error that names file and column in both.
#include <cstdlib>

#include "data/delta/rows/variant_columns.h"
#include "data/sql/sql_test_tables.h"
#include "data/sql/value_text.h"

namespace millpond::data {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOkAnd;
using testing_sql::Rows;
using Table = testing_sql::HandMadeTable;
using testing_sql::WithId;

constexpr const char* kFeature = R"("variantType")";

std::shared_ptr<arrow::DataType> Group(bool value_first = false) {
  arrow::FieldVector parts = {arrow::field("metadata", arrow::binary(), false),
                              arrow::field("value", arrow::binary(), false)};
  if (value_first) std::swap(parts[0], parts[1]);
  return arrow::struct_(parts);
}

// JSON of a group whose bytes are below 128; `value` as JSON escapes.
std::string Variant(const std::string& value,
                    const std::string& metadata = R"(\u0001\u0000\u0000)") {
  return fmt::format(R"({{"metadata":"{}","value":"{}"}})", metadata, value);
}

class VariantTest : public testing_sql::ReadPathsFixture {
 protected:
  // Rows by ScanTable with variants as JSON, in the same spelling as BySql.
  Result<Rows> ScanAsJson(const std::string& path) {
    MP_ASSIGN_OR_RETURN(auto snapshot, Latest(path));
    MP_ASSIGN_OR_RETURN(auto reader, ScanTable(machine_.env, snapshot, {.batch_rows = 3}));
    Rows rows;
    std::shared_ptr<arrow::RecordBatch> batch;
    while (true) {
      MP_ARROW_RETURN_IF_ERROR(reader->ReadNext(&batch));
      if (batch == nullptr) break;
      arrow::ArrayVector columns;
      for (int i = 0; i < batch->num_columns(); ++i) {
        const StructField& field = snapshot->schema().fields()[i];
        MP_ASSIGN_OR_RETURN(
            auto column, VariantsAs(VariantForm::kJson, batch->column(i), field.type, field.name));
        columns.push_back(std::move(column));
      }
      AppendTexts(columns, batch->num_rows(), &rows);
    }
    std::ranges::sort(rows);
    return rows;
  }

  Result<Rows> QueryAsJson(const std::string& path) {
    MP_ASSIGN_OR_RETURN(auto result,
                        session_->Execute(fmt::format("SELECT * FROM delta.`{}`", path), "q.sql"));
    Rows rows;
    std::shared_ptr<arrow::RecordBatch> batch;
    while (true) {
      MP_ARROW_RETURN_IF_ERROR(result.rows->ReadNext(&batch));
      if (batch == nullptr) break;
      AppendTexts(batch->columns(), batch->num_rows(), &rows);
    }
    std::ranges::sort(rows);
    return rows;
  }

  static void AppendTexts(const arrow::ArrayVector& columns, int64_t count, Rows* rows) {
    for (int64_t row = 0; row < count; ++row) {
      std::string text;
      for (const auto& column : columns)
        text += (column->IsNull(row) ? "" : CellText(*column, row)) + "|";
      rows->push_back(std::move(text));
    }
  }

  Result<Rows> BothAsJson(const std::string& path) {
    const auto scanned = ScanAsJson(path);
    const auto queried = QueryAsJson(path);
    if (scanned.has_value() && queried.has_value()) {
      EXPECT_EQ(*scanned, *queried);
    }
    EXPECT_EQ(scanned.has_value(), queried.has_value())
        << (scanned ? queried.error() : scanned.error()).ToString();
    return scanned;
  }

  std::string Unpack(const std::string& name) {
    const std::string command = fmt::format("tar --zstd -xf '{}/{}.tar.zst' -C '{}'",
                                            MILLPOND_SPARK_TABLES, name, dir_.path());
    EXPECT_EQ(std::system(command.c_str()), 0);
    return dir_ / name + "/delta";
  }
};

TEST_F(VariantTest, WhatSparkWroteIsRead) {
  const std::string path = Unpack("variant");
  EXPECT_THAT(BothAsJson(path),
              IsOkAnd(ElementsAre(R"(1|{"a":[1,2.5,"x",null,true]}|)", "2||", "3|12|")));
  EXPECT_THAT(Run(fmt::format("SELECT id FROM delta.`{}` WHERE v IS NULL", path)),
              IsOkAnd("id\n2\n"));
  EXPECT_THAT(
      Run(fmt::format("SELECT v.a[1]::DOUBLE AS x FROM delta.`{}` WHERE v.a IS NOT NULL", path)),
      IsOkAnd("x\n2.5\n"));
}

TEST_F(VariantTest, VoidColumnsOfSparkAreNull) {
  const std::string path = Unpack("void_column");
  EXPECT_THAT(BothAsJson(path), IsOkAnd(ElementsAre("1||", "2||")));
  MP_ASSERT_OK_AND_ASSIGN(
      const auto result,
      session_->Execute(fmt::format("SELECT nothing FROM delta.`{}`", path), "q.sql"));
  EXPECT_EQ(result.rows->schema()->field(0)->type()->id(), arrow::Type::NA);
}

TEST_F(VariantTest, EveryRowGetsItsOwnValue) {
  // Several row groups, deleted and filtered rows, a file without the column, parts the other way
  // round and NULLs.
  Table table(machine_.env, dir_ / "t");
  const auto schema =
      arrow::schema({arrow::field("a", arrow::int64()), arrow::field("v", Group())});
  const auto turned =
      arrow::schema({arrow::field("v", Group(true)), arrow::field("a", arrow::int64())});
  std::string rows = "[";
  Rows expected;
  for (int i = 0; i < 50; ++i) {
    const std::string value = i % 7 == 3 ? "null" : Variant(fmt::format(R"(\u000c\u{:04x})", i));
    rows += fmt::format(R"({}{{"a":{},"v":{}}})", i == 0 ? "" : ",", i, value);
    expected.push_back(fmt::format("{}|{}|", i, i % 7 == 3 ? "" : std::to_string(i)));
  }
  expected.insert(expected.end(), {"100||", "200|true|"});
  std::ranges::sort(expected);
  table.Commit(
      {Table::Protocol(kFeature),
       Table::Metadata(Table::Field("a", "long") + "," + Table::Field("v", "variant")),
       table.File("many", schema, rows + "]", "", "", /*row_group_rows=*/7),
       table.File("none", arrow::schema({arrow::field("a", arrow::int64())}), R"([{"a":100}])"),
       table.File("turned", turned, R"([{"a":200,"v":)" + Variant(R"(\u0004)") + "}]")});
  EXPECT_THAT(BothAsJson(table.path()), IsOkAnd(expected));
  const auto sql = [&](const std::string& list, const std::string& rest) {
    return Run(fmt::format("SELECT {} FROM delta.`{}` {}", list, table.path(), rest));
  };
  EXPECT_THAT(sql("a, v", "WHERE a IN (0, 13, 14, 48) ORDER BY a"),
              IsOkAnd("a,v\n0,0\n13,13\n14,14\n48,48\n"));
  EXPECT_THAT(sql("a", "WHERE v::VARCHAR IN ('13', '47') ORDER BY a"), IsOkAnd("a\n13\n47\n"));
  EXPECT_THAT(sql("count(*) AS n, count(v) AS v", ""), IsOkAnd("n,v\n52,44\n"));
  EXPECT_THAT(sql("sum(v::INT) AS s", "WHERE a < 50 AND a % 7 <> 3"), IsOkAnd("s\n1057\n"));
  EXPECT_THAT(sql("v, a", "ORDER BY a DESC LIMIT 3"), IsOkAnd("v,a\ntrue,200\n,100\n49,49\n"));
  EXPECT_THAT(sql("v AS x, v AS y", "WHERE a = 5"), IsOkAnd("x,y\n5,5\n"));
}

TEST_F(VariantTest, ColumnsAreMappedAndVariantsNested) {
  Table table(machine_.env, dir_ / "t");
  const auto group = Group();
  const auto schema = arrow::schema(
      {WithId(arrow::field("p-1", arrow::list(arrow::field("item", group))), 1),
       WithId(arrow::field("p-2", arrow::struct_({WithId(arrow::field("p-3", group), 3)})), 2),
       WithId(arrow::field("p-4", arrow::map(arrow::utf8(), group)), 4)});
  const std::string one = Variant(R"(\u000c\u0001)"), yes = Variant(R"(\u0004)");
  const std::string inner = R"({"type":"struct","fields":[)" +
                            Table::Field("x", "variant", Table::Mapping(3, "p-3")) + "]}";
  table.Commit(
      {Table::Protocol(R"("variantType-preview","columnMapping")"),
       Table::Metadata(
           Table::Field("l",
                        R"({"type":"array","elementType":{"type":"variant"},"containsNull":true})",
                        Table::Mapping(1, "p-1")) +
               "," + Table::Field("s", inner, Table::Mapping(2, "p-2")) + "," +
               Table::Field(
                   "m",
                   R"({"type":"map","keyType":"string","valueType":"variant","valueContainsNull":true})",
                   Table::Mapping(4, "p-4")),
           R"("delta.columnMapping.mode":"name","delta.columnMapping.maxColumnId":"4")"),
       table.File("one", schema,
                  fmt::format(R"([{{"p-1":[{0},null,{1}],"p-2":{{"p-3":{1}}},"p-4":[["k",{0}]]}},)"
                              R"({{"p-1":null,"p-2":null,"p-4":[]}}])",
                              one, yes))});
  MP_ASSERT_OK(BothAsJson(table.path()));
  EXPECT_THAT(Run(fmt::format("SELECT l, s.x AS x, m['k'] AS k FROM delta.`{}`", table.path())),
              IsOkAnd("l,x,k\n\"[\"\"1\"\",null,\"\"true\"\"]\",true,1\n,,\n"));
}

class HostileVariant : public VariantTest {
 protected:
  // A table of one file with this column of type variant in it.
  std::string Make(const std::shared_ptr<arrow::DataType>& type, const std::string& value) {
    Table table(machine_.env, dir_ / fmt::format("t{}", made_++));
    const auto schema = arrow::schema({arrow::field("a", arrow::int64()), arrow::field("v", type)});
    table.Commit(
        {Table::Protocol(kFeature),
         Table::Metadata(Table::Field("a", "long") + "," + Table::Field("v", "variant")),
         table.File("file.parquet", schema, R"([{"a":0,"v":null},{"a":1,"v":)" + value + "}]")});
    return table.path();
  }

  // `by_row`: a row without a value is read all the same.
  void Refuses(const std::string& path, ErrorKind kind, const std::string& why, bool by_row) {
    const auto names = AllOf(HasSubstr("file.parquet"), HasSubstr("'v"), HasSubstr(why));
    EXPECT_THAT(QueryAsJson(path), FailsWith(kind, names));
    EXPECT_THAT(Run(fmt::format("SELECT a FROM delta.`{}` ORDER BY a", path)),
                IsOkAnd("a\n0\n1\n"));  // nobody looks at v
    if (!by_row) return;
    EXPECT_THAT(Run(fmt::format("SELECT a, v FROM delta.`{}` WHERE a = 0", path)),
                IsOkAnd("a,v\n0,\n"));
  }

  int made_ = 0;
};

TEST_F(HostileVariant, BytesThatAreNone) {
  const auto refuses = [&](const std::string& bytes, const std::string& why) {
    SCOPED_TRACE(bytes);
    Refuses(Make(Group(), bytes), ErrorKind::kCorrupt, why, /*by_row=*/true);
  };
  refuses(Variant(""), "without a value");
  refuses(Variant(R"(\u0014\u0001)"), "cut off in a value");
  refuses(Variant(R"(\u0002\u0001\u0000\u0000\u0001\u0000)"), "name 0, where 0 are there");
  refuses(Variant(R"(\u0003\u0001\u0000\u0009\u0000)"), "last part goes past its end");
  refuses(Variant(R"(\u0000)", ""), "metadata goes past its end");
  refuses(Variant(R"(\u0000)", R"(\u0001\u007f\u0000)"), "list of names");
}

TEST_F(HostileVariant, GroupsThatAreNone) {
  const auto binary = arrow::binary();
  const auto other = [&](const arrow::FieldVector& parts) { return arrow::struct_(parts); };
  Refuses(Make(other({arrow::field("metadata", binary), arrow::field("value", binary),
                      arrow::field("typed_value", arrow::int64())}),
               R"({"metadata":"\u0001\u0000\u0000","value":null,"typed_value":5})"),
          ErrorKind::kUnsupported, "shredded", /*by_row=*/false);
  Refuses(Make(other({arrow::field("metadata", binary)}), R"({"metadata":"\u0001\u0000\u0000"})"),
          ErrorKind::kCorrupt, "no 'value' in it", /*by_row=*/false);
  Refuses(Make(other({arrow::field("metadata", binary), arrow::field("value", arrow::int64())}),
               R"({"metadata":"\u0001\u0000\u0000","value":5})"),
          ErrorKind::kCorrupt, "v.value'", /*by_row=*/false);
  Refuses(Make(other({arrow::field("metadata", binary), arrow::field("value", binary)}),
               R"({"metadata":"\u0001\u0000\u0000","value":null})"),
          ErrorKind::kCorrupt, "without a value", /*by_row=*/true);
  Refuses(Make(arrow::int64(), "5"), ErrorKind::kCorrupt, "variant in the table",
          /*by_row=*/false);
}

TEST_F(HostileVariant, ATableThatMayHoldShreddedOnesIsRefusedByName) {
  Table table(machine_.env, dir_ / "t");
  table.Commit({Table::Protocol(R"("variantType","variantShredding")"),
                Table::Metadata(Table::Field("v", "variant"))});
  EXPECT_THAT(BothAsJson(table.path()),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("'variantShredding'")));
}

}  // namespace
}  // namespace millpond::data
