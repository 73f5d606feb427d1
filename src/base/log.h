// Logging for the operator, not for the user: what a command did for its user is printed by the
// command. Lines go to standard error, "2026-01-31T08:00:00Z warn data: message". The level is
// "warn" unless MILLPOND_LOG says debug, info, warn, error or off. Secrets are never logged.
#pragma once

#include <fmt/format.h>

#include <string_view>

namespace millpond {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

void Log(LogLevel level, std::string_view component, std::string_view message);

template <typename... Args>
void LogInfo(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  Log(LogLevel::kInfo, component, fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
void LogWarn(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  Log(LogLevel::kWarn, component, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace millpond
