#include <arrow/record_batch.h>

#include "data/sql/prepared_query_internal.h"
#include "data/sql/tokenizer.h"
#include "data/sql/walls.h"

namespace millpond::data {
namespace {

// Names the relations of one query for the engine. `inner` is the text after the user-level
// rewrites (pipelines put whole queries around the user's), `outer` leads back to the user's text.
class RelationNamer {
 public:
  RelationNamer(const SourceText& source, const RewrittenSql& outer, const SourceText& inner,
                SessionTables& tables, const FindRelationFunction& find, const Workspace& workspace)
      : source_(source),
        outer_(outer),
        inner_(inner),
        tables_(tables),
        find_(find),
        workspace_(workspace) {}

  // Nothing where the engine has the relation itself (range, unnest …).
  Result<std::optional<Replacement>> Name(const ReferencedRelation& relation) {
    std::optional<QueryName> name;
    std::string alias;
    if (relation.is_function) {
      MP_ASSIGN_OR_RETURN(name, NameFunction(relation));
      alias = relation.function->name;
    } else if (tables_.IsOwn(relation.names)) {
      return std::nullopt;
    } else {
      auto found = SessionTables::NameOf(relation.names);
      if (!found.has_value()) return At(relation, std::move(found).error());
      name = *std::move(found);
    }
    if (!name) return std::nullopt;
    std::string text = fmt::format("lake.{}.{}", QuoteName(name->schema), QuoteName(name->table));
    if (!alias.empty() && relation.alias.empty()) text += " AS " + QuoteName(alias);
    return Replacement{relation.offset, relation.end, std::move(text)};
  }

 private:
  Result<std::optional<QueryName>> NameFunction(const ReferencedRelation& relation) {
    const std::string& function = relation.function->name;
    RelationFunction* registered = find_(function);
    if (function != "delta_scan" && registered == nullptr) return std::nullopt;
    auto arguments = ArgumentsOf(*relation.function, inner_);
    if (!arguments.has_value()) return At(relation, std::move(arguments).error());
    if (registered == nullptr) {
      const bool one = arguments->positional.size() == 1 && arguments->named.empty();
      const std::string* path = one ? arguments->positional[0].AsString() : nullptr;
      if (path == nullptr) {
        return At(relation, Error(ErrorKind::kInvalidArgument,
                                  "delta_scan takes one argument, the path of a Delta table"));
      }
      return QueryName{"delta", *path};
    }
    // Its errors should point into the user's text, not into what we made of it.
    arguments->source = source_;
    arguments->offset = outer_.SourceOffset(arguments->offset);
    arguments->may_read = [this](const std::string& path) { return tables_.MayReadFile(path); };
    arguments->open_table = [this](const std::vector<std::string>& parts) -> Result<DeltaTable> {
      MP_ASSIGN_OR_RETURN(const QueryName name, SessionTables::NameOf(parts));
      return tables_.Open(name);
    };
    for (auto& argument : arguments->positional) Relocate(argument);
    for (auto& [name, argument] : arguments->named) Relocate(argument);
    MP_ASSIGN_OR_RETURN(auto rows, registered->Open(*arguments, workspace_));
    return tables_.Add(std::move(rows));
  }

  void Relocate(ArgumentValue& argument) const {
    argument.offset = outer_.SourceOffset(argument.offset);
  }

  std::unexpected<Error> At(const ReferencedRelation& relation, Error error) const {
    return FailAt(source_, outer_.SourceOffset(relation.offset), error.kind(), "{}",
                  error.ToString());
  }

  const SourceText& source_;
  const RewrittenSql& outer_;
  const SourceText& inner_;
  SessionTables& tables_;
  const FindRelationFunction& find_;
  const Workspace& workspace_;
};

}  // namespace

namespace {

Result<PreparedQuery> NameRelations(const RewrittenSql& outer, const SourceText& source,
                                    const SourceText& inner, const SelectTree& tree,
                                    std::shared_ptr<SessionTables> tables,
                                    const FindRelationFunction& find, const Workspace& workspace) {
  RelationNamer namer(source, outer, inner, *tables, find, workspace);
  std::vector<Replacement> names;
  for (const auto& relation : Relations(tree)) {
    MP_ASSIGN_OR_RETURN(auto name, namer.Name(relation));
    if (name) names.push_back(*std::move(name));
  }
  MP_ASSIGN_OR_RETURN(const auto named, Rewrite(inner.text(), inner, std::move(names)));
  return PreparedQuery{outer.Then(named), std::move(tables)};
}

}  // namespace

Result<PreparedQuery> PrepareQuery(std::string_view part, const SourceText& source,
                                   std::vector<Replacement> replacements,
                                   std::shared_ptr<SessionTables> tables,
                                   const FindRelationFunction& find, const Workspace& workspace) {
  MP_ASSIGN_OR_RETURN(const auto tree, ParseSelect(part, source, replacements));
  MP_RETURN_IF_ERROR(
      CheckWalls(tree, source, [&](const std::string& name) { return find(name) != nullptr; }));
  MP_ASSIGN_OR_RETURN(const auto outer, Rewrite(part, source, std::move(replacements)));
  const SourceText inner(source.file(), outer.text());
  MP_ASSIGN_OR_RETURN(const auto inner_tree, ParseSelect(inner));
  return NameRelations(outer, source, inner, inner_tree, std::move(tables), find, workspace);
}

Result<PreparedQuery> PrepareQuery(const RewrittenSql& composed, const SourceText& source,
                                   std::shared_ptr<SessionTables> tables,
                                   const FindRelationFunction& find, const Workspace& workspace) {
  const SourceText inner(source.file(), composed.text());
  MP_ASSIGN_OR_RETURN(const auto tree, ParseSelect(inner));
  MP_RETURN_IF_ERROR(CheckWalls(
      tree, source, [&](const std::string& name) { return find(name) != nullptr; }, &composed));
  return NameRelations(composed, source, inner, tree, std::move(tables), find, workspace);
}

}  // namespace millpond::data
