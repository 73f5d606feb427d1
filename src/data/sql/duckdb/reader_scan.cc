// Arrow streams as relations: DuckDB's arrow_scan_dumb (no projection into the stream: the reader
// gives what it gives) over the C stream interface.
#include <arrow/c/bridge.h>
#include <arrow/record_batch.h>

#include <duckdb/catalog/catalog.hpp>
#include <duckdb/catalog/catalog_entry/table_function_catalog_entry.hpp>
#include <duckdb/common/arrow/arrow_wrapper.hpp>
#include <duckdb/function/table/arrow.hpp>
#include <duckdb/parser/tableref/table_function_ref.hpp>

#include "data/arrow/status.h"
#include "data/sql/duckdb/errors_internal.h"
#include "data/sql/duckdb/lake_entries_internal.h"

namespace millpond::data {
namespace {

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
  const auto status = arrow::ExportRecordBatchReader(rows, &wrapper->arrow_array_stream);
  if (!status.ok()) Throw(FromArrow(status));
  return wrapper;
}

// DuckDB passes the factory under the type of a stream.
void GetSchema(ArrowArrayStream* factory, ArrowSchema& schema) {
  const auto& rows = reinterpret_cast<OnceReader*>(factory)->rows();
  const auto status = arrow::ExportSchema(*rows->schema(), &schema);
  if (!status.ok()) Throw(FromArrow(status));
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
  return function;
}

}  // namespace millpond::data
