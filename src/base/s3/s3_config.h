// Where an object store is and with which keys, from the environment and files that AWS's own tools
// read, in their order:
//
//   keys      AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN; else the profile in
//             ~/.aws/credentials or ~/.aws/config (AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE)
//   profile   AWS_PROFILE, else "default"
//   region    AWS_REGION, AWS_DEFAULT_REGION, the profile's `region`, else us-east-1
//   endpoint  AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, the profile's (and its `services` section's)
//             endpoint_url, else Amazon's of the region
//   CA        AWS_CA_BUNDLE, the profile's `ca_bundle`
//
// Keys that must be asked for over the network (SSO, roles, instance metadata, credential_process)
// are not asked for: the error says how to hand them over. No text that leaves here has a secret.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/fs/filesystem.h"
#include "base/result.h"

namespace millpond {

struct S3Credentials {
  std::string access_key_id;
  std::string secret_access_key;  // never shown
  std::string session_token;      // never shown; "": none
  std::string source;             // for messages: "AWS_ACCESS_KEY_ID", "profile dev of ~/.aws/…"

  // The text with every key in it replaced by "***".
  std::string Redact(std::string text) const;
};

struct S3Config {
  S3Credentials credentials;
  std::string region = "us-east-1";
  std::string endpoint;     // "https://host[:port]", without a path; "": Amazon's
  bool path_style = false;  // https://host/bucket/key rather than https://bucket.host/key
  std::string ca_file;      // "": the system's

  // "https://host" and the path in front of the key: "" or "/bucket".
  std::string BaseUrl(const std::string& bucket) const;
  std::string PathPrefix(const std::string& bucket) const;
  std::string ShownEndpoint() const;
};

// A variable of the process's environment; nullopt: not set. app passes the real one.
using EnvironmentVariable = std::function<std::optional<std::string>(const char* name)>;

// `files` reads the files of the home folder. kPermissionDenied: no keys. kInvalidArgument: a file
// that cannot be understood, an endpoint that is no http or https URL, a profile that is not there.
Result<S3Config> LoadS3Config(const EnvironmentVariable& variable, FileSystem& files);

}  // namespace millpond
