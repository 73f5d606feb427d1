// A writer for tests/interop/test_delta_writers.py, which runs several at once.
//
//   delta_append create TABLE
//   delta_append append TABLE WRITER COUNT    one commit a row; prints "SEQ VERSION" for each
//   delta_append dump TABLE                   prints "VERSION" and then "WRITER SEQ" for each row
#include <arrow/api.h>

#include <cstdio>
#include <cstring>

#include "base/fs/local_filesystem.h"
#include "data/arrow/status.h"
#include "data/delta/scan.h"
#include "data/delta/write.h"

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

int Main(int argc, char** argv) {
  auto fs = MakeLocalFileSystem();
  SystemClock clock;
  SystemRandom random;
  Arbiter arbiter;
  TaskPool pool(1);
  Environment env{*fs, clock, random, arbiter, pool, {}};
  std::string command = argc > 1 ? argv[1] : "";
  Status done = Fail(ErrorKind::kInvalidArgument, "usage: delta_append create|append|dump TABLE …");
  if (command == "create" && argc == 3) done = Create(env, argv[2]);
  if (command == "append" && argc == 5)
    done = AppendRows(env, argv[2], argv[3], std::atoi(argv[4]));
  if (command == "dump" && argc == 3) done = Dump(env, argv[2]);
  if (done.has_value()) return 0;
  std::fprintf(stderr, "%s\n", done.error().ToString().c_str());
  return 1;
}

}  // namespace
}  // namespace millpond::data

int main(int argc, char** argv) {
  return millpond::data::Main(argc, argv);
}
