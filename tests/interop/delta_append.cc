// A writer for tests/interop/test_delta_writers.py and tests/stores, which run several at once.
// TABLE may be s3://bucket/key, with keys and endpoint from the environment.
//
//   delta_append create TABLE
//   delta_append append TABLE WRITER COUNT    one commit a row; prints "SEQ VERSION" for each
//   delta_append types TABLE                  a partitioned table of all types, with a checkpoint
//   delta_append dump TABLE                   prints "VERSION" and then "WRITER SEQ" for each row
#include <arrow/api.h>
#include <arrow/json/from_string.h>

#include <cstdio>
#include <cstring>

#include "base/fs/local_filesystem.h"
#include "base/fs/scheme_filesystem.h"
#include "base/s3/s3_filesystem.h"
#include "data/arrow/status.h"
#include "data/delta/commit/write.h"
#include "data/delta/rows/scan.h"

namespace millpond::data {
namespace {

Status Create(const Environment& env, const std::string& path) {
  CreateOptions options;
  options.schema =
      Schema({{"writer", TypeKind::kString, true, {}}, {"seq", TypeKind::kLong, true, {}}});
  MP_RETURN_IF_ERROR(DeltaTable::Create(env, path, options));
  return OkStatus();
}

Result<std::shared_ptr<arrow::RecordBatch>> Row(const char* writer, int64_t seq) {
  arrow::StringBuilder writers;
  arrow::Int64Builder seqs;
  MP_ARROW_RETURN_IF_ERROR(writers.Append(writer));
  MP_ARROW_RETURN_IF_ERROR(seqs.Append(seq));
  MP_ARROW_ASSIGN_OR_RETURN(auto first, writers.Finish());
  MP_ARROW_ASSIGN_OR_RETURN(auto second, seqs.Finish());
  auto schema =
      arrow::schema({arrow::field("writer", arrow::utf8()), arrow::field("seq", arrow::int64())});
  return arrow::RecordBatch::Make(schema, 1, {first, second});
}

Status AppendRows(const Environment& env, const std::string& path, const char* writer, int count) {
  MP_ASSIGN_OR_RETURN(auto table, DeltaTable::Open(env, path));
  for (int seq = 0; seq < count; ++seq) {
    MP_ASSIGN_OR_RETURN(auto row, Row(writer, seq));
    MP_ARROW_ASSIGN_OR_RETURN(auto reader, arrow::RecordBatchReader::Make({row}));
    MP_ASSIGN_OR_RETURN(auto result, WriteTable(table, *reader));
    std::printf("%d %lld\n", seq, static_cast<long long>(result.version));
    std::fflush(stdout);
  }
  return OkStatus();
}

// Two rows of every type that other readers know, a million microseconds apart; the second is NULL
// but for its partition.
Status WriteTypes(const Environment& env, const std::string& path) {
  CreateOptions options;
  options.schema =
      Schema({{"part", TypeKind::kString, true, {}},
              {"day", TypeKind::kDate, true, {}},
              {"s", TypeKind::kString, true, {}},
              {"l", TypeKind::kLong, true, {}},
              {"i", TypeKind::kInteger, true, {}},
              {"sh", TypeKind::kShort, true, {}},
              {"b", TypeKind::kByte, true, {}},
              {"f", TypeKind::kFloat, true, {}},
              {"d", TypeKind::kDouble, true, {}},
              {"small", DataType::Decimal(5, 2), true, {}},
              {"large", DataType::Decimal(38, 4), true, {}},
              {"bo", TypeKind::kBoolean, true, {}},
              {"da", TypeKind::kDate, true, {}},
              {"ts", TypeKind::kTimestamp, true, {}},
              {"st", DataType::Struct({{"x", TypeKind::kLong, true, {}}}), true, {}},
              {"a", DataType::Array(TypeKind::kString, true), true, {}},
              {"m", DataType::Map(TypeKind::kString, TypeKind::kLong, true), true, {}}});
  options.partition_columns = {"part", "day"};
  options.properties = {{"delta.checkpointInterval", "2"}};
  MP_ASSIGN_OR_RETURN(auto table, DeltaTable::Create(env, path, options));
  auto schema = options.schema.ToArrow();
  MP_ARROW_ASSIGN_OR_RETURN(
      auto rows,
      arrow::json::ArrayFromJSONString(
          arrow::struct_(schema->fields()),
          R"([{"part":"a/b c%=ä","day":19000,"s":"x","l":-1,"i":2,"sh":3,"b":4,"f":0.5,"d":1e300,)"
          R"("small":"-1.05","large":"-12345678901234567890.1234","bo":true,"da":1,)"
          R"("ts":"2024-01-01 00:00:00.000001","st":{"x":7},"a":["p",null],"m":[["k",1]]},)"
          R"({"part":null,"day":19001}])"));
  MP_ARROW_ASSIGN_OR_RETURN(auto batch, arrow::RecordBatch::FromStructArray(rows));
  for (int commit = 0; commit < 3; ++commit) {
    MP_ARROW_ASSIGN_OR_RETURN(auto reader, arrow::RecordBatchReader::Make({batch}));
    WriteMode mode = commit == 1 ? WriteMode::kOverwrite : WriteMode::kAppend;
    MP_RETURN_IF_ERROR(WriteTable(table, *reader, {.mode = mode}));
  }
  return OkStatus();
}

Status Dump(const Environment& env, const std::string& path) {
  MP_ASSIGN_OR_RETURN(auto table, DeltaTable::Open(env, path));
  MP_ASSIGN_OR_RETURN(auto snapshot, table.Latest());
  std::printf("%lld\n", static_cast<long long>(snapshot->version()));
  MP_ASSIGN_OR_RETURN(auto reader, ScanTable(env, snapshot));
  std::shared_ptr<arrow::RecordBatch> batch;
  while (true) {
    MP_ARROW_RETURN_IF_ERROR(reader->ReadNext(&batch));
    if (batch == nullptr) return OkStatus();
    const auto& writers = static_cast<const arrow::StringArray&>(*batch->column(0));
    const auto& seqs = static_cast<const arrow::Int64Array&>(*batch->column(1));
    for (int64_t row = 0; row < batch->num_rows(); ++row) {
      std::printf("%s %lld\n", writers.GetString(row).c_str(),
                  static_cast<long long>(seqs.Value(row)));
    }
  }
}

std::optional<std::string> Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

int Main(int argc, char** argv) {
  SystemClock clock;
  SystemRandom random;
  Arbiter arbiter;
  TaskPool pool(1);
  RequestCounts counts;
  SchemeFileSystem fs(MakeLocalFileSystem(), "s3://", [&]() -> Result<std::unique_ptr<FileSystem>> {
    S3ClientOptions options{.clock = &clock, .random = &random, .counts = &counts};
    MP_ASSIGN_OR_RETURN(options.config, LoadS3Config(Variable, *MakeLocalFileSystem()));
    return MakeS3FileSystem(std::move(options), arbiter);
  });
  Environment env{fs, clock, random, arbiter, pool, {}};
  std::string command = argc > 1 ? argv[1] : "";
  Status done =
      Fail(ErrorKind::kInvalidArgument, "usage: delta_append create|append|types|dump TABLE …");
  if (command == "create" && argc == 3) done = Create(env, argv[2]);
  if (command == "append" && argc == 5)
    done = AppendRows(env, argv[2], argv[3], std::atoi(argv[4]));
  if (command == "types" && argc == 3) done = WriteTypes(env, argv[2]);
  if (command == "dump" && argc == 3) done = Dump(env, argv[2]);
  if (counts.totals().all() > 0) {
    std::fprintf(stderr, "object store: %s\n", counts.totals().ToString().c_str());
  }
  if (done.has_value()) return 0;
  std::fprintf(stderr, "%s\n", done.error().ToString().c_str());
  return 1;
}

}  // namespace
}  // namespace millpond::data

int main(int argc, char** argv) {
  return millpond::data::Main(argc, argv);
}
