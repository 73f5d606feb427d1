// YAML configuration, by yaml-cpp. A YamlNode knows its file, line and column, so that every
// complaint about a value points at it; a mapping read with MappingReader refuses keys nobody asked
// for.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"

namespace millpond {

class YamlNode {
 public:
  // An empty document is an empty mapping.
  static Result<YamlNode> Parse(const std::string& text, const std::string& file);

  bool IsMapping() const;
  bool IsSequence() const;
  bool IsScalar() const;
  bool IsNull() const;
  // Was the scalar written in quotes? ("1" is a text, 1 is a number)
  bool IsQuoted() const;

  Result<std::string> AsString() const;
  Result<int64_t> AsInt() const;
  Result<double> AsDouble() const;
  Result<bool> AsBool() const;
  Result<std::vector<YamlNode>> AsList() const;
  // A key that stands there twice is refused, with both places.
  Result<std::vector<std::pair<std::string, YamlNode>>> AsMapping() const;

  // "models/churn.yml:7:3", lines and columns from 1.
  std::string Where() const;
  // An error of kind kInvalidArgument that begins with Where().
  std::unexpected<Error> Complain(std::string_view message) const;

 private:
  friend class MappingReader;
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

// Reads one mapping key by key; Finish() refuses keys that were never asked for and names the
// nearest known one.
class MappingReader {
 public:
  // As AsMapping.
  static Result<MappingReader> Open(const YamlNode& node);

  std::optional<YamlNode> Find(const std::string& key);
  Result<YamlNode> Require(const std::string& key);
  Result<std::string> RequireString(const std::string& key);
  Result<std::string> String(const std::string& key, std::string fallback);
  Result<int64_t> Int(const std::string& key, int64_t fallback);
  Result<double> Double(const std::string& key, double fallback);
  Result<bool> Bool(const std::string& key, bool fallback);
  Result<std::vector<std::string>> Strings(const std::string& key);  // absent: empty

  Status Finish() const;

 private:
  explicit MappingReader(YamlNode node) : node_(std::move(node)) {}
  YamlNode node_;
  std::set<std::string> known_;
};

}  // namespace millpond
