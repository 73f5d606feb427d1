// What training and the `models` command need beside the project: runs, registered models,
// artifacts.
#pragma once

#include <memory>

#include "app/project.h"
#include "model/training/trainer.h"
#include "platform/tracking/artifact_store.h"
#include "platform/tracking/model_registry.h"
#include "platform/tracking/tracking_store.h"

namespace millpond::app {

class ModelStores {
 public:
  static Result<std::unique_ptr<ModelStores>> Open(Project& project);

  platform::TrackingStore& tracking() { return *tracking_; }
  platform::ModelRegistry& registry() { return *registry_; }
  platform::ArtifactStore& artifacts() { return *artifacts_; }
  model::Trainer trainer();

 private:
  explicit ModelStores(Project& project) : project_(project) {}

  Project& project_;
  SystemClock clock_;  // durations of runs are real also where the project's clock is moved
  std::unique_ptr<platform::TrackingStore> tracking_;
  std::unique_ptr<platform::ModelRegistry> registry_;
  std::unique_ptr<platform::ArtifactStore> artifacts_;
};

}  // namespace millpond::app
