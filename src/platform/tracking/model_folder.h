// A model as MLflow keeps it: one folder that stock `mlflow.pyfunc.load_model` and
// `mlflow.xgboost.load_model` open, and that Millpond's own scoring reads.
//
//   MLmodel             flavours, signature, versions (YAML)
//   model.ubj           the booster in XGBoost's binary JSON: the raw margin
//   encoder.json        feature columns in order, null rule, categories (docs/formats/encoder.md)
//   calibration.json    margin -> probability (docs/formats/model_folder.md)
//   features.json       feature views, columns, hashes, types: what a server must have to serve it
//   code/millpond_pyfunc.py   encoder and calibration in numpy, equal to the kernel bit for bit
//   conda.yaml, python_env.yaml, requirements.txt
//
// The python_function flavour takes features by name and gives the calibrated probability; the
// xgboost flavour gives the raw margin (logistic models have none and say so). Contents are opaque
// here: who trains makes them, who scores reads them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fs/filesystem.h"
#include "base/result.h"

namespace millpond::platform {

// One input of the model: `type` in MLflow's signature words (long, double, string, boolean,
// datetime).
struct SignatureColumn {
  std::string name = {};
  std::string type = {};
};

struct ModelFolder {
  std::string run_id = {};
  std::string artifact_path = "model";
  std::string utc_time_created = {};  // "1998-07-01 00:00:00.000000"
  std::string learner = {};           // "xgboost" or "logistic"
  std::string model_bytes = {};       // model.ubj, or model.json of a logistic regression
  std::string encoder_json = {};      // canonical bytes; their sha256 is the encoder hash
  std::string calibration_json = {};
  std::string features_json = {};
  std::vector<SignatureColumn> inputs = {};
  std::string xgboost_version = {};      // "3.2.0"
  std::string mlflow_version = "3.1.0";  // the layout's version, not a running program's
  std::string python_version = "3.11.2";
};

// The name of the file that holds the learner's bytes.
std::string_view ModelFileName(const std::string& learner);

// Every file of the folder with its bytes, by relative path. Deterministic.
std::map<std::string, std::string> RenderModelFolder(const ModelFolder& model);

// Reads back what scoring needs (model bytes, encoder, calibration, features, learner, run id).
Result<ModelFolder> ReadModelFolder(FileSystem& fs, const std::string& path);

}  // namespace millpond::platform
