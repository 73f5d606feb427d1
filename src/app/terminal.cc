#include "app/terminal.h"

#include <unistd.h>

#include <cstdlib>

namespace millpond::app {
namespace {

constexpr auto kRedrawEvery = std::chrono::milliseconds(100);
constexpr auto kPlainLineEvery = std::chrono::seconds(5);

void Print(std::FILE* out, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), out);
  std::fflush(out);
}

std::string Describe(const ProgressEvent& event) {
  std::string text = fmt::format("{:<10} {}", event.phase, event.object);
  if (event.total > 0) {
    text += fmt::format("  {} of {} {}", WithThousands(event.done), WithThousands(event.total),
                        event.unit);
  } else if (event.done > 0) {
    text += fmt::format("  {} {}", WithThousands(event.done), event.unit);
  }
  return text;
}

}  // namespace

bool IsTerminal(std::FILE* out) {
  return ::isatty(::fileno(out)) && std::getenv("CI") == nullptr;
}

TerminalProgress::TerminalProgress(std::FILE* out) : out_(out), is_terminal_(IsTerminal(out)) {}

TerminalProgress::~TerminalProgress() {
  Clear();
}

void TerminalProgress::Report(const ProgressEvent& event) {
  std::lock_guard lock(mutex_);
  auto now = std::chrono::steady_clock::now();
  std::string object = fmt::format("{} {}", event.phase, event.object);
  bool begins = object != current_;
  if (!begins && now - last_drawn_ < (is_terminal_ ? kRedrawEvery : kPlainLineEvery)) return;
  current_ = std::move(object);
  last_drawn_ = now;
  if (is_terminal_) {
    Print(out_, fmt::format("\r\033[K{}", Describe(event)));
    line_open_ = true;
  } else {
    Print(out_, Describe(event) + "\n");
  }
}

void TerminalProgress::Note(std::string_view line) {
  std::lock_guard lock(mutex_);
  Print(out_, fmt::format("{}{}\n", line_open_ ? "\r\033[K" : "", line));
  line_open_ = false;
}

void TerminalProgress::Clear() {
  std::lock_guard lock(mutex_);
  if (line_open_) Print(out_, "\r\033[K");
  line_open_ = false;
}

std::string WithThousands(int64_t number) {
  std::string digits = fmt::format("{}", number < 0 ? -number : number);
  for (size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return (number < 0 ? "-" : "") + digits;
}

std::string HumanBytes(int64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "KB", "MB", "GB", "TB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1000 && unit + 1 < std::size(kUnits)) value /= 1000, ++unit;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string HumanSeconds(double seconds) {
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  auto whole = static_cast<int64_t>(seconds);
  return fmt::format("{} min {:02} s", whole / 60, whole % 60);
}

}  // namespace millpond::app
