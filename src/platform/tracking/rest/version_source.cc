#include "platform/tracking/rest/version_source.h"

#include <charconv>

#include "platform/tracking/artifact_uri.h"

namespace millpond::platform {

namespace {

std::unexpected<Error> Invalid(const std::string& source, std::string_view why) {
  return Fail(ErrorKind::kInvalidArgument, "Invalid model version source: '{}'. {}", source, why);
}

bool IsWithin(const std::string& path, const std::string& folder) {
  return path == folder || (path.starts_with(folder) && path[folder.size()] == '/');
}

// models:/m-… : the logged model's files.
Result<VersionSource> OfLoggedModel(const TrackingParts& parts, const std::string& source,
                                    const std::string& id, const std::string& run_id,
                                    const std::string& model_id) {
  if (!model_id.empty() && model_id != id) {
    return Invalid(source,
                   "The model_id request parameter must identify the resource that contains the "
                   "source.");
  }
  MP_ASSIGN_OR_RETURN(auto model, parts.logged_models().Get(id));
  return VersionSource{.folder = model.artifact_location,
                       .source_uri = source,
                       .run_id = run_id.empty() ? model.source_run_id : run_id,
                       .model_id = id};
}

// models:/name/3 or models:/name@alias: the files of that version once more.
Result<VersionSource> OfVersion(const TrackingParts& parts, const std::string& source,
                                std::string_view rest) {
  const size_t at = rest.find('@');
  const size_t slash = rest.find('/');
  Result<ModelVersion> found = Invalid(source,
                                       "It must be models:/name/version, "
                                       "models:/name@alias or models:/m-<model id>.");
  if (at != rest.npos) {
    found = parts.registry.GetByAlias(std::string(rest.substr(0, at)),
                                      std::string(rest.substr(at + 1)));
  } else if (slash != rest.npos) {
    int64_t number = 0;
    const char* end = rest.data() + rest.size();
    auto [stopped, error] = std::from_chars(rest.data() + slash + 1, end, number);
    if (error == std::errc() && stopped == end) {
      found = parts.registry.GetVersion(std::string(rest.substr(0, slash)), number);
    }
  }
  MP_ASSIGN_OR_RETURN(auto version, std::move(found));
  return VersionSource{.folder = version.source,
                       .source_uri = fmt::format("models:/{}/{}", version.name, version.version),
                       .run_id = version.run_id,
                       .model_id = version.model_id};
}

// A place inside what the run or the logged model made.
Result<VersionSource> OfFolder(const TrackingParts& parts, const std::string& source,
                               const std::string& folder, const std::string& run_id,
                               const std::string& model_id) {
  VersionSource resolved{.folder = folder, .run_id = run_id, .model_id = model_id};
  if (!model_id.empty()) {
    MP_ASSIGN_OR_RETURN(auto model, parts.logged_models().Get(model_id));
    if (resolved.run_id.empty()) resolved.run_id = model.source_run_id;
    if (IsWithin(folder, model.artifact_location)) return resolved;
    return Invalid(source,
                   "The model_id request parameter must identify the resource that contains the "
                   "source.");
  }
  if (!run_id.empty()) {
    MP_ASSIGN_OR_RETURN(auto run, parts.tracking.GetRun(run_id));
    if (IsWithin(folder, run.info.artifact_uri)) return resolved;
  }
  return Invalid(source,
                 "The run_id request parameter must identify the resource that contains the "
                 "source.");
}

}  // namespace

Result<VersionSource> ResolveSource(const TrackingParts& parts, const std::string& source,
                                    const std::string& run_id, const std::string& model_id) {
  constexpr std::string_view kModels = "models:/";
  constexpr std::string_view kRuns = "runs:/";
  if (source.starts_with(kModels)) {
    const std::string rest = source.substr(kModels.size());
    if (rest.starts_with("m-") && rest.find_first_of("/@") == rest.npos) {
      return OfLoggedModel(parts, source, rest, run_id, model_id);
    }
    return OfVersion(parts, source, rest);
  }
  const std::string& root = parts.tracking.artifact_root();
  std::string location = source;
  std::string run = run_id;
  if (source.starts_with(kRuns)) {
    const std::string rest = source.substr(kRuns.size());
    const size_t slash = rest.find('/');
    const std::string named = rest.substr(0, slash);
    if (slash == rest.npos || (!run_id.empty() && run_id != named)) {
      return Invalid(source,
                     "The run_id request parameter must identify the resource that contains the "
                     "source.");
    }
    MP_RETURN_IF_ERROR(CheckArtifactPath(rest.substr(slash + 1)));
    MP_ASSIGN_OR_RETURN(auto found, parts.tracking.GetRun(named));
    run = named;
    location = ArtifactUri(root, JoinPath(found.info.artifact_uri, rest.substr(slash + 1)));
  }
  const auto checked = CheckArtifactLocation(location);
  if (!checked) return Invalid(source, checked.error().message());
  const std::string folder = ArtifactFolder(root, *checked);
  if (IsForeignLocation(folder)) {
    return VersionSource{.folder = folder, .run_id = run, .model_id = model_id};
  }
  return OfFolder(parts, source, folder, run, model_id);
}

}  // namespace millpond::platform
