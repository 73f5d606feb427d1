#include "pipeline/sources/file_source.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/compression.h>

#include "base/testing/result_matchers.h"
#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"
#include "data/arrow/status.h"
#include "pipeline/sources/column_list.h"
#include "pipeline/sources/format_readers_internal.h"

namespace millpond::pipeline {
namespace {

using ::millpond::testing::FailsWith;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr ErrorKind kBad = ErrorKind::kInvalidArgument;

class FileSourceTest : public ::testing::Test {
 protected:
  SourceFile Write(const std::string& name, std::string_view bytes) {
    auto file = machine_.local->Create(dir_ / name);
    EXPECT_TRUE(file.has_value());
    EXPECT_TRUE((*file)->Append(bytes).has_value());
    EXPECT_TRUE((*file)->Close().has_value());
    return {name, dir_ / name, static_cast<int64_t>(bytes.size()), 0};
  }

  // Each row as text, its values separated by '|'.
  Result<std::vector<std::string>> Rows(const FileFormat& format, std::vector<SourceFile> files) {
    MP_ASSIGN_OR_RETURN(auto schema, SchemaOfFiles(machine_.env, format, files));
    MP_ASSIGN_OR_RETURN(auto reader, ScanFiles(machine_.env, format, files, schema));
    std::vector<std::string> rows;
    while (true) {
      std::shared_ptr<arrow::RecordBatch> batch;
      MP_ARROW_RETURN_IF_ERROR(reader->ReadNext(&batch));
      if (batch == nullptr) return rows;
      MP_ARROW_RETURN_IF_ERROR(batch->ValidateFull());
      for (int64_t row = 0; row < batch->num_rows(); ++row) {
        std::string text;
        for (const auto& column : batch->columns()) {
          text += "|" + (*column->GetScalar(row))->ToString();
        }
        rows.push_back(text.substr(1));
      }
    }
  }

  FileFormat Csv(std::string_view schema = "") {
    FileFormat format;
    format.kind = FileFormat::Kind::kCsv;
    if (!schema.empty()) format.schema = *ParseColumnList(schema);
    return format;
  }

  testing::TempDir dir_;
  testing::TestEnvironment machine_;
};

TEST_F(FileSourceTest, ADecimalOfTooManyDigitsIsRefused) {
  FileFormat format = Csv("a BIGINT, m DECIMAL(6,2)");
  auto good = Write("good.csv", "a,m\n1,9999.99\n2,-9999.99\n");
  auto csv = Write("a.csv", "a,m\n1,9999.99\n2,\n3,99999.5\n");
  EXPECT_THAT(Rows(format, {good, csv}),
              FailsWith(ErrorKind::kInvalidArgument,
                        AllOf(HasSubstr("a.csv, column 'm', row 4: 99999.50 is out of the range"),
                              HasSubstr("DECIMAL(6,2); declare a wider type"))));
  format.header = false;
  EXPECT_THAT(Rows(format, {Write("b.csv", "1,-10000\n")}), FailsWith(kBad, HasSubstr("row 1:")));
  format.kind = FileFormat::Kind::kJson;
  EXPECT_THAT(Rows(format, {Write("a.json", "{\"m\": 1}\n{\"m\": 99999.5}\n")}),
              FailsWith(kBad, HasSubstr("a.json, column 'm', row 2: 99999.50")));
}

TEST_F(FileSourceTest, AMistakeInJsonNamesTheRowOfTheFile) {
  std::string rows;
  for (int i = 1; i < 150'001; ++i) rows += fmt::format("{{\"a\": {}, \"b\": \"text\"}}\n", i);
  FileFormat format = Csv("a BIGINT, b STRING, m DECIMAL(4,2)");
  format.kind = FileFormat::Kind::kJson;
  EXPECT_THAT(Rows(format, {Write("a.json", rows + "{\"a\": \"oops\"}\n")}),
              FailsWith(kBad, AllOf(HasSubstr("a.json: "), HasSubstr(" in row 150001"))));
  EXPECT_THAT(Rows(format, {Write("a.json", "{\"a\": 1}\n{\"a\": oops}\n")}),
              FailsWith(kBad, AllOf(HasSubstr("a.json: "), HasSubstr(" in row 2"))));
  EXPECT_THAT(Rows(format, {Write("a.json", "{\"a\": 1}\n{\"m\": \"oops\"}\n")}),
              FailsWith(kBad, AllOf(HasSubstr("a.json: "), HasSubstr("oops"))));
}

TEST_F(FileSourceTest, TextGivesEveryLineWithItsPlace) {
  auto a = Write("a.txt", "\xEF\xBB\xBFone\r\n\r\ntwo\rx\nlast");
  auto b = Write("b.txt", "");
  auto c = Write("c.txt", "end\n");
  EXPECT_THAT(*Rows({}, {a, b, c}), ElementsAre("one|a.txt|1", "|a.txt|2", "two\rx|a.txt|3",
                                                "last|a.txt|4", "end|c.txt|1"));
}

TEST_F(FileSourceTest, TextReplacesBytesThatAreNotUtf8) {
  auto a = Write("a.txt", "100\xFF\x30\n\xC3\xA9\xC3\n\xED\xA0\x80\n");
  EXPECT_THAT(*Rows({}, {a}),
              ElementsAre("100\xEF\xBF\xBD\x30|a.txt|1", "\xC3\xA9\xEF\xBF\xBD|a.txt|2",
                          "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD|a.txt|3"));
  std::string out = "untouched";
  EXPECT_FALSE(ReplaceInvalidUtf8("caf\xC3\xA9", out));
  EXPECT_EQ(out, "untouched");
}

TEST_F(FileSourceTest, TextLinesCrossBlocks) {
  std::string text;
  std::vector<std::string> expected;
  for (int i = 0; i < 5; ++i) {
    std::string line(700'000 + i, static_cast<char>('a' + i));
    expected.push_back(line + "|big.txt|" + std::to_string(i + 1));
    text += line + "\n";
  }
  EXPECT_EQ(*Rows({}, {Write("big.txt", text)}), expected);
}

TEST_F(FileSourceTest, ReadsGzip) {
  auto codec = *arrow::util::Codec::Create(arrow::Compression::GZIP);
  std::string text = "x,y\n1,2\n";
  std::string packed(codec->MaxCompressedLen(text.size(), nullptr), '\0');
  packed.resize(*codec->Compress(text.size(), reinterpret_cast<const uint8_t*>(text.data()),
                                 packed.size(), reinterpret_cast<uint8_t*>(packed.data())));
  auto a = Write("a.csv.gz", packed);
  EXPECT_THAT(*Rows(Csv(), {a}), ElementsAre("1|2"));
  EXPECT_THAT(*Rows({}, {a}), ElementsAre("x,y|a.csv.gz|1", "1,2|a.csv.gz|2"));
  auto broken = Write("b.csv.gz", packed.substr(0, packed.size() / 2));
  EXPECT_THAT(Rows({}, {broken}), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("b.csv.gz")));
}

TEST_F(FileSourceTest, CsvTypesByDeclarationOrByTheFirstFile) {
  auto a = Write("a.csv", "id,at,day,price,note\n1,2020-01-02 03:04:05,2020-01-02,1.50,\"a,b\"\n");
  auto b = Write("b.csv", "note,id,at,day,price\n,2,2020-01-02T03:04:05Z,2020-02-29,2,\n");
  FileFormat format = Csv("id BIGINT, at TIMESTAMP, day DATE, price DECIMAL(10,2), note STRING");
  EXPECT_THAT(Rows(format, {a, b}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("b.csv")));  // six values in five
  b = Write("b.csv", "note,id,at,day,price\n,2,2020-01-02T03:04:05Z,2020-02-29,2\n");
  EXPECT_THAT(*Rows(format, {a, b}),
              ElementsAre("1|2020-01-02 03:04:05.000000Z|2020-01-02|1.50|a,b",
                          "2|2020-01-02 03:04:05.000000Z|2020-02-29|2.00|null"));
  EXPECT_THAT(*Rows(Csv(), {a, b}), ElementsAre("1|2020-01-02 03:04:05.000000Z|2020-01-02|1.5|a,b",
                                                "2|2020-01-02 03:04:05.000000Z|2020-02-29|2|null"));
  MP_ASSERT_OK_AND_ASSIGN(auto inferred, SchemaOfFiles(machine_.env, Csv(), {a}));
  EXPECT_EQ(*FormatColumnList(*inferred),
            "\"id\" BIGINT, \"at\" TIMESTAMP, \"day\" DATE, \"price\" DOUBLE, \"note\" STRING");
  format.file_column = true;
  EXPECT_THAT(Rows(format, {a})->at(0), ::testing::EndsWith("|a.csv"));
}

TEST_F(FileSourceTest, CsvOptions) {
  auto a = Write("a.csv", "1;NA\n2;x\n");
  FileFormat format = Csv("n INT, s STRING");
  format.header = false;
  format.delimiter = ';';
  format.null_text = "NA";
  EXPECT_THAT(*Rows(format, {a}), ElementsAre("1|null", "2|x"));
}

TEST_F(FileSourceTest, CsvErrorsNameFileAndRow) {
  auto fails = [&](std::string_view text, std::string_view schema, std::string_view message) {
    EXPECT_THAT(
        Rows(Csv(schema), {Write("bad.csv", text)}),
        FailsWith(ErrorKind::kInvalidArgument, AllOf(HasSubstr("bad.csv"), HasSubstr(message))))
        << text;
  };
  fails("a\n1\nx\n", "a BIGINT", "Row #3");
  fails("a,b\n1,2\n3\n", "", "Row #3");
  fails("a\n2020-01-01\n2020-13-01\n", "a DATE", "row 3");
  fails("a\n1\n", "a BIGINT, b BIGINT", "b");
  fails("", "", "has no content");
}

TEST_F(FileSourceTest, JsonLines) {
  auto a =
      Write("a.json", "{\"a\": 1, \"t\": \"2020-01-02T00:00:00Z\"}\n{\"a\": null, \"z\": 3}\n");
  FileFormat format;
  format.kind = FileFormat::Kind::kJson;
  format.schema = *ParseColumnList("a BIGINT, t TIMESTAMP");
  EXPECT_THAT(*Rows(format, {a}), ElementsAre("1|2020-01-02 00:00:00.000000Z", "null|null"));
  format.schema = nullptr;
  EXPECT_THAT(Rows(format, {a})->at(0), "1|2020-01-02 00:00:00.000000Z|null");
  auto bad = Write("bad.json", "{\"a\": 1}\n{\"a\": \n");
  EXPECT_THAT(Rows(format, {bad}), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("bad.json")));
}

TEST_F(FileSourceTest, ParquetFilesMustBeParquet) {
  FileFormat format;
  format.kind = FileFormat::Kind::kParquet;
  EXPECT_THAT(Rows(format, {Write("x.parquet", "no parquet at all")}),
              FailsWith(ErrorKind::kCorrupt, HasSubstr("x.parquet")));
}

TEST_F(FileSourceTest, AFileThatChangesWhileItIsReadIsAnError) {
  SourceFile a = Write("a.txt", "one\n");
  a.size_bytes = 3;
  EXPECT_THAT(Rows({}, {a}), FailsWith(ErrorKind::kConflict, HasSubstr("a.txt changed")));
  a.path = dir_ / "gone.txt";
  EXPECT_THAT(Rows({}, {a}), FailsWith(ErrorKind::kNotFound, HasSubstr("gone.txt")));
}

TEST(ColumnList, ReadsTypesAndSaysWhatIsWrong) {
  MP_ASSERT_OK_AND_ASSIGN(auto schema,
                          ParseColumnList("a BIGINT, \"b c\" decimal(10, 2), s STRING"));
  EXPECT_EQ(*FormatColumnList(*schema), "\"a\" BIGINT, \"b c\" DECIMAL(10,2), \"s\" STRING");
  EXPECT_THAT(ParseColumnList("a"), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("a type")));
  EXPECT_THAT(ParseColumnList("a BIGNT"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("column 'a'")));
  EXPECT_THAT(ParseColumnList("a INT, A INT"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("two columns")));
}

}  // namespace
}  // namespace millpond::pipeline
