#include "data/delta/commit/table_rules.h"

#include <algorithm>
#include <functional>

#include "base/json.h"
#include "data/delta/metadata/protocol.h"
#include "data/delta/metadata/text_limits.h"

namespace millpond::data {
namespace {

constexpr const char* kInvariants = "delta.invariants";
constexpr const char* kGeneration = "delta.generationExpression";
constexpr const char* kDefault = "CURRENT_DEFAULT";
constexpr const char* kIdentityStart = "delta.identity.start";
constexpr const char* kIdentityStep = "delta.identity.step";
constexpr const char* kIdentityMark = "delta.identity.highWaterMark";
constexpr const char* kIdentityExplicit = "delta.identity.allowExplicitInsert";
constexpr const char* kRuleKeys[] = {kInvariants,   kGeneration,       kDefault,     kIdentityStart,
                                     kIdentityStep, kIdentityExplicit, kTextLimitKey};

Result<Json> ValueOf(const StructField& field, const char* key) {
  return ParseJson(field.metadata.at(key), fmt::format("{} of column '{}'", key, field.name));
}

Result<std::optional<std::string>> TextOf(const StructField& field, const char* key) {
  if (!field.metadata.contains(key)) return std::nullopt;
  MP_ASSIGN_OR_RETURN(const Json json, ValueOf(field, key));
  if (json.is_string()) return json.get<std::string>();
  return Fail(ErrorKind::kCorrupt, "{} of column '{}' is not a text", key, field.name);
}

Result<std::optional<int64_t>> NumberOf(const StructField& field, const char* key) {
  if (!field.metadata.contains(key)) return std::nullopt;
  MP_ASSIGN_OR_RETURN(const Json json, ValueOf(field, key));
  if (json.is_number_integer()) return json.get<int64_t>();
  return Fail(ErrorKind::kCorrupt, "{} of column '{}' is not a whole number", key, field.name);
}

using VisitField = std::function<Status(const StructField&, const std::string& path)>;

Status ForEachField(const std::vector<StructField>& fields, const std::string& prefix,
                    const VisitField& visit);

Status ForEachField(const DataType& type, const std::string& path, const VisitField& visit) {
  switch (type.kind()) {
    case TypeKind::kStruct:
      return ForEachField(type.fields(), path + ".", visit);
    case TypeKind::kMap:
      MP_RETURN_IF_ERROR(ForEachField(type.key(), path + ".key", visit));
      return ForEachField(type.element(), path + ".value", visit);
    case TypeKind::kArray:
      return ForEachField(type.element(), path + ".element", visit);
    default:
      return OkStatus();
  }
}

Status ForEachField(const std::vector<StructField>& fields, const std::string& prefix,
                    const VisitField& visit) {
  for (const StructField& field : fields) {
    MP_RETURN_IF_ERROR(visit(field, prefix + field.name));
    MP_RETURN_IF_ERROR(ForEachField(field.type, prefix + field.name, visit));
  }
  return OkStatus();
}

// Every rule as a line, in the order of the columns.
std::vector<std::string> Lines(const Metadata& metadata, const Schema& schema) {
  std::vector<std::string> lines;
  (void)ForEachField(schema.fields(), "",
                     [&](const StructField& field, const std::string& path) -> Status {
                       for (const char* key : kRuleKeys) {
                         const auto found = field.metadata.find(key);
                         if (found != field.metadata.end())
                           lines.push_back(path + " " + key + found->second);
                       }
                       return OkStatus();
                     });
  for (const RowCheck& check : ConstraintsOf(metadata.configuration)) {
    lines.push_back(check.name + " " + check.expression);
  }
  return lines;
}

// The schema's text without marks; "" where it cannot be read.
std::string WithoutMarks(const std::string& schema_json) {
  const auto schema = Schema::FromJson(schema_json);
  if (!schema) return "";
  std::vector<StructField> fields = schema->fields();
  for (StructField& field : fields) field.metadata.erase(kIdentityMark);
  return Schema(std::move(fields)).ToJson();
}

}  // namespace

Result<std::optional<std::string>> GenerationExpressionOf(const StructField& field) {
  return TextOf(field, kGeneration);
}

Result<std::optional<std::string>> DefaultExpressionOf(const StructField& field) {
  return TextOf(field, kDefault);
}

Result<std::optional<IdentityRule>> IdentityRuleOf(const StructField& field) {
  if (!field.metadata.contains(kIdentityStart)) return std::nullopt;
  IdentityRule rule;
  MP_ASSIGN_OR_RETURN(const auto start, NumberOf(field, kIdentityStart));
  MP_ASSIGN_OR_RETURN(const auto step, NumberOf(field, kIdentityStep));
  MP_ASSIGN_OR_RETURN(rule.high_water_mark, NumberOf(field, kIdentityMark));
  rule.start = *start;
  rule.step = step.value_or(1);
  if (rule.step == 0) {
    return Fail(ErrorKind::kCorrupt, "{} of column '{}' is 0", kIdentityStep, field.name);
  }
  const auto allowed = field.metadata.find(kIdentityExplicit);
  rule.allow_explicit_insert = allowed != field.metadata.end() && allowed->second == "true";
  return rule;
}

void SetGenerationExpression(StructField& field, const std::string& expression) {
  field.metadata[kGeneration] = DumpJson(Json(expression));
}

void SetDefaultExpression(StructField& field, const std::string& expression) {
  field.metadata[kDefault] = DumpJson(Json(expression));
}

void SetIdentityRule(StructField& field, const IdentityRule& rule) {
  field.metadata[kIdentityStart] = fmt::format("{}", rule.start);
  field.metadata[kIdentityStep] = fmt::format("{}", rule.step);
  field.metadata[kIdentityExplicit] = rule.allow_explicit_insert ? "true" : "false";
  if (rule.high_water_mark) {
    field.metadata[kIdentityMark] = fmt::format("{}", *rule.high_water_mark);
  }
}

Result<std::vector<RowCheck>> InvariantsOf(const Schema& schema) {
  std::vector<RowCheck> invariants;
  MP_RETURN_IF_ERROR(ForEachField(
      schema.fields(), "", [&](const StructField& field, const std::string& path) -> Status {
        MP_ASSIGN_OR_RETURN(const auto text, TextOf(field, kInvariants));
        if (!text) return OkStatus();
        MP_ASSIGN_OR_RETURN(const Json json, ParseJson(*text, "the invariant of column " + path));
        const Json::json_pointer at("/expression/expression");
        if (!json.is_object() || !json.contains(at) || !json.at(at).is_string()) {
          return Fail(ErrorKind::kCorrupt, "the invariant of column '{}' has no expression: {}",
                      path, *text);
        }
        invariants.push_back({path, json.at(at).get<std::string>()});
        return OkStatus();
      }));
  return invariants;
}

std::vector<RowCheck> ConstraintsOf(const StringMap& properties) {
  const std::string_view prefix = property::kConstraintPrefix;
  std::vector<RowCheck> checks;
  for (const auto& [key, value] : properties) {
    if (key.starts_with(prefix)) checks.push_back({key.substr(prefix.size()), value});
  }
  return checks;
}

std::vector<std::string> FeaturesOfRules(const Schema& schema, const StringMap& properties) {
  std::vector<std::string> features;
  const auto uses = [&](const char* key) {
    return std::ranges::any_of(
        schema.fields(), [&](const StructField& field) { return field.metadata.contains(key); });
  };
  if (!ConstraintsOf(properties).empty()) features.push_back(feature::kCheckConstraints);
  if (uses(kGeneration)) features.push_back(feature::kGeneratedColumns);
  if (uses(kDefault)) features.push_back(feature::kAllowColumnDefaults);
  if (uses(kIdentityStart)) features.push_back(feature::kIdentityColumns);
  return features;
}

bool SameRules(const Metadata& a, const Schema& a_schema, const Metadata& b,
               const Schema& b_schema) {
  return Lines(a, a_schema) == Lines(b, b_schema);
}

bool SameButForIdentity(const Metadata& a, const Metadata& b) {
  Metadata other = b;
  other.schema_json = a.schema_json;
  if (!(a == other)) return false;
  if (a.schema_json == b.schema_json) return true;
  const std::string text = WithoutMarks(a.schema_json);
  return !text.empty() && text == WithoutMarks(b.schema_json);
}

}  // namespace millpond::data
