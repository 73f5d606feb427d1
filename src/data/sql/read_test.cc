// What readers owe a table whatever wrote it: deletion vectors, column mapping, row ids. Every
// table is read by SQL and by ScanTable.
#include "data/delta/rows/deletion_vector.h"
#include "data/sql/sql_test_tables.h"

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

class ReadTest : public testing_sql::ReadPathsFixture {
 protected:
  // "deletionVector":{…} of these rows, in a file of the table.
  std::string Vector(const Table& table, std::initializer_list<uint64_t> rows) {
    RowSet set;
    for (uint64_t row : rows) set.Add(row);
    DeletionVectorWriter writer(machine_.env, table.path());
    const DeletionVector vector = writer.Append(set);
    EXPECT_TRUE(writer.Finish().has_value());
    return fmt::format(
        R"("deletionVector":{{"storageType":"u","pathOrInlineDv":"{}","offset":{},"sizeInBytes":{},"cardinality":{}}})",
        vector.path_or_inline, *vector.offset, vector.size_bytes, vector.cardinality);
  }

  Result<std::string> Sql(const Table& table, const std::string& list,
                          const std::string& rest = "") {
    return Run(fmt::format("SELECT {} FROM delta.`{}` {}", list, table.path(), rest));
  }
};

TEST_F(ReadTest, DeletedRowsAreLeftOutInEveryPath) {
  Table table(machine_.env, dir_ / "t");
  const auto schema = arrow::schema({arrow::field("a", arrow::int64())});
  table.Commit({Table::Protocol(R"("deletionVectors")"), Table::Metadata(Table::Field("a", "long")),
                table.File("one", schema, R"([{"a":0},{"a":1},{"a":2},{"a":3},{"a":4},{"a":5}])",
                           Vector(table, {0, 3, 5}), "", /*row_group_rows=*/2),
                table.File("two", schema, R"([{"a":10},{"a":11}])", Vector(table, {0, 1})),
                table.File("three", schema, R"([{"a":20}])")});
  EXPECT_THAT(Both(table.path()), IsOkAnd(ElementsAre("1|", "20|", "2|", "4|")));
  EXPECT_THAT(Sql(table, "count(*) AS n"), IsOkAnd("n\n4\n"));
  EXPECT_THAT(Sql(table, "sum(a) AS n", "WHERE a >= 2"), IsOkAnd("n\n26\n"));
  EXPECT_THAT(Sql(table, "a", "WHERE a = 3"), IsOkAnd("a\n"));
  // Late materialization goes by row positions, and a self join reads the table twice.
  EXPECT_THAT(Sql(table, "a", "ORDER BY a DESC LIMIT 2"), IsOkAnd("a\n20\n4\n"));
  EXPECT_THAT(
      Run(fmt::format("SELECT count(*) AS n FROM delta.`{0}` x JOIN delta.`{0}` y USING (a)",
                      table.path())),
      IsOkAnd("n\n4\n"));
}

TEST_F(ReadTest, ScanGivesPositionsAndDeletedRowsOnDemand) {
  Table table(machine_.env, dir_ / "t");
  const auto schema = arrow::schema({arrow::field("a", arrow::int64())});
  table.Commit({Table::Protocol(R"("deletionVectors")"), Table::Metadata(Table::Field("a", "long")),
                table.File("one", schema, R"([{"a":5},{"a":6},{"a":7}])", Vector(table, {1}))});
  MP_ASSERT_OK_AND_ASSIGN(const auto snapshot, Latest(table.path()));
  const auto read = [&](ScanOptions options, Rows columns) -> Result<Rows> {
    MP_ASSIGN_OR_RETURN(auto reader, ScanTable(machine_.env, snapshot, options));
    std::vector<StructField> fields;
    for (const auto& name : columns) fields.push_back({name, TypeKind::kLong});
    return Texts(*reader, Schema(fields));
  };
  EXPECT_THAT(read({.with_row_positions = true}, {"a", kRowPositionColumn}),
              IsOkAnd(ElementsAre("5|0|", "7|2|")));
  EXPECT_THAT(
      read({.with_deleted_rows = true, .with_row_positions = true}, {"a", kRowPositionColumn}),
      IsOkAnd(ElementsAre("5|0|", "6|1|", "7|2|")));
  EXPECT_THAT(read({.columns = Rows{}, .with_row_positions = true}, {kRowPositionColumn}),
              IsOkAnd(ElementsAre("0|", "2|")));
  EXPECT_THAT(read({.with_row_ids = true}, {}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("delta.enableRowTracking")));
}

TEST_F(ReadTest, VectorPastTheFilesEndIsCorrupt) {
  Table table(machine_.env, dir_ / "t");
  const auto schema = arrow::schema({arrow::field("a", arrow::int64())});
  table.Commit({Table::Protocol(R"("deletionVectors")"), Table::Metadata(Table::Field("a", "long")),
                table.File("one", schema, R"([{"a":5}])", Vector(table, {1}))});
  EXPECT_THAT(Both(table.path()),
              FailsWith(ErrorKind::kCorrupt,
                        AllOf(HasSubstr("data file one of table"), HasSubstr("version 0"))));
}

TEST_F(ReadTest, FlippedVectorIsCorruptAndNamed) {
  Table table(machine_.env, dir_ / "t");
  const auto schema = arrow::schema({arrow::field("a", arrow::int64())});
  table.Commit({Table::Protocol(R"("deletionVectors")"), Table::Metadata(Table::Field("a", "long")),
                table.File("one", schema, R"([{"a":5},{"a":6}])", Vector(table, {1}))});
  for (const auto& entry : std::filesystem::directory_iterator(table.path())) {
    if (entry.path().extension() != ".bin") continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(-6, std::ios::end);
    file.put('\x7f');
  }
  EXPECT_THAT(Both(table.path()),
              FailsWith(ErrorKind::kCorrupt,
                        AllOf(HasSubstr("does not match its checksum"), HasSubstr("one"))));
}

// One column "s" struct<x, l array<struct<y>>, m map<string, struct<z>>> and "p", each with its
// mapping; the files call them otherwise.
std::string MappedFields() {
  const std::string inner = Table::Field("y", "long", Table::Mapping(4, "c4"));
  const std::string list =
      R"({"type":"array","containsNull":true,"elementType":{"type":"struct","fields":[)" + inner +
      "]}}";
  const std::string value = Table::Field("z", "string", Table::Mapping(6, "c6"));
  const std::string map =
      R"({"type":"map","keyType":"string","valueContainsNull":true,"valueType":{"type":"struct","fields":[)" +
      value + "]}}";
  const std::string structure = R"({"type":"struct","fields":[)" +
                                Table::Field("x", "long", Table::Mapping(2, "c2")) + "," +
                                Table::Field("l", list, Table::Mapping(3, "c3")) + "," +
                                Table::Field("m", map, Table::Mapping(5, "c5")) + "]}";
  return Table::Field("s", structure, Table::Mapping(1, "c1")) + "," +
         Table::Field("p", "long", Table::Mapping(7, "c7"));
}

std::shared_ptr<arrow::Schema> MappedFile(const std::vector<std::string>& names, bool ids) {
  const auto field = [&](int i, std::shared_ptr<arrow::DataType> type) {
    auto made = arrow::field(names[i - 1], std::move(type));
    return ids ? WithId(made, i) : made;
  };
  const auto l = arrow::list(arrow::struct_({field(4, arrow::int64())}));
  const auto m = arrow::map(arrow::utf8(), arrow::struct_({field(6, arrow::utf8())}));
  return arrow::schema(
      {field(7, arrow::int64()),
       field(1, arrow::struct_({field(5, m), field(3, l), field(2, arrow::int64())}))});
}

constexpr char kMappedRows[] =
    R"([[7, [[["k", ["v"]]], [[41], [42]], 2]], [8, [null, null, null]], [9, null]])";

TEST_F(ReadTest, NameModeGoesByPhysicalNamesAtEveryLevel) {
  Table table(machine_.env, dir_ / "t");
  const Rows physical = {"c1", "c2", "c3", "c4", "c5", "c6", "c7"};
  table.Commit({Table::Protocol(R"("columnMapping")"),
                Table::Metadata(MappedFields(), R"("delta.columnMapping.mode":"name")"),
                table.File("one", MappedFile(physical, false), kMappedRows)});
  const auto rows = Both(table.path());
  EXPECT_THAT(rows, IsOkAnd(::testing::SizeIs(3)));
  EXPECT_THAT(Sql(table, "p, s.x, s.l[2].y AS y, s.m['k'].z AS z, s IS NULL AS n", "ORDER BY p"),
              IsOkAnd("p,x,y,z,n\n7,2,42,v,false\n8,,,,false\n9,,,,true\n"));
  EXPECT_THAT(Sql(table, "p", "WHERE s.x = 2"), IsOkAnd("p\n7\n"));
  EXPECT_THAT(Sql(table, "s.l[1].y AS y", "WHERE p = 7"), IsOkAnd("y\n41\n"));
}

TEST_F(ReadTest, IdModeGoesByIdsAlone) {
  Table table(machine_.env, dir_ / "t");
  const Rows misleading = {"p", "y", "x", "c2", "s", "c1", "l"};
  const Rows physical = {"c1", "c2", "c3", "c4", "c5", "c6", "c7"};
  table.Commit({Table::Protocol(R"("columnMapping")"),
                Table::Metadata(MappedFields(), R"("delta.columnMapping.mode":"id")"),
                table.File("one", MappedFile(misleading, true), kMappedRows)});
  EXPECT_THAT(Both(table.path()), IsOkAnd(::testing::SizeIs(3)));
  EXPECT_THAT(Sql(table, "p, s.x, s.l[2].y AS y, s.m['k'].z AS z, s IS NULL AS n", "ORDER BY p"),
              IsOkAnd("p,x,y,z,n\n7,2,42,v,false\n8,,,,false\n9,,,,true\n"));
  // A file without ids has none of the columns, whatever its names are.
  table.Commit({table.File("two", MappedFile(physical, false), kMappedRows)});
  EXPECT_THAT(Both(table.path()), IsOkAnd(::testing::SizeIs(6)));
  EXPECT_THAT(Sql(table, "count(*) AS n, count(p) AS p, count(s) AS s"), IsOkAnd("n,p,s\n6,3,2\n"));
}

TEST_F(ReadTest, NamesThatWereSwappedOrUsedAgainAreOtherColumns) {
  Table table(machine_.env, dir_ / "t");
  const auto a = [](int id, const std::string& physical) {
    return Table::Field("a", "long", Table::Mapping(id, physical));
  };
  const auto b = [](int id, const std::string& physical) {
    return Table::Field("b", "long", Table::Mapping(id, physical));
  };
  const auto file =
      arrow::schema({arrow::field("a", arrow::int64()), arrow::field("b", arrow::int64())});
  const std::string mode = R"("delta.columnMapping.mode":"name")";
  table.Commit(
      {Table::Protocol(R"("columnMapping")"), Table::Metadata(a(1, "b") + "," + b(2, "a"), mode),
       table.File(
           "one", file, R"([[1, 2]])", "",
           R"(\"minValues\":{\"a\":1,\"b\":2},\"maxValues\":{\"a\":1,\"b\":2},\"nullCount\":{\"a\":0,\"b\":0})")});
  EXPECT_THAT(Both(table.path()), IsOkAnd(ElementsAre("2|1|")));
  EXPECT_THAT(Sql(table, "a", "WHERE a = 2 AND b = 1"), IsOkAnd("a\n2\n"));  // by the statistics
  table.Commit({Table::Metadata(a(3, "col-new") + "," + b(2, "a"), mode)});
  EXPECT_THAT(Both(table.path()), IsOkAnd(ElementsAre("null|1|")));
  EXPECT_THAT(Sql(table, "count(*) AS n", "WHERE a IS NULL"), IsOkAnd("n\n1\n"));
}

TEST_F(ReadTest, MappedPartitionValues) {
  Table table(machine_.env, dir_ / "t");
  const auto file = arrow::schema({arrow::field("c1", arrow::int64())});
  table.Commit({Table::Protocol(R"("columnMapping")"),
                Table::Metadata(Table::Field("a", "long", Table::Mapping(1, "c1")) + "," +
                                    Table::Field("day", "date", Table::Mapping(2, "c2")),
                                R"("delta.columnMapping.mode":"name")", R"("day")")});
  std::string add = table.File("one", file, "[[1]]");
  const std::string none = R"("partitionValues":{})";
  add.replace(add.find(none), none.size(), R"("partitionValues":{"c2":"2024-05-06"})");
  table.Commit({add});
  EXPECT_THAT(Both(table.path()), IsOkAnd(ElementsAre("1|2024-05-06|")));
  EXPECT_THAT(Sql(table, "a", "WHERE day = DATE '2024-05-06'"), IsOkAnd("a\n1\n"));
  EXPECT_THAT(Sql(table, "a", "WHERE day = DATE '2024-05-07'"), IsOkAnd("a\n"));
}

TEST_F(ReadTest, RowIdsAreStoredOrWorkedOut) {
  Table table(machine_.env, dir_ / "t");
  const auto plain = arrow::schema({arrow::field("a", arrow::int64())});
  const auto with =
      arrow::schema({arrow::field("a", arrow::int64()), arrow::field("_id_", arrow::int64()),
                     arrow::field("_version_", arrow::int64())});
  table.Commit(
      {R"({"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["deletionVectors"],"writerFeatures":["deletionVectors","rowTracking","domainMetadata"]}})",
       Table::Metadata(
           Table::Field("a", "long"),
           R"("delta.enableRowTracking":"true","delta.rowTracking.materializedRowIdColumnName":"_id_","delta.rowTracking.materializedRowCommitVersionColumnName":"_version_")"),
       table.File("one", plain, "[[1],[2],[3]]",
                  Vector(table, {1}) + R"(,"baseRowId":100,"defaultRowCommitVersion":4)"),
       table.File("two", with, "[[10,7,2],[11,null,null],[12,9,null]]",
                  R"("baseRowId":200,"defaultRowCommitVersion":5)", "", /*row_group_rows=*/2)});
  EXPECT_THAT(Sql(table, "*", "ORDER BY a"), IsOkAnd("a\n1\n3\n10\n11\n12\n"));
  EXPECT_THAT(Sql(table, "a, _row_id, _row_commit_version", "ORDER BY a"),
              IsOkAnd("a,_row_id,_row_commit_version\n"
                      "1,100,4\n3,102,4\n10,7,2\n11,201,5\n12,9,5\n"));
  EXPECT_THAT(Sql(table, "_row_commit_version AS v, a", "WHERE _row_id IN (9, 102) ORDER BY a"),
              IsOkAnd("v,a\n4,3\n5,12\n"));
  EXPECT_THAT(Sql(table, "a", "WHERE _row_commit_version = 5 AND a > 11"), IsOkAnd("a\n12\n"));
  MP_ASSERT_OK_AND_ASSIGN(const auto snapshot, Latest(table.path()));
  MP_ASSERT_OK_AND_ASSIGN(auto reader, ScanTable(machine_.env, snapshot, {.with_row_ids = true}));
  const Schema all({{"a", TypeKind::kLong},
                    {kRowIdColumn, TypeKind::kLong},
                    {kRowCommitVersionColumn, TypeKind::kLong}});
  EXPECT_THAT(Texts(*reader, all),
              IsOkAnd(ElementsAre("10|7|2|", "11|201|5|", "12|9|5|", "1|100|4|", "3|102|4|")));
}

TEST_F(ReadTest, HiddenColumnsGiveWayAndStayHidden) {
  Table table(machine_.env, dir_ / "t");
  table.Commit(
      {R"({"protocol":{"minReaderVersion":1,"minWriterVersion":7,"writerFeatures":["rowTracking","domainMetadata"]}})",
       Table::Metadata(Table::Field("_row_id", "string"), R"("delta.enableRowTracking":"true")"),
       table.File("one", arrow::schema({arrow::field("_row_id", arrow::utf8())}), R"([["x"]])",
                  R"("baseRowId":3,"defaultRowCommitVersion":0)")});
  EXPECT_THAT(Sql(table, "_row_id, _metadata_row_id"), IsOkAnd("_row_id,_metadata_row_id\nx,3\n"));
  for (const char* name : {"__millpond_file", "__millpond_row", "file_row_number", "file_index",
                           "filename", "__millpond_row_id"}) {
    EXPECT_THAT(Sql(table, name), FailsWith(ErrorKind::kInvalidArgument, HasSubstr(name)));
  }
}

TEST_F(ReadTest, WidenedTypesReadOldFilesAndTheirStatistics) {
  Table table(machine_.env, dir_ / "t");
  const auto was = [](const char* from, const char* to) {
    return fmt::format(
        R"("delta.typeChanges":[{{"tableVersion":1,"fromType":"{}","toType":"{}"}}])", from, to);
  };
  const auto old = arrow::schema(
      {arrow::field("i", arrow::int8()), arrow::field("f", arrow::float32()),
       arrow::field("d", arrow::date32()), arrow::field("m", arrow::int32()),
       arrow::field("p", arrow::decimal128(5, 2)), arrow::field("l", arrow::list(arrow::int16()))});
  const auto now = arrow::schema(
      {arrow::field("i", arrow::int64()), arrow::field("f", arrow::float64()),
       arrow::field("d", arrow::timestamp(arrow::TimeUnit::MICRO)),
       arrow::field("m", arrow::decimal128(12, 2)), arrow::field("p", arrow::decimal128(10, 4)),
       arrow::field("l", arrow::list(arrow::int64()))});
  table.Commit(
      {Table::Protocol(R"("typeWidening","timestampNtz")"),
       Table::Metadata(
           Table::Field("i", "long", was("byte", "long")) + "," +
           Table::Field("f", "double", was("float", "double")) + "," +
           Table::Field("d", "timestamp_ntz", was("date", "timestamp_ntz")) + "," +
           Table::Field("m", "decimal(12,2)", was("integer", "decimal(12,2)")) + "," +
           Table::Field("p", "decimal(10,4)", was("decimal(5,2)", "decimal(10,4)")) + "," +
           Table::Field(
               "l", R"({"type":"array","elementType":"long","containsNull":true})",
               R"("delta.typeChanges":[{"tableVersion":1,"fromType":"short","toType":"long","fieldPath":"element"}])")),
       table.File("old", old, R"([[7, 1.1, 19000, 5, "1.25", [1, null]]])", "",
                  R"(\"minValues\":{\"i\":7,\"f\":1.1,\"d\":\"2022-01-08\",\"m\":5,\"p\":1.25},)"
                  R"(\"maxValues\":{\"i\":7,\"f\":1.1,\"d\":\"2022-01-08\",\"m\":5,\"p\":1.25},)"
                  R"(\"nullCount\":{\"i\":0,\"f\":0,\"d\":0,\"m\":0,\"p\":0})"),
       table.File("new", now, R"([[70000, 2.5, "2024-01-01T10:00:00", "6.50", "1.2501", [9]]])")});
  EXPECT_THAT(Both(table.path()), IsOkAnd(::testing::SizeIs(2)));
  const auto found = [&](const std::string& where) {
    return Sql(table, "i", "WHERE " + where + " ORDER BY i");
  };
  EXPECT_THAT(found("i = 7"), IsOkAnd("i\n7\n"));
  EXPECT_THAT(found("i > 3000000000 OR i < 100"), IsOkAnd("i\n7\n"));
  EXPECT_THAT(found("f > 1.1::DOUBLE"), IsOkAnd("i\n7\n70000\n"));  // 1.1f is 1.10000002…
  EXPECT_THAT(found("f = 1.1::FLOAT"), IsOkAnd("i\n7\n"));
  EXPECT_THAT(found("d = TIMESTAMP '2022-01-08 00:00:00'"), IsOkAnd("i\n7\n"));
  EXPECT_THAT(found("d < TIMESTAMP '2022-01-08 00:00:01'"), IsOkAnd("i\n7\n"));
  EXPECT_THAT(found("m BETWEEN 5.00 AND 6.5"), IsOkAnd("i\n7\n70000\n"));
  EXPECT_THAT(found("p = 1.2500"), IsOkAnd("i\n7\n"));
  EXPECT_THAT(found("l[1] = 1"), IsOkAnd("i\n7\n"));
}

TEST_F(ReadTest, TypeChangesThatNobodyKnowsAreRefused) {
  Table table(machine_.env, dir_ / "t");
  table.Commit(
      {Table::Protocol(R"("typeWidening")"),
       Table::Metadata(Table::Field(
           "i", "string",
           R"("delta.typeChanges":[{"tableVersion":1,"fromType":"integer","toType":"string"}])"))});
  EXPECT_THAT(Both(table.path()),
              FailsWith(ErrorKind::kUnsupported,
                        AllOf(HasSubstr("column 'i'"), HasSubstr(R"("integer" to "string")"))));
}

TEST_F(ReadTest, WidenedPartitionColumn) {
  Table table(machine_.env, dir_ / "t");
  const auto file = arrow::schema({arrow::field("a", arrow::int64())});
  std::string add = table.File("one", file, "[[1]]");
  const std::string none = R"("partitionValues":{})";
  add.replace(add.find(none), none.size(), R"("partitionValues":{"n":"5","day":"2024-05-06"})");
  table.Commit(
      {Table::Protocol(R"("typeWidening","timestampNtz")"),
       Table::Metadata(Table::Field("a", "long") + "," + Table::Field("n", "decimal(12,2)") + "," +
                           Table::Field("day", "timestamp_ntz"),
                       "", R"("n","day")"),
       add});
  EXPECT_THAT(Both(table.path()), IsOkAnd(ElementsAre("1|5.00|2024-05-06 00:00:00.000000|")));
  EXPECT_THAT(Sql(table, "a", "WHERE n = 5 AND day = TIMESTAMP '2024-05-06'"), IsOkAnd("a\n1\n"));
}

TEST_F(ReadTest, UnknownReaderFeaturesAreNamed) {
  Table table(machine_.env, dir_ / "t");
  table.Commit({Table::Protocol(R"("deletionVectors","catalogManaged")"),
                Table::Metadata(Table::Field("a", "long"))});
  EXPECT_THAT(Both(table.path()),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("reader feature 'catalogManaged'")));
}

}  // namespace
}  // namespace millpond::data
