// CREATE [OR REPLACE] FEATURE VIEW as a statement of `millpond sql`.
#pragma once

#include "data/sql/statement.h"

namespace millpond::platform {

class FeatureStore;

class FeatureStatements : public data::StatementHandler {
 public:
  explicit FeatureStatements(FeatureStore& store) : store_(store) {}
  bool Accepts(const data::Statement& statement) const override;
  Result<data::QueryResult> Execute(const data::Statement& statement,
                                    data::SqlSession& session) override;

 private:
  FeatureStore& store_;
};

}  // namespace millpond::platform
