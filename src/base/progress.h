// How long work tells whoever waits for it where it is. Lower layers report; app draws a line on a
// terminal and prints plain lines elsewhere. Cheap to call: the listener throttles.
#pragma once

#include <cstdint>
#include <string_view>

namespace millpond {

struct ProgressEvent {
  std::string_view phase = {};   // "ingest", "transform", "features", "train", "score", "report"
  std::string_view object = {};  // what is worked on: a table, a view, a model
  int64_t done = 0;
  int64_t total = 0;           // 0: not known
  std::string_view unit = {};  // of done and total: "rows", "files", "rounds"
};

class Progress {
 public:
  virtual ~Progress() = default;
  virtual void Report(const ProgressEvent& event) = 0;  // thread-safe
};

}  // namespace millpond
