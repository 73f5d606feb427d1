// transformations/: the file as it came, and its rows typed and checked.
#include "app/init/project_files.h"
#include "data/sql/tokenizer.h"

#include <algorithm>

namespace millpond::app {
namespace {

// What read_files reads: this file, and those of its kind that come to lie beside it.
std::string Pattern(const std::string& file) {
  for (const std::string_view ending : {".csv.gz", ".tsv.gz", ".txt.gz", ".csv", ".tsv", ".txt"}) {
    if (file.ends_with(ending)) return "data/*" + std::string(ending);
  }
  return "data/*";
}

std::string ReadFilesText(const ProjectSketch& sketch) {
  std::string text = fmt::format("read_files({}, format => 'csv', header => true",
                                 data::QuoteString(Pattern(sketch.file_name)));
  if (sketch.head.delimiter != ',') {
    text +=
        fmt::format(", delimiter => '{}'",
                    sketch.head.delimiter == '\t' ? "\\t" : std::string(1, sketch.head.delimiter));
  }
  if (!sketch.missing_word.empty())
    text += ", nullstr => " + data::QuoteString(sketch.missing_word);
  std::string schema;
  for (size_t i = 0; i < sketch.head.columns.size(); ++i) {
    if (i > 0) schema += i % 6 == 0 ? ",\n             " : ", ";
    schema += data::QuoteName(sketch.head.columns[i]) + " STRING";
  }
  return text + ",\n  schema => " + data::QuoteString(schema) + ")";
}

// Without the blanks around a field, which no cast below would read; read_files compares its
// nullstr with them.
std::string BronzeColumns(const ProjectSketch& sketch) {
  std::string text;
  for (size_t i = 0; i < sketch.columns.size(); ++i) {
    const ColumnProfile& profile = sketch.columns[i].profile;
    std::string value =
        fmt::format("nullif(trim({}), '')", data::QuoteName(sketch.head.columns[i]));
    if (profile.missing_words > 0 && !sketch.missing_word.empty()) {
      value = fmt::format("nullif({}, {})", value, data::QuoteString(sketch.missing_word));
    }
    text += fmt::format("{}  {} AS {}", i == 0 ? "" : ",\n", value, profile.name);
  }
  return text;
}

// The value of a column as silver has it. Words for "missing" that read_files is not told of become
// NULL here.
std::string SilverValue(const ProjectSketch& sketch, int index) {
  const FileColumn& column = sketch.columns[index];
  if (index == sketch.time.column) return column.time.sql;
  if (index == sketch.entity.column && column.type.kind == ColumnKind::kInteger)
    return column.type.sql;
  const std::string& word = column.profile.missing_word;
  const bool text = column.type.kind == ColumnKind::kText || column.type.kind == ColumnKind::kEmpty;
  if (text && !word.empty() && word != sketch.missing_word) {
    return fmt::format("nullif({}, {})", column.profile.name, data::QuoteString(word));
  }
  return column.type.sql;
}

bool IsText(const ProjectSketch& sketch, int index) {
  const FileColumn& column = sketch.columns[index];
  return index != sketch.time.column &&
         (column.type.kind == ColumnKind::kText || column.type.kind == ColumnKind::kEmpty);
}

}  // namespace

std::string ProjectSketch::label_name() const {
  for (const char* name : {"label", "target", "label_value"}) {
    if (std::ranges::none_of(columns, [&](const auto& c) { return c.profile.name == name; }))
      return name;
  }
  return "label_of_the_row";
}

std::string PipelineText(const ProjectSketch& sketch) {
  const std::string raw = "main." + sketch.schema + ".raw_rows";
  std::string text = fmt::format(
      "-- Bronze: every row of the files as it came, as text without blanks around it. A new file "
      "of the same columns in "
      "data/ is read by\n"
      "-- the next run, once; files are not changed, new rows come in new files.\n"
      "CREATE OR REFRESH STREAMING TABLE {}\n"
      "COMMENT {}\n"
      "AS SELECT\n{}\n"
      "FROM STREAM {};\n\n",
      raw, data::QuoteString("Rows of data/" + sketch.file_name), BronzeColumns(sketch),
      ReadFilesText(sketch));
  text += fmt::format(
      "-- Silver: typed and checked. Rows without {0} or {1} go to {2}_quarantine with their "
      "reasons; a\n"
      "-- field that cannot be read is NULL, and named in `unreadable`. Add a CONSTRAINT for what "
      "you know of your\n"
      "-- data: ON VIOLATION QUARANTINE | DROP ROW | FAIL UPDATE, or nothing to count only.\n"
      "CREATE OR REFRESH STREAMING TABLE {2} (\n"
      "  CONSTRAINT {0}_is_known EXPECT ({0} IS NOT NULL) ON VIOLATION QUARANTINE,\n"
      "  CONSTRAINT {1}_is_a_time EXPECT ({1} IS NOT NULL) ON VIOLATION QUARANTINE,\n"
      "  CONSTRAINT fields_are_readable EXPECT (unreadable = '')\n"
      ")\n"
      "COMMENT 'Checked rows'\n"
      "AS SELECT\n",
      sketch.entity_column().profile.name, sketch.time_column().profile.name,
      sketch.events_table());
  std::string unreadable;
  for (int i = 0; i < static_cast<int>(sketch.columns.size()); ++i) {
    const std::string& name = sketch.columns[i].profile.name;
    const std::string value = SilverValue(sketch, i);
    text +=
        value == name ? fmt::format("  {},\n", name) : fmt::format("  {} AS {},\n", value, name);
    if (IsText(sketch, i)) continue;
    unreadable += fmt::format(",\n    CASE WHEN {} IS NOT NULL AND ({}) IS NULL THEN {} END", name,
                              value, data::QuoteString(name));
  }
  if (sketch.label_in_rows()) {
    text += fmt::format("  -- What models/{}.yml predicts.\n  {} AS {},\n", sketch.schema,
                        sketch.label.sql, sketch.label_name());
  }
  text += fmt::format("  concat_ws(', '{}) AS unreadable\nFROM STREAM({});\n", unreadable, raw);
  return text;
}

}  // namespace millpond::app
