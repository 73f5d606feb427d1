// What is asked of the file's rows, by SQL in a project that holds nothing but the file: how its
// columns look, how its times run, how many labels each part of a split would have.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/init/project_files.h"
#include "app/project.h"
#include "app/terminal.h"

namespace millpond::app {

struct PartCounts {
  int64_t rows = 0;
  int64_t positives = 0;
};

class FileFacts {
 public:
  // `file` is the copy below the project's folder ("data/x.csv"), `shown` what the user calls it.
  static Result<FileFacts> Open(Project& project, std::string file, std::string shown,
                                TerminalProgress& progress);

  const CsvHead& head() const { return head_; }
  // Reads the file into a table of texts, and looks at each column.
  Result<std::vector<FileColumn>> Columns(const std::string& time_format);

  // Takes the entity, time and label of each row out of the texts; the following are about them.
  Status TakeEvents(const ProjectSketch& sketch);
  Result<TimeFacts> Times(bool whole_days, Micros now);
  Result<std::vector<Micros>> LabelQuantiles();
  // Of "who stays away": entities at each moment, and how many of them are not seen again in time.
  Result<PartCounts> CountActivity(const std::vector<Micros>& moments, Micros horizon);
  Result<PartCounts> CountLabels(Micros from, Micros to, Micros known_by, Micros known_after);
  // JSON texts of up to three entities that were seen last.
  Result<std::vector<std::string>> LatestEntities();

 private:
  FileFacts(std::unique_ptr<data::SqlSession> session, std::string file, std::string shown,
            TerminalProgress& progress);
  Result<Json> Rows(const std::string& sql);
  Result<Json> OneRow(const std::string& sql);

  std::unique_ptr<data::SqlSession> session_;
  std::string file_;
  std::string shown_;
  TerminalProgress* progress_;
  CsvHead head_;
};

}  // namespace millpond::app
