// Where artifacts lie, said in two ways. In meta.db and over REST: MLflow's URI
// "mlflow-artifacts:/1/<run>/artifacts", which stays right when the project moves. In the program:
// the folder <artifact root>/1/<run>/artifacts. What lies elsewhere ("s3://…", a folder outside the
// root) is the same text both ways; its bytes are between the client and that store.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace millpond::platform {

// The folder of a stored location. The location is not checked.
std::string ArtifactFolder(std::string_view root, std::string_view uri);
// The URI of a folder.
std::string ArtifactUri(std::string_view root, std::string_view folder);

// True for "s3://…" and the like: Millpond has no access to it.
bool IsForeignLocation(std::string_view folder);

// A relative path that stays inside the folder it is relative to, whoever decodes it once more:
// kInvalidArgument for "..", an absolute path, NUL, '#', an empty or an overlong part. "" is fine.
Status CheckArtifactPath(std::string_view path);

// Checks the location that a client gives an experiment or a version: a URI of a foreign store, or
// mlflow-artifacts:/… with a safe path. Gives the form that is stored.
Result<std::string> CheckArtifactLocation(std::string_view location);

}  // namespace millpond::platform
