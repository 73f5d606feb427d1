// CREATE [OR REPLACE] FEATURE VIEW as a statement of `millpond sql`.
#include "data/sql/session.h"
#include "data/sql/statement.h"
#include "platform/features/definition_store.h"
#include "platform/features/feature_store.h"
#include "platform/features/view_statement.h"

namespace millpond::platform {
namespace {

class FeatureStatements : public data::StatementHandler {
 public:
  explicit FeatureStatements(FeatureStore& store) : store_(store) {}

  bool Accepts(const data::Statement& statement) const override {
    return IsViewStatement(statement);
  }

  Result<data::QueryResult> Execute(const data::Statement& statement, data::SqlSession&) override {
    MP_ASSIGN_OR_RETURN(FeatureStore::Created created, store_.Create(statement));
    const FeatureView& view = created.view;
    data::QueryResult result;
    result.message =
        fmt::format("feature view {}, version {}{}: {} features from {}", view.name, view.version,
                    created.unchanged ? " (unchanged)" : "", view.columns.size(), view.source);
    return result;
  }

 private:
  FeatureStore& store_;
};

}  // namespace

Result<std::unique_ptr<FeatureStore>> FeatureStore::Open(data::Catalog& catalog,
                                                         data::SqlEngine& engine) {
  MP_ASSIGN_OR_RETURN(auto store, Open(catalog));
  store->statements_ = std::make_unique<FeatureStatements>(*store);
  engine.Register(store->statements_.get());
  return store;
}

}  // namespace millpond::platform
