#include "platform/tracking/model_folder.h"

#include "base/json.h"
#include "base/sha256.h"

namespace millpond::embedded {
extern const std::string_view kMillpondPyfunc;
}  // namespace millpond::embedded

namespace millpond::platform {

namespace {

constexpr std::string_view kCodeFile = "code/millpond_pyfunc.py";

// A YAML text in single quotes; JSON inside has no single quotes of its own but in names.
std::string Quoted(std::string_view text) {
  std::string quoted = "'";
  for (char c : text) quoted += c == '\'' ? std::string("''") : std::string(1, c);
  return quoted + "'";
}

// MLflow keeps inputs and outputs as JSON texts.
std::string SignatureInputs(const ModelFolder& model) {
  OrderedJson inputs = OrderedJson::array();
  for (const auto& column : model.inputs) {
    OrderedJson entry;
    entry["type"] = column.type;
    entry["name"] = column.name;
    entry["required"] = false;
    inputs.push_back(std::move(entry));
  }
  return DumpJson(inputs);
}

std::string MlmodelText(const ModelFolder& model, std::string_view uuid) {
  std::string text = fmt::format(
      "artifact_path: {}\n"
      "flavors:\n"
      "  python_function:\n"
      "    code: code\n"
      "    env:\n"
      "      conda: conda.yaml\n"
      "      virtualenv: python_env.yaml\n"
      "    loader_module: millpond_pyfunc\n"
      "    python_version: {}\n",
      model.artifact_path, model.python_version);
  if (model.learner == "xgboost") {
    text += fmt::format(
        "  xgboost:\n"
        "    code: code\n"
        "    data: model.ubj\n"
        "    model_class: xgboost.core.Booster\n"
        "    model_format: ubj\n"
        "    xgb_version: {}\n",
        model.xgboost_version);
  }
  text += fmt::format(
      "mlflow_version: {}\n"
      "model_uuid: '{}'\n"
      "run_id: {}\n"
      "signature:\n"
      "  inputs: {}\n"
      "  outputs: '[{{\"type\":\"double\",\"required\":true}}]'\n"
      "  params: null\n"
      "utc_time_created: {}\n",
      model.mlflow_version, uuid, Quoted(model.run_id), Quoted(SignatureInputs(model)),
      Quoted(model.utc_time_created));
  return text;
}

std::string Requirements(const ModelFolder& model) {
  std::string text = "mlflow\nnumpy\npandas\n";
  if (model.learner == "xgboost") text += fmt::format("xgboost=={}\n", model.xgboost_version);
  return text;
}

std::string CondaText(const ModelFolder& model) {
  std::string text = fmt::format(
      "name: mlflow-env\nchannels:\n- conda-forge\ndependencies:\n- python={}\n- pip\n- pip:\n",
      model.python_version);
  text += "  - mlflow\n  - numpy\n  - pandas\n";
  if (model.learner == "xgboost") text += fmt::format("  - xgboost=={}\n", model.xgboost_version);
  return text;
}

// The same contents have the same id.
std::string UuidOf(const ModelFolder& model) {
  Sha256 hash;
  for (const std::string* part :
       {&model.run_id, &model.model_bytes, &model.encoder_json, &model.calibration_json}) {
    hash.Update(std::to_string(part->size()) + ":");
    hash.Update(*part);
  }
  return hash.HexDigest().substr(0, 32);
}

}  // namespace

std::string_view ModelFileName(const std::string& learner) {
  return learner == "xgboost" ? "model.ubj" : "model.json";
}

std::map<std::string, std::string> RenderModelFolder(const ModelFolder& model) {
  return {
      {"MLmodel", MlmodelText(model, UuidOf(model))},
      {"conda.yaml", CondaText(model)},
      {"python_env.yaml", fmt::format("python: {}\nbuild_dependencies:\n- pip\ndependencies:\n- -r "
                                      "requirements.txt\n",
                                      model.python_version)},
      {"requirements.txt", Requirements(model)},
      {std::string(ModelFileName(model.learner)), model.model_bytes},
      {"encoder.json", model.encoder_json},
      {"calibration.json", model.calibration_json},
      {"features.json", model.features_json},
      {std::string(kCodeFile), std::string(embedded::kMillpondPyfunc)}};
}

Result<ModelFolder> ReadModelFolder(FileSystem& fs, const std::string& path) {
  ModelFolder model;
  const auto read = [&](std::string_view name, std::string& into) -> Status {
    MP_ASSIGN_OR_RETURN_CONTEXT(into, fs.ReadFile(JoinPath(path, name)),
                                "while reading the model folder {}", path);
    return OkStatus();
  };
  MP_RETURN_IF_ERROR(read("encoder.json", model.encoder_json));
  MP_RETURN_IF_ERROR(read("calibration.json", model.calibration_json));
  MP_RETURN_IF_ERROR(read("features.json", model.features_json));
  MP_ASSIGN_OR_RETURN(bool boosted, fs.Exists(JoinPath(path, "model.ubj")));
  model.learner = boosted ? "xgboost" : "logistic";
  MP_RETURN_IF_ERROR(read(ModelFileName(model.learner), model.model_bytes));
  MP_ASSIGN_OR_RETURN(auto features,
                      ParseJson(model.features_json, JoinPath(path, "features.json")));
  if (features.contains("run_id") && features["run_id"].is_string()) {
    model.run_id = features["run_id"].get<std::string>();
  }
  return model;
}

}  // namespace millpond::platform
