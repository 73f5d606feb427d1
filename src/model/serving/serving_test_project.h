// The trainer's small project (trainer_test_project.h) with a server's parts: an online store and
// endpoints, asked through the router.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/table.h>

#include "base/json.h"
#include "data/arrow/status.h"
#include "model/serving/serving_routes.h"
#include "model/training/trainer_test_project.h"
#include "platform/features/kernel_batch.h"

namespace millpond::model {

class ServingTest : public TrainerTest {
 protected:
  void SetUp() override {
    TrainerTest::SetUp();
    if (HasFatalFailure()) return;
    Train();
  }

  // Text of models/stopped.yml with a section `serve`.
  static std::string Serving(const std::string& serve) {
    return std::string(kStoppedModel) + "serve: " + serve + "\n";
  }

  // A model whose label rows carry request features of several types.
  static std::string WithRequestFeatures() {
    std::string text = kStoppedModel;
    const std::string label = "SELECT customer, :as_of AS as_of,\n";
    text.insert(text.find(label) + label.size(),
                "           CASE WHEN customer % 3 = 0 THEN 'north' ELSE 'south' END AS region,\n"
                "           ((customer % 7) / 4)::DECIMAL(10,2) AS bill,\n"
                "           customer % 2 = 0 AS vip, (customer % 5)::DOUBLE / 3 AS share,\n");
    const std::string views = "  views: [{name: buying}]\n";
    return text.insert(text.find(views) + views.size(), "  request: [region, bill, vip, share]\n");
  }

  // By the name in its first line.
  static ModelDefinition Parse(const std::string& text) {
    const std::string name = text.substr(6, text.find('\n') - 6);
    auto parsed = ParseModelDefinition(text, "models/" + name + ".yml");
    EXPECT_THAT(parsed, millpond::testing::IsOk());
    return parsed.value_or(ModelDefinition());
  }
  // The next version, under the alias champion.
  void Train(const std::string& text = kStoppedModel) {
    MP_ASSERT_OK_AND_ASSIGN(trained_, Trainer(Parts()).Train(Parse(text), {.force = true}));
  }

  void OpenOnline() {
    metrics_ = std::make_unique<MetricsRegistry>();
    platform::OnlineOptions options;
    options.dir = dir_ / "state/online";
    options.follow_interval_ms = 3'600'000;  // tests look at the sources when they want to
    MP_ASSERT_OK_AND_ASSIGN(online_, platform::OnlineStore::Open(*features_, options, *metrics_));
  }

  ServingParts ServingPartsOf(platform::OnlineStore* online) {
    return {.catalog = *catalog_,
            .features = *features_,
            .online = online,
            .online_problem = online == nullptr ? "another process has it" : "",
            .registry = *registry_,
            .metrics = *metrics_};
  }

  void OpenEndpoints(const std::vector<std::string>& models) {
    if (!online_) OpenOnline();
    OpenEndpointsOver(online_.get(), models);
  }
  void OpenEndpointsOver(platform::OnlineStore* online, const std::vector<std::string>& models) {
    if (!metrics_) metrics_ = std::make_unique<MetricsRegistry>();
    std::vector<ModelDefinition> definitions;
    for (const auto& text : models) definitions.push_back(Parse(text));
    router_.reset();
    endpoints_.reset();
    MP_ASSERT_OK_AND_ASSIGN(endpoints_, EndpointSet::Open(ServingPartsOf(online), definitions));
    router_ = std::make_unique<Router>();
    AddServingRoutes(*router_, *endpoints_, "0.4.0", access_);
  }

  HttpResponse Ask(const std::string& body,
                   const std::string& path = "/endpoints/stopped/invocations",
                   const std::string& type = "application/json") const {
    HttpRequest request{.method = "POST", .path = path, .body = body, .id = "r-1"};
    request.headers.Add("Content-Type", type);
    return router_->Dispatch(std::move(request));
  }
  HttpResponse Look(const std::string& path) const {
    return router_->Dispatch({.method = "GET", .path = path});
  }
  // The JSON of an answer, or of an error with the status expected.
  static Json Parsed(const HttpResponse& response, int status = 200) {
    EXPECT_EQ(response.status, status) << response.body;
    auto json = ParseJson(response.body, "the answer");
    EXPECT_THAT(json, millpond::testing::IsOk());
    return json.value_or(Json::object());
  }
  static std::string Customer(int64_t id) {
    return fmt::format(R"({{"dataframe_records":[{{"customer":{}}}]}})", id);
  }

  // The rows of a SELECT.
  kernel::Batch Rows(const std::string& select) {
    auto read = [&]() -> Result<kernel::Batch> {
      MP_ASSIGN_OR_RETURN(auto session, engine_->Connect({"ada"}));
      MP_ASSIGN_OR_RETURN(auto reader, session->Select(select));
      MP_ARROW_ASSIGN_OR_RETURN(auto table, reader->ToTable());
      MP_ARROW_ASSIGN_OR_RETURN(auto batch, table->CombineChunksToBatch());
      return platform::ToKernel(*batch);
    };
    auto rows = read();
    EXPECT_THAT(rows, millpond::testing::IsOk());
    return rows.value_or(kernel::Batch());
  }
  int64_t One(const std::string& select) {
    kernel::Batch rows = Rows(select);
    return rows.rows == 1 ? rows.columns[0].int64s()[0] : -1;
  }

  // Lets everybody do everything but call one model.
  class Policy : public data::AccessPolicy {
   public:
    Status Check(const data::Principal&, data::Privilege privilege,
                 const std::string& object) override {
      if (object != forbidden) return OkStatus();
      return Fail(ErrorKind::kPermissionDenied, "nobody may {} {}", data::ToString(privilege),
                  object);
    }
    std::string forbidden;
  };
  Policy access_;
  TrainReport trained_;
  std::unique_ptr<MetricsRegistry> metrics_;
  std::unique_ptr<platform::OnlineStore> online_;
  std::unique_ptr<EndpointSet> endpoints_;
  std::unique_ptr<Router> router_;
};

}  // namespace millpond::model
