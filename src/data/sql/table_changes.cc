#include "data/sql/table_changes.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>

#include "data/arrow/status.h"
#include "data/delta/rows/change_feed.h"
#include "data/delta/rows/variant_columns.h"
#include "data/sql/token_cursor.h"

namespace millpond::data {
namespace {

constexpr ErrorKind kBad = ErrorKind::kInvalidArgument;

// The parts of the table's name, whichever way it is given.
Result<std::vector<std::string>> NameOf(const std::string& text, bool by_path) {
  if (by_path || text.find('/') != std::string::npos) {
    if (!text.starts_with("delta.")) return std::vector<std::string>{"delta", text};
  }
  const SourceText source("table_changes", text);
  MP_ASSIGN_OR_RETURN(const auto tokens, Tokenize(source));
  TokenCursor at(tokens, source);
  MP_ASSIGN_OR_RETURN(auto parts, at.TakePath());
  MP_RETURN_IF_ERROR(at.ExpectEnd());
  return parts;
}

// The rows with their variants as JSON, as a query of the table gives them.
class VariantsAsJson : public arrow::RecordBatchReader {
 public:
  VariantsAsJson(std::shared_ptr<arrow::RecordBatchReader> inner, const Schema& table)
      : inner_(std::move(inner)) {
    arrow::FieldVector fields;
    for (const auto& field : inner_->schema()->fields()) {
      const StructField* column = table.Find(field->name());
      const bool holds = column != nullptr && column->type.Holds(TypeKind::kVariant);
      types_.push_back(holds ? std::optional<DataType>(column->type) : std::nullopt);
      if (!holds) {
        fields.push_back(field);
        continue;
      }
      auto shown = field->WithType(TypeWithVariantsAs(VariantForm::kJson, column->type));
      if (column->type.kind() == TypeKind::kVariant) {
        shown = shown->WithMetadata(
            arrow::key_value_metadata({"ARROW:extension:name"}, {"arrow.json"}));
      }
      fields.push_back(std::move(shown));
    }
    schema_ = arrow::schema(std::move(fields));
  }

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    ARROW_RETURN_NOT_OK(inner_->ReadNext(batch));
    if (*batch == nullptr) return arrow::Status::OK();
    arrow::ArrayVector columns = (*batch)->columns();
    for (size_t i = 0; i < types_.size(); ++i) {
      if (!types_[i]) continue;
      const std::string& name = schema_->field(static_cast<int>(i))->name();
      auto shown = VariantsAs(VariantForm::kJson, columns[i], *types_[i], name);
      if (!shown.has_value()) return ToArrow(shown.error());
      columns[i] = *std::move(shown);
    }
    *batch = arrow::RecordBatch::Make(schema_, (*batch)->num_rows(), std::move(columns));
    return arrow::Status::OK();
  }

 private:
  std::shared_ptr<arrow::RecordBatchReader> inner_;
  std::vector<std::optional<DataType>> types_;  // of the columns that change
  std::shared_ptr<arrow::Schema> schema_;
};

// One end of the range, as a version.
Result<int64_t> VersionOf(const ArgumentValue& bound, bool is_begin, DeltaTable& table) {
  if (const auto* version = std::get_if<int64_t>(&bound.value)) return *version;
  if (bound.AsString() == nullptr) {
    return Fail(kBad, "a range of changes begins and ends with a version or a time as text");
  }
  MP_ASSIGN_OR_RETURN(const Micros at, ParseTimestamp(*bound.AsString()));
  if (is_begin) return FirstVersionFrom(table, at);
  MP_ASSIGN_OR_RETURN(const auto latest, table.Latest());
  if (at >= latest->commit_time()) return latest->version();
  MP_ASSIGN_OR_RETURN(const auto snapshot, table.AtTime(at));
  return snapshot->version();
}

Result<bool> TakeDerive(const FunctionArguments& arguments) {
  bool derive = false;
  for (const auto& [name, value] : arguments.named) {
    const bool* flag = std::get_if<bool>(&value.value);
    if (name != "derive" || flag == nullptr) {
      return FailAt(arguments.source, value.offset, kBad,
                    "{} has one option, derive => true or false", arguments.function);
    }
    derive = *flag;
  }
  return derive;
}

}  // namespace

Result<std::shared_ptr<arrow::RecordBatchReader>> TableChanges::Open(
    const FunctionArguments& arguments, const Workspace& /*workspace*/) {
  const auto& given = arguments.positional;
  if (given.size() < 2 || given.size() > 3 || given[0].AsString() == nullptr) {
    return FailAt(arguments.source, arguments.offset, kBad,
                  "{0} takes a table and a range: {0}('{1}', 3) or {0}('{1}', '2024-01-31', "
                  "'2024-02-29')",
                  name(), by_path_ ? "path" : "t");
  }
  MP_ASSIGN_OR_RETURN(const bool derive, TakeDerive(arguments));
  if (!arguments.open_table) {
    return FailAt(arguments.source, arguments.offset, ErrorKind::kUnsupported,
                  "{} is a relation of queries only", name());
  }
  const auto open = [&]() -> Result<std::shared_ptr<arrow::RecordBatchReader>> {
    MP_ASSIGN_OR_RETURN(const auto parts, NameOf(*given[0].AsString(), by_path_));
    MP_ASSIGN_OR_RETURN(DeltaTable table, arguments.open_table(parts));
    MP_ASSIGN_OR_RETURN(const auto latest, table.Latest());
    ChangeRange range{0, latest->version(), derive};
    MP_ASSIGN_OR_RETURN(range.first, VersionOf(given[1], true, table));
    if (given.size() == 3) {
      MP_ASSIGN_OR_RETURN(range.last, VersionOf(given[2], false, table));
    }
    MP_ASSIGN_OR_RETURN(auto rows, ReadChanges(table, range, latest->origin().data_roots));
    MP_ASSIGN_OR_RETURN(const auto end, table.AtVersion(range.last));
    return std::make_shared<VariantsAsJson>(std::move(rows), end->schema());
  };
  auto rows = open();
  if (!rows) return ErrorAt(arguments.source, arguments.offset, rows.error());
  return rows;
}

}  // namespace millpond::data
