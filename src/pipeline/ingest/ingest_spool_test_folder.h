// A spool in a folder of its own, for its tests.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/testing/result_matchers.h"
#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"
#include "pipeline/ingest/ingest_spool.h"
#include "pipeline/sources/push_source.h"

namespace millpond::pipeline {

// {"n": first}, {"n": first + 1}, …
inline std::vector<std::string> Rows(int first, int count) {
  std::vector<std::string> lines;
  for (int i = 0; i < count; ++i) lines.push_back(fmt::format("{{\"n\":{}}}", first + i));
  return lines;
}

class IngestSpoolTest : public ::testing::Test {
 protected:
  Result<std::unique_ptr<IngestSpool>> Open() { return IngestSpool::Open(machine_.env, options_); }

  std::vector<std::string> Files(std::string_view containing = "") {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(options_.dir)) {
      std::string name = entry.path().filename();
      if (name.find(containing) != std::string::npos) names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  // The values of "n" in the sealed segments, in their order.
  std::vector<int> Sealed() {
    std::vector<int> values;
    for (const std::string& name : Files(".jsonl")) {
      auto segment = ParseSegmentName(name);
      if (!segment.has_value() || segment->open) continue;
      std::string text = *machine_.local->ReadFile(JoinPath(options_.dir, name));
      for (size_t begin = 0, end; begin < text.size(); begin = end + 1) {
        end = text.find('\n', begin);
        values.push_back((*ParseJson(text.substr(begin, end - begin), name)).at("n"));
      }
    }
    return values;
  }

  void WriteFile(const std::string& name, std::string_view bytes) {
    MP_EXPECT_OK(machine_.local->ReplaceFile(JoinPath(options_.dir, name), bytes));
  }

  testing::TempDir dir_;
  testing::TestEnvironment machine_;
  SpoolOptions options_{.dir = dir_ / "ingest/main.default.t"};
};

}  // namespace millpond::pipeline
