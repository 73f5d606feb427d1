#include "model/scoring/model_sql.h"

#include <arrow/record_batch.h>
#include <arrow/table.h>

#include "data/arrow/status.h"
#include "data/sql/syntax.h"
#include "data/sql/tokenizer.h"
#include "platform/features/kernel_batch.h"

namespace millpond::model {

namespace {

using kernel::Batch;

// The SELECT without the line ends before it and the ';' after it.
std::string_view Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  const size_t end = text.find_last_not_of(" \t\r\n;");
  return begin == std::string_view::npos ? std::string_view() : text.substr(begin, end + 1 - begin);
}

// The places of `:as_of`, the moment written in.
Result<std::vector<data::Replacement>> AsOfPlaces(const data::SourceText& source,
                                                  const std::string& literal) {
  std::vector<data::Replacement> places;
  MP_ASSIGN_OR_RETURN(auto tokens, data::Tokenize(source));
  for (size_t i = 0; i + 1 < tokens.size(); ++i) {
    const data::Token& colon = tokens[i];
    const data::Token& word = tokens[i + 1];
    if (!colon.IsPunctuation(":") || word.offset != colon.end() || !word.Is("AS_OF")) continue;
    places.push_back({colon.offset, word.end(), literal});
  }
  return places;
}

std::string TimestampLiteral(Micros at) {
  std::string text = FormatTimestamp(at);  // 1998-07-01T00:00:00.000000Z
  text[10] = ' ';
  text.pop_back();
  return "TIMESTAMP '" + text + "'";
}

Result<data::TableName> NameOf(const data::ReferencedRelation& relation,
                               const data::SourceText& source) {
  std::string joined;
  for (const auto& part : relation.names) joined += (joined.empty() ? "" : ".") + part;
  auto name = data::ParseTableName(joined);
  if (name) return name;
  return data::FailAt(source, relation.offset, ErrorKind::kUnsupported,
                      "a model's SELECT reads tables of the catalog, whose versions a run can pin; "
                      "'{}' is none: make a table of it in transformations/",
                      joined);
}

// Rows of two batches of one reader share a schema; the table brings them together.
Result<Batch> ReadAll(arrow::RecordBatchReader& reader) {
  MP_ARROW_ASSIGN_OR_RETURN(auto table, reader.ToTable());
  MP_ARROW_ASSIGN_OR_RETURN(auto whole, table->CombineChunksToBatch());
  return platform::ToKernel(*whole);
}

}  // namespace

Result<TableVersions> ResolveTables(data::Catalog& catalog, const ModelSql& sql) {
  const data::SourceText written(sql.file, sql.text);
  MP_ASSIGN_OR_RETURN(auto places, AsOfPlaces(written, TimestampLiteral(0)));
  std::string text = sql.text;
  for (auto place = places.rbegin(); place != places.rend(); ++place) {
    text.replace(place->begin, place->end - place->begin, place->text);
  }
  const data::SourceText source(sql.file, text);
  MP_ASSIGN_OR_RETURN(auto tree, data::ParseSelect(Trimmed(source.text()), source));
  TableVersions versions;
  for (const auto& relation : data::Relations(tree)) {
    if (relation.is_function) {
      return data::FailAt(source, relation.offset, ErrorKind::kUnsupported,
                          "a model's SELECT reads tables of the catalog, whose versions a run can "
                          "pin, no function; make a table of it in transformations/");
    }
    MP_ASSIGN_OR_RETURN(auto name, NameOf(relation, source));
    auto table = catalog.OpenTable(name);
    if (!table) {
      return std::unexpected<Error>(
          std::move(table).error().WithContext(source.Place(relation.offset)));
    }
    MP_ASSIGN_OR_RETURN(auto snapshot, table->Latest());
    versions[name.ToString()] = snapshot->version();
  }
  return versions;
}

Result<bool> HasAsOf(const ModelSql& sql) {
  MP_ASSIGN_OR_RETURN(auto places, AsOfPlaces(data::SourceText(sql.file, sql.text), ""));
  return !places.empty();
}

Result<Batch> SelectRows(data::SqlEngine& engine, const data::Principal& principal,
                         const ModelSql& sql, const TableVersions& versions,
                         std::optional<Micros> as_of) {
  MP_ASSIGN_OR_RETURN(auto session, engine.Connect(principal));
  for (const auto& [table, version] : versions) {
    MP_ASSIGN_OR_RETURN(auto name, data::ParseTableName(table));
    MP_RETURN_IF_ERROR(session->PinTable(name, version));
  }
  const data::SourceText source(sql.file, sql.text);
  std::vector<data::Replacement> places;
  if (as_of) {
    MP_ASSIGN_OR_RETURN(places, AsOfPlaces(source, TimestampLiteral(*as_of)));
  }
  MP_ASSIGN_OR_RETURN(auto reader,
                      session->Select(Trimmed(source.text()), source, std::move(places)));
  return ReadAll(*reader);
}

}  // namespace millpond::model
