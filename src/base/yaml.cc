#include "base/yaml.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "base/nearest_name.h"

namespace millpond {

struct YamlNode::Impl {
  YAML::Node node;
  std::string file;
};

Result<YamlNode> YamlNode::Parse(const std::string& text, const std::string& file) {
  try {
    auto impl = std::make_shared<Impl>();
    impl->node = YAML::Load(text);
    if (impl->node.IsNull()) impl->node = YAML::Node(YAML::NodeType::Map);
    impl->file = file;
    YamlNode made;
    made.impl_ = std::move(impl);
    return made;
  } catch (const YAML::Exception& e) {
    return Fail(ErrorKind::kInvalidArgument, "{}:{}:{}: not valid YAML: {}", file, e.mark.line + 1,
                e.mark.column + 1, e.msg);
  }
}

bool YamlNode::IsMapping() const {
  return impl_->node.IsMap();
}
bool YamlNode::IsSequence() const {
  return impl_->node.IsSequence();
}
bool YamlNode::IsScalar() const {
  return impl_->node.IsScalar();
}
bool YamlNode::IsNull() const {
  return impl_->node.IsNull();
}
bool YamlNode::IsQuoted() const {
  return impl_->node.Tag() == "!";
}

namespace {

std::string PlaceOf(const YAML::Node& node, const std::string& file) {
  YAML::Mark mark = node.Mark();
  if (mark.is_null()) return file;
  return fmt::format("{}:{}:{}", file, mark.line + 1, mark.column + 1);
}

}  // namespace

std::string YamlNode::Where() const {
  return PlaceOf(impl_->node, impl_->file);
}

std::unexpected<Error> YamlNode::Complain(std::string_view message) const {
  return Fail(ErrorKind::kInvalidArgument, "{}: {}", Where(), message);
}

Result<std::string> YamlNode::AsString() const {
  if (!IsScalar()) return Complain("want a text");
  return impl_->node.Scalar();
}

namespace {

template <typename T>
Result<T> Convert(const YamlNode& node, const YAML::Node& yaml, const char* wanted) {
  T value;
  if (!yaml.IsScalar() || !YAML::convert<T>::decode(yaml, value)) {
    return node.Complain(fmt::format("want {}, found '{}'", wanted,
                                     yaml.IsScalar() ? yaml.Scalar() : "a list or mapping"));
  }
  return value;
}

}  // namespace

Result<int64_t> YamlNode::AsInt() const {
  return Convert<int64_t>(*this, impl_->node, "a whole number");
}
Result<double> YamlNode::AsDouble() const {
  return Convert<double>(*this, impl_->node, "a number");
}
Result<bool> YamlNode::AsBool() const {
  return Convert<bool>(*this, impl_->node, "true or false");
}

Result<std::vector<YamlNode>> YamlNode::AsList() const {
  if (!IsSequence()) return Complain("want a list");
  std::vector<YamlNode> items;
  for (const auto& child : impl_->node) {
    items.emplace_back().impl_ = std::make_shared<Impl>(Impl{child, impl_->file});
  }
  return items;
}

Result<std::vector<std::pair<std::string, YamlNode>>> YamlNode::AsMapping() const {
  if (!IsMapping()) return Complain("want a mapping (key: value)");
  std::vector<std::pair<std::string, YamlNode>> entries;
  // yaml-cpp keeps both of two equal keys; to read either would be to guess.
  std::map<std::string, std::string> places;
  for (const auto& entry : impl_->node) {
    std::string place = PlaceOf(entry.first, impl_->file);
    if (!entry.first.IsScalar()) {
      return Fail(ErrorKind::kInvalidArgument, "{}: a key must be a text", place);
    }
    const auto [first, is_new] = places.emplace(entry.first.Scalar(), place);
    if (!is_new) {
      return Fail(ErrorKind::kInvalidArgument,
                  "{}: '{}' stands here a second time, the first is at {}; remove one of them",
                  place, entry.first.Scalar(), first->second);
    }
    YamlNode value;
    value.impl_ = std::make_shared<Impl>(Impl{entry.second, impl_->file});
    entries.emplace_back(entry.first.Scalar(), std::move(value));
  }
  return entries;
}

Result<MappingReader> MappingReader::Open(const YamlNode& node) {
  MP_RETURN_IF_ERROR(node.AsMapping());  // refuses keys that stand there twice
  return MappingReader(node);
}

std::optional<YamlNode> MappingReader::Find(const std::string& key) {
  known_.insert(key);
  const YAML::Node& yaml = node_.impl_->node;
  YAML::Node value = yaml[key];
  if (!value.IsDefined() || value.IsNull()) return std::nullopt;
  YamlNode found;
  found.impl_ = std::make_shared<YamlNode::Impl>(YamlNode::Impl{value, node_.impl_->file});
  return found;
}

Result<YamlNode> MappingReader::Require(const std::string& key) {
  if (auto found = Find(key)) return *found;
  return node_.Complain(fmt::format("'{}' is missing", key));
}

Result<std::string> MappingReader::RequireString(const std::string& key) {
  MP_ASSIGN_OR_RETURN(auto node, Require(key));
  return node.AsString();
}

Result<std::string> MappingReader::String(const std::string& key, std::string fallback) {
  auto found = Find(key);
  return found ? found->AsString() : Result<std::string>(std::move(fallback));
}
Result<int64_t> MappingReader::Int(const std::string& key, int64_t fallback) {
  auto found = Find(key);
  return found ? found->AsInt() : Result<int64_t>(fallback);
}
Result<double> MappingReader::Double(const std::string& key, double fallback) {
  auto found = Find(key);
  return found ? found->AsDouble() : Result<double>(fallback);
}
Result<bool> MappingReader::Bool(const std::string& key, bool fallback) {
  auto found = Find(key);
  return found ? found->AsBool() : Result<bool>(fallback);
}

Result<std::vector<std::string>> MappingReader::Strings(const std::string& key) {
  std::vector<std::string> texts;
  auto found = Find(key);
  if (!found) return texts;
  MP_ASSIGN_OR_RETURN(auto items, found->AsList());
  for (const auto& item : items) {
    MP_ASSIGN_OR_RETURN(texts.emplace_back(), item.AsString());
  }
  return texts;
}

Status MappingReader::Finish() const {
  MP_ASSIGN_OR_RETURN(auto entries, node_.AsMapping());
  for (const auto& [key, value] : entries) {
    if (known_.contains(key)) continue;
    const std::string nearest = NearestName(key, {known_.begin(), known_.end()});
    return value.Complain(
        fmt::format("unknown key '{}'{}", key,
                    nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
  }
  return OkStatus();
}

}  // namespace millpond
