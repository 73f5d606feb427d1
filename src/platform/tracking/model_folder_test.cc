#include "platform/tracking/model_folder.h"

#include "base/testing/result_matchers.h"
#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"
#include "base/yaml.h"

namespace millpond::platform {
namespace {

using millpond::testing::FailsWith;
using ::testing::HasSubstr;

ModelFolder Example() {
  return {.run_id = "0123456789abcdef0123456789abcdef",
          .utc_time_created = "1998-07-01 00:00:00.000000",
          .learner = "xgboost",
          .model_bytes = std::string("{L\0x", 4),
          .encoder_json = "{\"columns\":[]}\n",
          .calibration_json = "{\"kind\":\"none\"}\n",
          .features_json = "{\"run_id\":\"0123456789abcdef0123456789abcdef\"}\n",
          .inputs = {{"orders", "long"}, {"it's", "string"}},
          .xgboost_version = "3.2.0"};
}

TEST(ModelFolderTest, DescribesBothFlavoursInYaml) {
  const auto files = RenderModelFolder(Example());
  MP_ASSERT_OK_AND_ASSIGN(auto yaml, YamlNode::Parse(files.at("MLmodel"), "MLmodel"));
  MP_ASSERT_OK_AND_ASSIGN(auto root, MappingReader::Open(yaml));
  MP_ASSERT_OK_AND_ASSIGN(auto flavors_node, root.Require("flavors"));
  MP_ASSERT_OK_AND_ASSIGN(auto flavors, MappingReader::Open(flavors_node));
  MP_ASSERT_OK_AND_ASSIGN(auto python_node, flavors.Require("python_function"));
  MP_ASSERT_OK_AND_ASSIGN(auto python, MappingReader::Open(python_node));
  EXPECT_EQ(*python.RequireString("loader_module"), "millpond_pyfunc");
  MP_ASSERT_OK_AND_ASSIGN(auto xgboost_node, flavors.Require("xgboost"));
  MP_ASSERT_OK_AND_ASSIGN(auto xgboost, MappingReader::Open(xgboost_node));
  EXPECT_EQ(*xgboost.RequireString("data"), "model.ubj");
  MP_ASSERT_OK_AND_ASSIGN(auto signature_node, root.Require("signature"));
  MP_ASSERT_OK_AND_ASSIGN(auto signature, MappingReader::Open(signature_node));
  EXPECT_THAT(*signature.RequireString("inputs"), HasSubstr("\"it's\""));
  EXPECT_THAT(files.at("code/millpond_pyfunc.py"), HasSubstr("def _load_pyfunc(path):"));
  EXPECT_EQ(RenderModelFolder(Example()), files);
}

TEST(ModelFolderTest, IsReadBack) {
  millpond::testing::TempDir dir;
  millpond::testing::TestEnvironment machine;
  for (const auto& [name, bytes] : RenderModelFolder(Example())) {
    MP_ASSERT_OK(machine.local->CreateDirectories(ParentPath(dir / name)));
    MP_ASSERT_OK(machine.local->ReplaceFile(dir / name, bytes));
  }
  MP_ASSERT_OK_AND_ASSIGN(auto model, ReadModelFolder(*machine.local, dir.path()));
  EXPECT_EQ(model.model_bytes, Example().model_bytes);
  EXPECT_EQ(model.learner, "xgboost");
  EXPECT_EQ(model.run_id, Example().run_id);
  MP_ASSERT_OK(machine.local->Remove(dir / "encoder.json"));
  EXPECT_THAT(ReadModelFolder(*machine.local, dir.path()),
              FailsWith(ErrorKind::kNotFound, HasSubstr("encoder.json")));
}

TEST(ModelFolderTest, ALogisticModelHasNoXgboostFlavour) {
  auto model = Example();
  model.learner = "logistic";
  const auto files = RenderModelFolder(model);
  EXPECT_TRUE(files.contains("model.json"));
  EXPECT_EQ(files.at("MLmodel").find("xgboost"), std::string::npos);
}

}  // namespace
}  // namespace millpond::platform
