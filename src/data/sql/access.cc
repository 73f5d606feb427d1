#include "data/sql/access.h"

namespace millpond::data {

std::string_view ToString(Privilege privilege) {
  switch (privilege) {
    case Privilege::kSelect:
      return "SELECT";
    case Privilege::kModify:
      return "MODIFY";
    case Privilege::kCreateTable:
      return "CREATE TABLE";
    case Privilege::kDropTable:
      return "DROP TABLE";
    case Privilege::kReadFiles:
      return "READ FILES";
    case Privilege::kExecute:
      return "EXECUTE";
  }
  return "";
}

}  // namespace millpond::data
