// Arrow streams as relations: DuckDB's arrow_scan_dumb (no projection into the stream: the reader
// gives what it gives) over the C stream interface.
#include <arrow/c/bridge.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <duckdb/catalog/catalog.hpp>
#include <duckdb/catalog/catalog_entry/table_function_catalog_entry.hpp>
#include <duckdb/common/arrow/arrow_wrapper.hpp>
#include <duckdb/function/table/arrow.hpp>
#include <duckdb/parser/tableref/table_function_ref.hpp>

#include "data/arrow/status.h"
#include "data/delta/metadata/schema_arrow.h"
#include "data/sql/duckdb/errors_internal.h"
#include "data/sql/duckdb/lake_entries_internal.h"
#include "data/sql/duckdb/types_internal.h"

namespace millpond::data {
namespace {

// The stream that DuckDB pulls. Arrow's own export would turn an error of the rows into a text;
// ours is thrown, since the one caller is DuckDB's C++, and keeps its kind and message.
struct Rows {
  static Rows& Of(ArrowArrayStream* stream) { return *static_cast<Rows*>(stream->private_data); }

  static int GetSchema(ArrowArrayStream* stream, ArrowSchema* schema) {
    const auto status = arrow::ExportSchema(*Of(stream).rows->schema(), schema);
    if (!status.ok()) Throw(FromArrow(status));
    return 0;
  }
  static int GetNext(ArrowArrayStream* stream, ArrowArray* array) {
    std::shared_ptr<arrow::RecordBatch> batch;
    auto status = Of(stream).rows->ReadNext(&batch);
    if (status.ok() && batch) status = arrow::ExportRecordBatch(*batch, array);
    if (!status.ok()) Throw(FromArrow(status));
    if (!batch) array->release = nullptr;  // the end
    return 0;
  }
  static const char* GetLastError(ArrowArrayStream*) { return ""; }
  static void Release(ArrowArrayStream* stream) {
    delete &Of(stream);
    stream->release = nullptr;
  }

  std::shared_ptr<arrow::RecordBatchReader> rows;
};

duckdb::unique_ptr<duckdb::ArrowArrayStreamWrapper> Produce(uintptr_t factory,
                                                            duckdb::ArrowStreamParameters&) {
  const auto rows = reinterpret_cast<OnceReader*>(factory)->Take();
  if (!rows) {
    Throw(Error(ErrorKind::kInvalidArgument,
                "a stream of rows (a file source or a registered reader) can be read once; to use "
                "it several times, put it into a table first"));
  }
  auto wrapper = duckdb::make_uniq<duckdb::ArrowArrayStreamWrapper>();
  wrapper->number_of_rows = -1;
  wrapper->arrow_array_stream = {&Rows::GetSchema, &Rows::GetNext, &Rows::GetLastError,
                                 &Rows::Release, std::make_unique<Rows>(Rows{rows}).release()};
  return wrapper;
}

// DuckDB passes the factory under the type of a stream.
void GetSchema(ArrowArrayStream* factory, ArrowSchema& schema) {
  const auto& rows = reinterpret_cast<OnceReader*>(factory)->rows();
  const auto status = arrow::ExportSchema(*rows->schema(), &schema);
  if (!status.ok()) Throw(FromArrow(status));
}

// A column of a table that is a TIMESTAMP_NTZ stays one; timestamps without a zone from elsewhere
// are moments, as in text.
duckdb::LogicalType TypeOf(const arrow::Field& field, const duckdb::LogicalType& type) {
  using duckdb::LogicalType;
  if (IsTimestampNtz(field)) return NtzType();
  if (field.type()->num_fields() == 0) return type;
  switch (type.id()) {
    case duckdb::LogicalTypeId::LIST:
      return LogicalType::LIST(
          TypeOf(*field.type()->field(0), duckdb::ListType::GetChildType(type)));
    case duckdb::LogicalTypeId::MAP:
      return LogicalType::MAP(
          TypeOf(*field.type()->field(0)->type()->field(0), duckdb::MapType::KeyType(type)),
          TypeOf(*field.type()->field(0)->type()->field(1), duckdb::MapType::ValueType(type)));
    case duckdb::LogicalTypeId::STRUCT: {
      duckdb::child_list_t<LogicalType> children = duckdb::StructType::GetChildTypes(type);
      for (size_t i = 0; i < children.size(); ++i) {
        children[i].second = TypeOf(*field.type()->field(static_cast<int>(i)), children[i].second);
      }
      return LogicalType::STRUCT(std::move(children));
    }
    default:
      return type;
  }
}

duckdb::Value Pointer(auto* pointer) {
  return duckdb::Value::POINTER(reinterpret_cast<uintptr_t>(pointer));
}

}  // namespace

duckdb::TableFunction BindReaderScan(duckdb::ClientContext& context, OnceReader& reader,
                                     duckdb::unique_ptr<duckdb::FunctionData>& bind_data,
                                     duckdb::vector<duckdb::LogicalType>& types,
                                     duckdb::vector<duckdb::string>& names) {
  auto& system = duckdb::Catalog::GetSystemCatalog(context);
  auto& entry = system.GetEntry<duckdb::TableFunctionCatalogEntry>(context, DEFAULT_SCHEMA,
                                                                   "arrow_scan_dumb");
  const auto pointer = duckdb::LogicalType::POINTER;
  duckdb::TableFunction function =
      entry.functions.GetFunctionByArguments(context, {pointer, pointer, pointer});
  duckdb::vector<duckdb::Value> inputs{Pointer(&reader), Pointer(&Produce), Pointer(&GetSchema)};
  duckdb::named_parameter_map_t parameters;
  duckdb::vector<duckdb::LogicalType> input_types;
  duckdb::vector<duckdb::string> input_names;
  duckdb::TableFunctionRef ref;
  duckdb::TableFunctionBindInput input(inputs, parameters, input_types, input_names, nullptr,
                                       nullptr, function, ref);
  bind_data = function.bind(context, input, types, names);
  const auto& fields = reader.rows()->schema()->fields();
  for (size_t i = 0; i < types.size(); ++i) types[i] = TypeOf(*fields[i], types[i]);
  return function;
}

}  // namespace millpond::data
