// Which column says who, which says when, and which is to be predicted, each with the reason that
// is printed. Pure: from profiles to choices.
#pragma once

#include <string>
#include <vector>

#include "app/init/column_type.h"

namespace millpond::app {

// A column of the file with what it looks like and how it is read.
struct FileColumn {
  ColumnProfile profile;
  ColumnType type;  // as a value
  ColumnType time;  // as a time; kText: it is none
};

struct Choice {
  int column = -1;          // place in the file; -1: none
  std::string reason = {};  // "4,043 different values in 80,789 rows; its name ends in num"
  std::vector<std::string> others = {};  // columns that could have been it, best first
};

// What the user said, empty where nothing.
struct WantedColumns {
  std::string entity = {};
  std::string time = {};
  std::string label = {};        // a column, "COLUMN > 30", or "activity"
  std::string time_format = {};  // strptime's
};

// kInvalidArgument where no column will do, with the flag to name one.
Result<Choice> GuessTime(const std::vector<FileColumn>& columns, const WantedColumns& wanted);
Result<Choice> GuessEntity(const std::vector<FileColumn>& columns, int time,
                           const WantedColumns& wanted);

struct LabelChoice {
  Choice choice = {};      // column -1: nothing in a row is the label, activity is
  std::string sql = {};    // over the raw text columns: BOOLEAN; NULL where not known
  std::string words = {};  // "arr_delay > 30"
};
Result<LabelChoice> GuessLabel(const std::vector<FileColumn>& columns, int time, int entity,
                               const WantedColumns& wanted);

// By the name in the file or in SQL, letter case aside. The error names the nearest one.
Result<int> FindColumn(const std::vector<FileColumn>& columns, const std::string& name,
                       std::string_view flag);

// A number that names things (id, key, code …) and is not to be summed.
bool IsCode(const FileColumn& column);

// "customer_id" ends in one of the words, as a word of its own or as an ending of one.
bool NameEndsIn(std::string_view name, std::initializer_list<std::string_view> words);

}  // namespace millpond::app
