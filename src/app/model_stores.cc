#include "app/model_stores.h"

namespace millpond::app {

Result<std::unique_ptr<ModelStores>> ModelStores::Open(Project& project) {
  std::unique_ptr<ModelStores> stores(new ModelStores(project));
  platform::TrackingOptions options{project.StatePathOf("meta.db"),
                                    project.StatePathOf("artifacts")};
  MP_ASSIGN_OR_RETURN(stores->tracking_,
                      platform::TrackingStore::Open(options, project.env().random, stores->clock_));
  stores->registry_ = std::make_unique<platform::ModelRegistry>(*stores->tracking_, stores->clock_);
  stores->artifacts_ = std::make_unique<platform::ArtifactStore>(project.env().fs);
  return stores;
}

model::Trainer ModelStores::trainer() {
  return model::Trainer({project_.catalog(),
                         project_.sql(),
                         project_.features(),
                         *tracking_,
                         *registry_,
                         *artifacts_,
                         {"local"}});
}

}  // namespace millpond::app
