#include "base/s3/s3_config.h"

#include <algorithm>

#include "base/s3/ini_file.h"

namespace millpond {
namespace {

// The profile as the two files and its services section tell it.
struct Profile {
  std::string name;
  IniSection credentials, config, services;
  std::string credentials_file, config_file;  // as read

  std::string Find(const std::string& key) const {
    for (const IniSection* section : {&config, &credentials}) {
      if (const auto at = section->find(key); at != section->end()) return at->second;
    }
    return "";
  }
};

std::string Value(const EnvironmentVariable& variable, const char* name) {
  return variable(name).value_or("");
}

// A file that is not there has no sections.
Result<IniFile> ReadIniFile(FileSystem& files, const std::string& path) {
  if (path.empty()) return IniFile();
  auto text = files.ReadFile(path);
  if (text.has_value()) return ParseIniFile(*text, path);
  if (text.error().kind() == ErrorKind::kNotFound) return IniFile();
  return std::unexpected<Error>(std::move(text).error());
}

std::string PathOf(const EnvironmentVariable& variable, const char* name, const char* in_home) {
  std::string path = Value(variable, name);
  const std::string home = Value(variable, "HOME");
  if (path.starts_with("~/")) return home.empty() ? "" : home + path.substr(1);
  if (!path.empty()) return path;
  return home.empty() ? "" : JoinPath(home, in_home);
}

Result<Profile> ReadProfile(const EnvironmentVariable& variable, FileSystem& files) {
  Profile profile;
  profile.name = Value(variable, "AWS_PROFILE");
  const bool is_asked_for = !profile.name.empty();
  if (!is_asked_for) profile.name = "default";
  profile.credentials_file = PathOf(variable, "AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials");
  profile.config_file = PathOf(variable, "AWS_CONFIG_FILE", ".aws/config");
  MP_ASSIGN_OR_RETURN(IniFile credentials, ReadIniFile(files, profile.credentials_file));
  MP_ASSIGN_OR_RETURN(IniFile config, ReadIniFile(files, profile.config_file));
  const std::string in_config = profile.name == "default" && !config.contains("profile default")
                                    ? "default"
                                    : "profile " + profile.name;
  if (is_asked_for && !credentials.contains(profile.name) && !config.contains(in_config)) {
    return Fail(ErrorKind::kInvalidArgument,
                "AWS_PROFILE names the profile '{}', which is neither in {} nor in {}",
                profile.name, profile.credentials_file, profile.config_file);
  }
  profile.credentials = credentials[profile.name];
  profile.config = config[in_config];
  if (const std::string services = profile.Find("services"); !services.empty()) {
    profile.services = config["services " + services];
  }
  return profile;
}

// Ways to get keys that are not here, by the name that the file gives them.
std::string OtherSource(const Profile& profile) {
  for (const char* key : {"sso_session", "sso_start_url", "role_arn", "credential_process",
                          "web_identity_token_file", "credential_source"}) {
    if (!profile.Find(key).empty()) return key;
  }
  return "";
}

Result<S3Credentials> FindCredentials(const EnvironmentVariable& variable, const Profile& profile) {
  S3Credentials found{Value(variable, "AWS_ACCESS_KEY_ID"),
                      Value(variable, "AWS_SECRET_ACCESS_KEY"),
                      Value(variable, "AWS_SESSION_TOKEN"), "AWS_ACCESS_KEY_ID"};
  if (!found.access_key_id.empty() && !found.secret_access_key.empty()) return found;
  if (!found.access_key_id.empty() || !found.secret_access_key.empty()) {
    return Fail(ErrorKind::kPermissionDenied,
                "of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY only one is set: set both, or none "
                "to use a profile");
  }
  for (const bool own_file : {true, false}) {
    const IniSection& section = own_file ? profile.credentials : profile.config;
    const auto value = [&](const char* key) {
      const auto at = section.find(key);
      return at == section.end() ? std::string() : at->second;
    };
    found = {value("aws_access_key_id"), value("aws_secret_access_key"), value("aws_session_token"),
             fmt::format("profile '{}' of {}", profile.name,
                         own_file ? profile.credentials_file : profile.config_file)};
    if (!found.access_key_id.empty() && !found.secret_access_key.empty()) return found;
  }
  if (const std::string other = OtherSource(profile); !other.empty()) {
    return Fail(ErrorKind::kPermissionDenied,
                "profile '{}' gets its keys by {}, which Millpond does not do: hand them over with "
                "eval \"$(aws configure export-credentials --format env)\"",
                profile.name, other);
  }
  return Fail(ErrorKind::kPermissionDenied,
              "no credentials for the object store: set AWS_ACCESS_KEY_ID and "
              "AWS_SECRET_ACCESS_KEY, or write aws_access_key_id and aws_secret_access_key for "
              "profile '{}' into {}",
              profile.name,
              profile.credentials_file.empty() ? "~/.aws/credentials" : profile.credentials_file);
}

Result<std::string> CheckEndpoint(std::string endpoint) {
  while (endpoint.ends_with('/')) endpoint.pop_back();
  const size_t scheme_end = endpoint.find("://");
  const std::string scheme = endpoint.substr(0, std::min(scheme_end, endpoint.size()));
  const std::string host = scheme_end == endpoint.npos ? "" : endpoint.substr(scheme_end + 3);
  if (scheme != "http" && scheme != "https") {
    return Fail(ErrorKind::kInvalidArgument,
                "the endpoint of the object store is no http or https URL (AWS_ENDPOINT_URL)");
  }
  if (host.empty() || host.find_first_of("/@?#") != host.npos) {
    return Fail(ErrorKind::kInvalidArgument,
                "the endpoint of the object store must be {}://host[:port], without user or path "
                "(AWS_ENDPOINT_URL)",
                scheme);
  }
  return endpoint;
}

std::string FirstSet(std::initializer_list<std::string> values) {
  const auto* found =
      std::ranges::find_if(values, [](const auto& value) { return !value.empty(); });
  return found == values.end() ? "" : *found;
}

void ReplaceAll(std::string& text, std::string_view what) {
  if (what.size() < 4) return;
  for (size_t at = text.find(what); at != text.npos; at = text.find(what, at)) {
    text.replace(at, what.size(), "***");
  }
}

}  // namespace

std::string S3Credentials::Redact(std::string text) const {
  for (const std::string* secret : {&secret_access_key, &session_token, &access_key_id}) {
    ReplaceAll(text, *secret);
  }
  return text;
}

std::string S3Config::ShownEndpoint() const {
  if (!endpoint.empty()) return endpoint;
  const bool china = region.starts_with("cn-");
  return fmt::format("https://s3.{}.amazonaws.com{}", region, china ? ".cn" : "");
}

std::string S3Config::BaseUrl(const std::string& bucket) const {
  const std::string url = ShownEndpoint();
  if (!PathPrefix(bucket).empty()) return url;
  const size_t host = url.find("://") + 3;
  return url.substr(0, host) + bucket + "." + url.substr(host);
}

// A bucket with a dot in its name fits no certificate as part of a host.
std::string S3Config::PathPrefix(const std::string& bucket) const {
  return path_style || bucket.find_first_of("._") != bucket.npos ? "/" + bucket : "";
}

Result<S3Config> LoadS3Config(const EnvironmentVariable& variable, FileSystem& files) {
  MP_ASSIGN_OR_RETURN(const Profile profile, ReadProfile(variable, files));
  S3Config config;
  MP_ASSIGN_OR_RETURN(config.credentials, FindCredentials(variable, profile));
  config.region = FirstSet({Value(variable, "AWS_REGION"), Value(variable, "AWS_DEFAULT_REGION"),
                            profile.Find("region"), "us-east-1"});
  const auto service = profile.services.find("s3.endpoint_url");
  config.endpoint = FirstSet(
      {Value(variable, "AWS_ENDPOINT_URL_S3"), Value(variable, "AWS_ENDPOINT_URL"),
       service == profile.services.end() ? "" : service->second, profile.Find("endpoint_url")});
  if (!config.endpoint.empty()) {
    MP_ASSIGN_OR_RETURN(config.endpoint, CheckEndpoint(std::move(config.endpoint)));
  }
  const std::string style = profile.Find("s3.addressing_style");
  config.path_style = style == "path" || (style != "virtual" && !config.endpoint.empty());
  config.ca_file = FirstSet({Value(variable, "AWS_CA_BUNDLE"), profile.Find("ca_bundle")});
  return config;
}

}  // namespace millpond
