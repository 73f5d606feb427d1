// A store, a registry and logged models on files of the test's own.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/testing/result_matchers.h"
#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"
#include "platform/tracking/artifact_store.h"
#include "platform/tracking/logged_models.h"
#include "platform/tracking/model_registry.h"
#include "platform/tracking/tracking_store.h"

namespace millpond::platform {

class TrackingFixture : public ::testing::Test {
 protected:
  void SetUp() override { Open(); }

  void Open() {
    auto opened =
        TrackingStore::Open({dir_ / "meta.db", dir_ / "artifacts"}, random_, machine_.clock);
    ASSERT_THAT(opened, millpond::testing::IsOk());
    store_ = std::move(opened).value();
    registry_.emplace(*store_, machine_.clock);
    models_.emplace(*store_);
  }

  // A run of experiment Default that logged these.
  std::string NewRun(const std::vector<Metric>& metrics = {}, const std::vector<Param>& params = {},
                     const std::vector<Tag>& tags = {}, int64_t start_time_ms = 0) {
    auto run = store_->CreateRun({.experiment_id = "0", .start_time_ms = start_time_ms});
    EXPECT_THAT(run, millpond::testing::IsOk());
    EXPECT_THAT(store_->LogBatch(run->info.run_id, metrics, params, tags),
                millpond::testing::IsOk());
    return run->info.run_id;
  }

  millpond::testing::TempDir dir_;
  millpond::testing::TestEnvironment machine_;
  SeededRandom random_{11};
  std::unique_ptr<TrackingStore> store_;
  std::optional<ModelRegistry> registry_;
  std::optional<LoggedModels> models_;
};

}  // namespace millpond::platform
