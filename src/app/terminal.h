// What a command says to the person at the keyboard. Results go to standard output and nothing else
// does; progress, notes and errors go to standard error. On a terminal progress is one line that is
// redrawn; elsewhere it is plain lines, one when a phase or object begins and one every few
// seconds.
#pragma once

#include <chrono>
#include <cstdio>
#include <mutex>
#include <string>

#include "base/progress.h"
#include "base/result.h"

namespace millpond::app {

// Somebody is watching: a terminal, and not that of a build server.
bool IsTerminal(std::FILE* out);

class TerminalProgress : public Progress {
 public:
  explicit TerminalProgress(std::FILE* out);
  ~TerminalProgress() override;  // ends an open line

  void Report(const ProgressEvent& event) override;
  // Prints a whole line, after clearing the progress line.
  void Note(std::string_view line);
  // Clears the progress line, so that something else can be printed.
  void Clear();

 private:
  std::FILE* out_;
  bool is_terminal_;
  bool line_open_ = false;
  std::mutex mutex_;
  std::string current_;  // "phase object" last begun
  std::chrono::steady_clock::time_point last_drawn_{};
};

// "1,234,567".
std::string WithThousands(int64_t number);
// "1.2 MB".
std::string HumanBytes(int64_t bytes);
// "0.4 s", "2 min 05 s".
std::string HumanSeconds(double seconds);

}  // namespace millpond::app
