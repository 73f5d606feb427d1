// The feature views of a project: their definitions, their live versions, and training sets made
// with them. A view is written as SQL (CREATE FEATURE VIEW, in features/*.sql or through
// `millpond sql`), compiled to a kernel program, and kept in meta.db with its canonical text and
// one hash per output column. A training set asks the same program for the values an entity had at
// a moment T; design section 6 is the law, and docs/formats names the bytes.
//
// Promises: one output row per label row, in the order of the labels, duplicates kept; values that
// depend on nothing but the labels, the definitions, the live versions and the pinned table
// versions (not on threads, file layout or memory); memory reserved from the arbiter before it is
// used, with further passes over the source where it does not fit. Leaves to others: what a label
// is (model/training), where runs are recorded (platform/tracking), the values themselves (kernel).
// Thread-safe.
#pragma once

#include <arrow/type_fwd.h>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/environment.h"
#include "base/json_fwd.h"
#include "base/result.h"

namespace millpond::data {
class Catalog;
class SqlEngine;
class StatementHandler;
struct Statement;
}  // namespace millpond::data

namespace millpond::platform {

class DefinitionStore;
struct ViewBinding;

struct FeatureColumn {
  std::string name;
  std::string type;  // as SQL writes it
  std::string hash;  // of the canonical text of this one column (design 6.9)
};

// A definition as it is stored.
struct FeatureView {
  std::string name;
  int64_t version = 0;  // 1, 2, …: a changed definition is a new version
  std::string text;     // the user's statement
  std::string file;     // where it was written, for errors
  std::string canonical;
  std::string source;  // catalog.schema.table
  std::vector<std::string> entity;
  std::string timestamp;
  Micros settle = 0;
  std::vector<FeatureColumn> columns;
  Micros created_at = 0;
};

// Rows of `source` committed up to and including `version` are known from their claim; later ones
// from the later of claim and commit.
struct LiveVersion {
  std::string view;
  std::string source;
  std::string table_id;
  int64_t version = 0;
  Micros commit_time = 0;
  Micros deployed_at = 0;
};

// A commit that a server saw later than the view's settle after its stamp: answers for its entities
// at T in [stamp + settle, seen] may lack its rows without being marked for it (design 6.3).
struct LateCommit {
  std::string view;
  std::string table_id;
  int64_t version = 0;
  Micros stamp = 0;
  Micros seen = 0;
  Micros settle = 0;
  bool all_entities = false;       // more than were kept
  std::set<std::string> entities;  // canonical bytes (kernel/canonical.h)
};

struct TrainingOptions {
  int threads = 0;                          // 0: as many as the pool has
  std::map<std::string, int64_t> versions;  // table name → version to read; others: the latest …
  std::optional<Micros> as_of;              // … or as they were at this time
  // Label columns that hold T and the entity under another name than the view's.
  std::optional<std::string> time_column;
  std::map<std::string, std::string> entity_columns;  // view's name → labels' name
  // Rows that were not known at this moment minus the view's settle do not even reach the kernel.
  // For labels that all have this T the values must stay as they are: CheckForLeaks sees to it.
  std::optional<Micros> truncate_source_at;
  // At most so many rows of a source in memory at once (0: what the arbiter grants).
  int64_t max_source_rows = 0;
};

// What a training set was made of; run records keep it.
struct TrainingSetRecord {
  struct View {
    std::string name;
    int64_t version = 0;
    std::vector<FeatureColumn> columns;
    std::string source;
    std::string table_id;
    int64_t table_version = 0;
    Micros settle = 0;
    std::optional<LiveVersion> live;
    int64_t source_rows = 0;  // rows of the source that were read
    int64_t used_rows = 0;    // … that belonged to an entity of the labels and were not later
    int passes = 0;
  };
  std::vector<View> views;
  int64_t label_rows = 0;
  int64_t window_values = 0;  // label rows × aggregates
  double seconds = 0;

  Json ToJson() const;  // without `seconds`: equal runs give equal records
};

struct TrainingSet {
  std::shared_ptr<arrow::Table> rows;  // the labels' columns, then each view's features
  std::vector<std::string> feature_columns;
  TrainingSetRecord record;
};

struct LeakReport {
  int64_t moments = 0;         // distinct T that were recomputed
  int64_t rows = 0;            // label rows at those moments
  int64_t differing_rows = 0;  // > 0: a feature read what was not known yet
  std::string first;           // the first difference, for the message
};

// A view whose source does not only grow (restatement.h).
struct Restatement {
  std::string view;  // as it was asked for
  std::string source;
  std::string why;
};

class FeatureStore {
 public:
  // `catalog` and `engine` must outlive the store. Makes CREATE FEATURE VIEW a statement of the
  // engine: no statement may run once the store is gone.
  static Result<std::unique_ptr<FeatureStore>> Open(data::Catalog& catalog,
                                                    data::SqlEngine& engine);
  static Result<std::unique_ptr<FeatureStore>> Open(data::Catalog& catalog);  // without SQL
  ~FeatureStore();

  // Reads every *.sql file of the folder without looking at any table: syntax, names, windows.
  // A missing folder is an empty one. Returns the names of the views found.
  Result<std::vector<std::string>> CheckFiles(const std::string& dir) const;
  // Compiles the views of the folder against their sources and stores what changed. `only`: those
  // among them (others may have sources that are not there yet); empty: all.
  struct Loaded {
    std::vector<std::string> created, replaced, unchanged;
  };
  Result<Loaded> Load(const std::string& dir, const std::vector<std::string>& only = {});
  // One CREATE FEATURE VIEW; what `millpond sql` runs.
  struct Created {
    FeatureView view;
    bool unchanged = false;
  };
  Result<Created> Create(const data::Statement& statement);

  Result<FeatureView> Find(const std::string& name) const;  // kNotFound names near ones
  Result<std::vector<FeatureView>> List() const;

  // Records the live version of the view for its source, and prepares the source for it (row
  // tracking, in-commit timestamps). A view that is live stays as it is.
  struct Deployed {
    LiveVersion live;
    bool already = false;
    std::vector<std::string> upgraded;  // table features that were turned on for it
  };
  Result<Deployed> Deploy(const std::string& name);
  Result<std::optional<LiveVersion>> Live(const std::string& name) const;

  // Late commits are kept for good, by whoever follows the sources, for audits. `from`, `to`: of T.
  Status RecordLate(const LateCommit& late);
  Result<std::vector<LateCommit>> LateCommits(const std::string& view, Micros from,
                                              Micros to) const;

  Result<TrainingSet> TrainingSetFor(arrow::RecordBatchReader& labels,
                                     const std::vector<std::string>& views,
                                     const TrainingOptions& options = {});

  // Recomputes the features of up to `max_moments` distinct T of the labels, each from the source
  // truncated at that T, and compares bit by bit (design section 8).
  Result<LeakReport> CheckForLeaks(arrow::RecordBatchReader& labels,
                                   const std::vector<std::string>& views,
                                   const TrainingOptions& options = {}, int max_moments = 16);

  // Those of the views whose sources' histories are rewritten, up to the versions of `options`.
  Result<std::vector<Restatement>> Restatements(const std::vector<std::string>& views,
                                                const TrainingOptions& options = {}) const;

  // Labels from a file (.csv, .parquet) or a table of the catalog. In a CSV file the views' entity
  // and time columns are read as the types they have in the views.
  Result<std::shared_ptr<arrow::RecordBatchReader>> OpenLabels(
      const std::string& what, const std::vector<std::string>& views,
      const TrainingOptions& options = {});

  // The views at the versions of their sources that a training set of these options would read.
  Result<std::vector<ViewBinding>> Bind(const std::vector<std::string>& views,
                                        const TrainingOptions& options) const;

  data::Catalog& catalog() const { return catalog_; }

 private:
  FeatureStore(data::Catalog& catalog, std::unique_ptr<DefinitionStore> definitions);

  data::Catalog& catalog_;
  std::unique_ptr<DefinitionStore> definitions_;
  std::unique_ptr<data::StatementHandler> statements_;
};

}  // namespace millpond::platform
